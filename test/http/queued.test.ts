// Protects: what people in a line are told, to the letter of the contract: their place, the verdict behind it, leaving,
// the small figures that everybody may see, and what is refused.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { PublishedShuffle } from '../../src/core/shuffle.ts';
import { verifyShuffle } from '../../src/core/shuffle.ts';
import type { Answer, Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';

let site: Site;

beforeAll(async () => {
  site = await startSite();
});
afterAll(() => site.stop());

const until = (reached: () => Promise<boolean>): Promise<unknown> =>
  vi.waitUntil(reached, { timeout: 15_000, interval: 20 });

const QUEUED = { mode: 'queued', release: { perSecond: 1000 } };
/** so slow that whoever joins first is let in, and nobody after him */
const STANDING = { mode: 'queued', release: { perSecond: 0.001 } };

const mine = (id: string, user: string, more = ''): Promise<Answer> =>
  site.call(`/v1/campaigns/${id}/claims/me?userId=${user}${more}`);
const verdictOf = async (id: string, user: string): Promise<unknown> =>
  (await mine(id, user)).json['verdict'];

/** A line in which nobody moves: its first has been let in. */
async function standingLine(id: string, users: string[], quantity = 5, more: object = {}): Promise<void> {
  await site.campaign(id, quantity, { ...STANDING, ...more });
  await site.press(id, 'the-first');
  await until(async () => (await verdictOf(id, 'the-first')) === 'won');
  for (const user of users) await site.press(id, user);
}

describe('a press', () => {
  it('is told a place, where to ask and when, and the same place again', async () => {
    await standingLine('press', ['ann']);
    const { status, json, headers } = await site.press('press', 'bob');
    expect(status).toBe(202);
    expect(json).toEqual({
      verdict: 'pending',
      ticket: expect.stringMatching(/^[A-Za-z0-9_-]{20,60}$/),
      position: 3,
      servingNumber: 1,
      ahead: 1,
      estimatedWaitMs: expect.any(Number),
      retryAfterMs: expect.any(Number),
    });
    expect(headers.get('location')).toBe(`/v1/campaigns/press/claims/${json['ticket'] as string}`);
    expect(headers.get('retry-after')).toBe(String(Math.ceil((json['retryAfterMs'] as number) / 1000)));
    expect(headers.get('x-request-id')).toBeTruthy();
    expect((await site.press('press', 'bob')).json).toMatchObject({ ticket: json['ticket'], position: 3 });
  });

  it.each([
    ['full', { maxLength: 2 }, 'line_full', '1'],
    ['hopeless', { cutAt: 0.5 }, 'no_chance', null],
  ])('is refused in a line that is %s', async (id, line, code, retryAfter) => {
    await standingLine(id, ['ann', 'bob'], 5, { line });
    const { status, json, headers } = await site.press(id, 'cid');
    expect([status, json['code'], json['campaignId']]).toEqual([409, code, id]);
    expect(headers.get('retry-after')).toBe(retryAfter);
    expect(headers.get('content-type')).toBe('application/problem+json');
  });

  it('must be made again in time where the campaign asks for it', async () => {
    await site.campaign('confirm', 1, { ...QUEUED, confirm: { withinSeconds: 60 } });
    await site.press('confirm', 'ann');
    await until(async () => (await mine('confirm', 'ann')).json['confirmBy'] !== undefined);
    const { confirmBy, verdict } = (await mine('confirm', 'ann')).json;
    expect([verdict, Date.parse(confirmBy as string) - Date.now() < 60_000]).toEqual(['pending', true]);
    await site.press('confirm', 'ann');
    expect((await mine('confirm', 'ann', '&wait=5s')).json).toMatchObject({
      verdict: 'won',
      claim: { seq: 1 },
    });
  });
});

describe('a poll', () => {
  it('is 200 whatever the verdict is', async () => {
    await site.campaign('poll', 1, QUEUED);
    await Promise.all(['the-first', 'ann'].map((user) => site.press('poll', user)));
    const ann = await site.press('poll', 'ann');
    expect([202, 409]).toContain(ann.status);
    await until(async () => (await verdictOf('poll', 'ann')) !== 'pending');
    expect((await mine('poll', 'the-first')).json).toMatchObject({ verdict: 'won', claim: { seq: 1 } });
    const { status, json, headers } = await mine('poll', 'ann');
    expect([status, json]).toEqual([200, { verdict: 'sold_out', campaignId: 'poll' }]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await site.press('poll', 'ann')).json['code']).toBe('sold_out');
  });

  it('is the same by ticket, by name, and however its address is spelled', async () => {
    await standingLine('spelled', ['ann']);
    const { ticket } = (await mine('spelled', 'ann')).json as { ticket: string };
    const base = '/v1/campaigns/spelled/claims';
    for (const path of [
      `${base}/${ticket}?userId=ann`,
      `${base}/${ticket}`,
      `${base}/${ticket}?userId=%61nn`,
      `${base}/me?userId=ann&x=1`,
      `${base}/me?wait=0s&userId=ann`,
      `${base}/m%65?userId=ann`,
    ]) {
      const { status, json, headers } = await site.call(path);
      expect([path, status, json]).toEqual([path, 200, expect.objectContaining({ ticket, position: 2 })]);
      expect([headers.get('retry-after'), headers.get('x-request-id')]).toEqual([
        expect.stringMatching(/^[1-9]/),
        expect.any(String),
      ]);
    }
    const head = await site.call(`${base}/me?userId=ann`, { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
  });

  it.each([
    ['me', 400, 'invalid_user_id'],
    ['me?userId=', 400, 'invalid_user_id'],
    ['me?userId=a&userId=b', 400, 'invalid_query'],
    ['me?userId=nobody', 404, 'no_claim'],
    ['me?userId=ann&wait=bad', 400, 'invalid_field'],
    ['me?userId=ann&wait=', 400, 'invalid_field'],
    ['me?userId=ann&wait=-1s', 400, 'invalid_field'],
    ['me?userId=ann&wait=1.5s', 400, 'invalid_field'],
    ['me?userId=ann&wait=31s', 400, 'invalid_field'],
    ['me?userId=ann&wait=30001ms', 400, 'invalid_field'],
    ['me?userId=ann&wait=10%20s', 400, 'invalid_field'],
    ['rubbish?userId=ann', 404, 'claim_not_found'],
    ['AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA?userId=ann', 403, 'ticket_mismatch'],
    ['TICKET?userId=bob', 403, 'ticket_mismatch'],
  ])('of %s: %i %s', async (asked, status, code) => {
    if ((await site.call('/v1/campaigns/bad')).status === 404) await standingLine('bad', ['ann', 'bob']);
    const { ticket } = (await mine('bad', 'ann')).json as { ticket: string };
    const answer = await site.call(`/v1/campaigns/bad/claims/${asked.replace('TICKET', ticket)}`);
    expect([answer.status, answer.json['code']]).toEqual([status, code]);
    if (code === 'invalid_field') expect(answer.json['pointer']).toBe('/wait');
  });

  it('knows a ticket of another campaign, and one that was tampered with', async () => {
    await standingLine('one', ['ann']);
    await standingLine('other', ['ann']);
    const { ticket } = (await mine('one', 'ann')).json as { ticket: string };
    const ask = (id: string, text: string): Promise<Answer> =>
      site.call(`/v1/campaigns/${id}/claims/${text}?userId=ann`);
    expect((await ask('other', ticket)).json['code']).toBe('ticket_mismatch');
    for (let at = 0; at < ticket.length; at += 3) {
      const forged = `${ticket.slice(0, at)}${ticket[at] === 'A' ? 'B' : 'A'}${ticket.slice(at + 1)}`;
      expect((await ask('one', forged)).status).toBe(403);
    }
    expect((await ask('nowhere', ticket)).json['code']).toBe('campaign_not_found');
  });

  it('waits as long as it was asked to, and answers when there is something to tell', async () => {
    await site.campaign('long', 2, { mode: 'queued', release: { perSecond: 4 } });
    for (const user of ['a', 'b', 'c']) await site.press('long', user);
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((user) => mine('long', user, '&wait=10s')));
    expect([a?.json['verdict'], b?.json['verdict'], c?.json]).toEqual([
      'won',
      'won',
      { verdict: 'sold_out', campaignId: 'long' },
    ]);
    await standingLine('longer', ['ann']);
    const began = performance.now();
    expect((await mine('longer', 'ann', '&wait=300ms')).json['verdict']).toBe('pending');
    expect(performance.now() - began).toBeGreaterThan(280);
  });

  it('counts against the rate limit', async () => {
    const limited = await startSite({ rateLimit: { user: { tries: 3, periodMs: 60_000 }, ip: null } });
    try {
      await limited.campaign('c', 5, STANDING);
      const answers: Answer[] = [];
      for (let i = 0; i < 5; i++) answers.push(await limited.call('/v1/campaigns/c/claims/me?userId=ann'));
      const last = answers.at(-1) as Answer;
      expect([last.status, last.json['code']]).toEqual([429, 'rate_limited']);
      expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await limited.press('c', 'ann')).status).toBe(202);
    } finally {
      await limited.stop();
    }
  });
});

describe('leaving', () => {
  const leave = (id: string, user: string): Promise<Answer> =>
    site.call(`/v1/campaigns/${id}/claims/me?userId=${user}`, { method: 'DELETE' });

  it('is told as closed, once; the others move up, and a place is not given again', async () => {
    await standingLine('leave', ['ann', 'bob']);
    const gone = { verdict: 'closed', campaignId: 'leave', reason: 'left' };
    const { status, json } = await leave('leave', 'ann');
    expect([status, json]).toEqual([200, gone]);
    expect((await mine('leave', 'ann')).json).toEqual(gone);
    expect((await leave('leave', 'ann')).json['code']).toBe('no_claim');
    expect((await mine('leave', 'bob')).json).toMatchObject({ position: 3, ahead: 0 });
    expect((await site.press('leave', 'ann')).json).toMatchObject({ position: 4, ahead: 1 });
  });

  it('gives back what he holds', async () => {
    await standingLine('back', ['ann']);
    await until(async () => (await leave('back', 'the-first')).status === 200);
    expect((await mine('back', 'the-first')).json).toMatchObject({ claim: { status: 'revoked' } });
    expect((await leave('back', 'nobody')).json['code']).toBe('no_claim');
    expect((await leave('nowhere', 'ann')).json['code']).toBe('campaign_not_found');
  });
});

describe('a campaign with a line', () => {
  it('shows how far it has come, small and cacheable', async () => {
    await standingLine('shown', ['ann', 'bob']);
    await until(async () => {
      const { line } = (await site.call('/v1/campaigns/shown')).json as { line: { waiting: number } };
      return line.waiting === 2;
    });
    const { json, headers } = await site.call('/v1/campaigns/shown');
    expect(json).toMatchObject({ servingNumber: 1, release: { perSecond: 0.001 }, line: { waiting: 2 } });
    expect(headers.get('cache-control')).toBe('public, max-age=1');
    const { items } = (await site.call('/v1/campaigns?limit=1000')).json as { items: object[] };
    expect(items).toContainEqual(expect.objectContaining({ id: 'shown', servingNumber: 1 }));
    const stats = (await site.admin('/v1/admin/campaigns/shown/stats')).json;
    expect(stats).toMatchObject({ line: { servingNumber: 1, lastNumber: 3, waiting: 2 } });
    const { text } = await site.call('/metrics');
    expect(text).toMatch(/^dibs_line_waiting [1-9]/m);
    expect(text).toMatch(/^dibs_later_verdicts_total\{mode="queued",verdict="won"\} [1-9]/m);
  });

  it('says none of that in another mode', async () => {
    await site.campaign('instant', 5);
    const { json } = await site.call('/v1/campaigns/instant');
    expect([json['servingNumber'], json['line'], json['release']]).toEqual([undefined, undefined, undefined]);
    expect((await site.call('/v1/campaigns/instant/line')).json['code']).toBe('no_shuffle');
    expect((await site.call('/v1/campaigns/nowhere/line')).json['code']).toBe('campaign_not_found');
  });

  it('publishes the hash of its shuffle before, and all of it after the opening', async () => {
    const opensAt = new Date(Date.now() + 1200).toISOString();
    const body = {
      id: 'lots',
      name: 'lots',
      quantity: 1,
      opensAt,
      ...STANDING,
      line: { shuffleBeforeOpen: true },
    };
    expect((await site.admin('/v1/admin/campaigns', { body })).status).toBe(201);
    const users = Array.from({ length: 20 }, (_, i) => `u-${i}`);
    for (const user of users) {
      expect((await site.press('lots', user)).json).toMatchObject({ verdict: 'pending', position: null });
    }
    const before = (await site.call('/v1/campaigns/lots/line')).json;
    expect(before).toMatchObject({ campaignId: 'lots', seed: null, lots: null });
    expect((await site.call('/v1/campaigns/lots')).json['line']).toMatchObject({
      shuffle: { commitment: before['commitment'] },
    });
    await until(async () => (await site.call('/v1/campaigns/lots/line')).json['seed'] !== null);
    const { json, headers } = await site.call('/v1/campaigns/lots/line');
    expect(json['commitment']).toBe(before['commitment']);
    const { position } = (await mine('lots', 'u-7')).json as { position: number | undefined };
    const told = position === undefined ? undefined : { userId: 'u-7', place: position };
    expect(verifyShuffle(json as unknown as PublishedShuffle, told)).toEqual({ ok: true, places: 20 });
    const etag = headers.get('etag') as string;
    const again = await site.call('/v1/campaigns/lots/line', { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
  });
});
