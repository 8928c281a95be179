// Protects: whoever watches while he waits hears of it: the serving number, his place, his verdict, and within a second
// that nothing is left.

import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';

let site: Site;

beforeAll(async () => {
  site = await startSite({ streamsMax: 1000 });
});
afterAll(() => site.stop());

interface Told {
  event: string;
  data: Record<string, unknown>;
  /** ms, of this process */
  at: number;
}

interface Watching {
  told: Told[];
  verdicts(): unknown[];
  leave(): void;
}

/** Watches a campaign as a page does. */
async function watch(id: string, userId?: string): Promise<Watching> {
  const stop = new AbortController();
  const query = userId === undefined ? '' : `?userId=${userId}`;
  const answer = await fetch(`${site.url}/v1/campaigns/${id}/events${query}`, { signal: stop.signal });
  const told: Told[] = [];
  const read = async (): Promise<void> => {
    let rest = '';
    for await (const part of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (rest + part).split('\n\n');
      rest = blocks.pop() as string;
      for (const block of blocks) {
        const [, event] = /^event: (.+)$/m.exec(block) ?? [];
        const [, data] = /^data: (.+)$/m.exec(block) ?? [];
        if (event && data)
          told.push({ event, data: JSON.parse(data) as Told['data'], at: performance.now() });
      }
    }
  };
  read().catch(() => undefined);
  return {
    told,
    verdicts: () => told.filter(({ event }) => event === 'verdict').map(({ data }) => data['verdict']),
    leave: () => stop.abort(),
  };
}

/** Changes how fast people are let in, while the campaign is open. */
async function letIn(id: string, perSecond: number): Promise<void> {
  const path = `/v1/admin/campaigns/${id}`;
  const headers = { 'if-match': (await site.admin(path)).headers.get('etag') as string };
  const { status } = await site.admin(path, { method: 'PATCH', body: { release: { perSecond } }, headers });
  expect(status).toBe(200);
}

const STANDING = { mode: 'queued', release: { perSecond: 0.001 } };

const until = (reached: () => boolean): Promise<unknown> =>
  vi.waitUntil(reached, { timeout: 15_000, interval: 10 });

it('tells everybody the serving number, only when it has moved', async () => {
  await site.campaign('serving', 50, { mode: 'queued', release: { perSecond: 20 } });
  const page = await watch('serving');
  for (let i = 0; i < 10; i++) await site.press('serving', `u-${i}`);
  const serving = (): Told[] => page.told.filter(({ event }) => event === 'serving');
  await until(() => serving().at(-1)?.data['servingNumber'] === 10);
  const numbers = serving().map(({ data }) => data['servingNumber'] as number);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  expect(serving().at(-1)?.data).toEqual({ servingNumber: 10, waiting: 0 });
  for (const [i, one] of serving().entries()) {
    const before = serving()[i - 1];
    // A moment less than 250 ms apart: they are told by one clock and read by another.
    if (before && i > 1) expect(one.at - before.at).toBeGreaterThan(150);
  }
  page.leave();
});

it('begins with the place of whoever watches, and goes on to his verdict', async () => {
  await site.campaign('mine', 2, STANDING);
  for (const user of ['a', 'b', 'c']) await site.press('mine', user);
  await vi.waitUntil(async () => (await site.call('/v1/campaigns/mine')).json['servingNumber'] === 1);
  const [b, c, stranger] = await Promise.all([watch('mine', 'b'), watch('mine', 'c'), watch('mine', 'x')]);
  await until(() => b.verdicts().length > 0 && c.verdicts().length > 0);
  await letIn('mine', 10);
  await until(() => b.verdicts().includes('won') && c.verdicts().includes('sold_out'));
  expect(b.told.map(({ event }) => event).slice(0, 4)).toEqual(['status', 'remaining', 'serving', 'verdict']);
  expect([b.verdicts(), c.verdicts()]).toEqual([
    ['pending', 'won'],
    ['pending', 'sold_out'],
  ]);
  const late = await watch('mine', 'c');
  await until(() => late.verdicts().length > 0);
  expect([late.verdicts(), stranger.verdicts()]).toEqual([['sold_out'], []]);
  for (const page of [b, c, late, stranger]) page.leave();
});

it('tells everybody who waits within a second that nothing is left', async () => {
  await site.campaign('crowd', 5, STANDING);
  const users = Array.from({ length: 200 }, (_, i) => `u-${i}`);
  await Promise.all(users.map((user) => site.press('crowd', user)));
  const pages = await Promise.all(users.map((user) => watch('crowd', user)));
  await letIn('crowd', 10);
  await vi.waitUntil(() => pages.every((page) => page.verdicts().some((one) => one !== 'pending')), {
    timeout: 20_000,
    interval: 20,
  });
  const last = (page: Watching): Told => page.told.filter(({ event }) => event === 'verdict').at(-1) as Told;
  const won = pages.filter((page) => last(page).data['verdict'] === 'won');
  const lost = pages.filter((page) => last(page).data['verdict'] === 'sold_out');
  expect([won.length, lost.length]).toEqual([5, 195]);
  const lastWonAt = Math.max(...won.map((page) => last(page).at));
  expect(Math.max(...lost.map((page) => last(page).at)) - lastWonAt).toBeLessThan(1000);
  expect(lost.every((page) => page.verdicts().filter((one) => one === 'sold_out').length === 1)).toBe(true);
  for (const page of pages) page.leave();
}, 40_000);

it('tells who waits that the campaign was closed', async () => {
  await site.campaign('closing', 5, STANDING);
  for (const user of ['a', 'b']) await site.press('closing', user);
  const page = await watch('closing', 'b');
  await until(() => page.verdicts().length > 0);
  await site.admin('/v1/admin/campaigns/closing/close', { method: 'POST' });
  await until(() => page.verdicts().includes('closed'));
  expect(page.verdicts()).toEqual(['pending', 'closed']);
  page.leave();
});

it('tells the verdicts of the log: who won, and who did not', async () => {
  await site.campaign('ordered', 2, { mode: 'ordered' });
  const pages = await Promise.all(['a', 'b', 'c'].map((user) => watch('ordered', user)));
  for (const user of ['a', 'b', 'c']) await site.press('ordered', user);
  await until(() => pages.every((page) => page.verdicts().some((one) => one !== 'pending')));
  expect(pages.map((page) => page.verdicts().at(-1))).toEqual(['won', 'won', 'sold_out']);
  for (const page of pages) page.leave();
});
