// Protects: whoever joined before the opening stands by lot, his ticket from before goes on to work, and what is published
// lets anybody check it: a place that was changed is found.

import { describe, expect, it } from 'vitest';
import { verifyShuffle } from '../../src/core/shuffle.ts';
import { publishedShuffle } from '../../src/flow/published-shuffle.ts';
import type { QueuedBench } from '../support/queued-bench.ts';
import { makeQueuedBench, settled } from '../support/queued-bench.ts';
import { T0 } from '../support/samples.ts';

const people = Array.from({ length: 12 }, (_, i) => `u-${i + 1}`);
const campaign = {
  openedAt: null,
  opensAt: T0 + 1000,
  quantity: 20,
  line: { maxLength: null, cutAt: null, shuffleBeforeOpen: true },
};

const makeBench = (): Promise<QueuedBench> => makeQueuedBench({ campaign });

async function numbersOf({ find }: QueuedBench, users: readonly string[]): Promise<Map<string, number>> {
  const numbers = new Map<string, number>();
  for (const user of users) {
    const found = await find(user);
    if (found.kind === 'waiting') numbers.set(user, found.pending.place?.position ?? 0);
  }
  return numbers;
}

describe('before the opening', () => {
  it('nobody has a number, and nobody can say how long he waits', async () => {
    const { join, press, joinAll } = await makeBench();
    expect(await join('ann')).toBe('no number yet');
    await joinAll('bob', 'eve');
    const ann = press('ann');
    await settled();
    expect(ann.outcomes).toMatchObject([
      {
        place: {
          position: null,
          ahead: null,
          servingNumber: 0,
          estimatedWaitMs: null,
          waitReason: 'shuffle',
        },
      },
    ]);
  });

  it('who leaves is not drawn for, and who comes back is', async () => {
    const bench = await makeBench();
    await bench.joinAll(...people);
    expect(await bench.leave('u-3')).toBe('closed: left');
    await bench.leave('u-5');
    expect(await bench.join('u-5')).toBe('no number yet');
    bench.clock.move(1000);
    expect(await bench.join('new')).toBe('#12 11 ahead, serving 0');
    const numbers = await numbersOf(bench, people);
    expect(numbers.has('u-3')).toBe(false);
    expect(new Set(numbers.values())).toEqual(new Set(Array.from({ length: 11 }, (_, i) => i + 1)));
  });
});

describe('at the opening', () => {
  it('everybody has a number by lot, newcomers come after them, and all win in that order', async () => {
    const bench = await makeBench();
    await bench.joinAll(...people);
    bench.clock.move(1000);
    expect(await bench.join('new')).toBe('#13 12 ahead, serving 0');
    const numbers = await numbersOf(bench, people);
    expect([...numbers.values()]).not.toEqual(people.map((_, i) => i + 1));
    await bench.steps(20);
    const order = [...numbers].toSorted(([, a], [, b]) => a - b).map(([user]) => user);
    expect(bench.log.durable.map(({ userId }) => userId)).toEqual([...order, 'new']);
  });

  it('who waits for news hears of his number', async () => {
    const { joinAll, flow, live, clock, steps, mine } = await makeBench();
    await joinAll('ann', 'bob');
    await steps(1);
    const news = flow.changed(live, { kind: 'queued', number: -2 }, 60_000).then(() => 'woken');
    clock.move(1000);
    await steps(1);
    expect(await news).toBe('woken');
    expect(await mine('bob')).toMatch(/^#2 0 ahead|^won [12]$/);
  });

  it('who waits with a ticket from before hears when his turn comes', async () => {
    const { joinAll, flow, live, clock, steps, find, join } = await makeBench();
    await joinAll(...people);
    clock.move(1000);
    await join('late');
    const woken: string[] = [];
    for (const [i, userId] of people.entries()) {
      const ticket = { kind: 'queued', number: -1 - i } as const;
      void flow.changed(live, ticket, 60_000).then(() => woken.push(userId));
    }
    await steps(3);
    const found = await Promise.all(people.map(async (userId) => ({ userId, ...(await find(userId)) })));
    const winners = found.filter(({ kind }) => kind === 'claim').map(({ userId }) => userId);
    expect(winners.length).toBeGreaterThan(0);
    expect(woken.toSorted()).toEqual(winners.toSorted());
  });

  it('a ticket from before is answered as it was, and stays the same', async () => {
    const { press, log, clock, find, lineUp, live, flow } = await makeBench();
    const presses = people.map((user) => press(user));
    await settled();
    log.letThrough();
    await settled();
    const tickets = presses.map(({ outcomes }) => (outcomes[0] as { ticket: string }).ticket);
    clock.move(1000);
    for (const [i, text] of tickets.entries()) {
      const user = people[i] as string;
      const byUser = await find(user);
      const ticket = { kind: 'queued', number: -1 - i } as const;
      const asking = flow.byTicket(live, ticket, text, user);
      await settled();
      log.letThrough();
      expect(await asking).toMatchObject({
        kind: 'waiting',
        pending: { ticket: text, place: byUser.kind === 'waiting' ? byUser.pending.place : null },
      });
    }
    expect(lineUp.owed(live, 1)).toEqual([]);
  });

  it('nobody is told his number before the draw is on the log', async () => {
    const before = await makeBench();
    await before.joinAll(...people);
    before.clock.move(1000);
    await before.steps(1, false);
    let told: unknown = null;
    void before.mine('u-1').then((found) => {
      told = found;
    });
    const again = before.press('u-2');
    await settled();
    expect([told, again.told(), before.flow.askNow?.(before.live, 'u-1')]).toEqual([null, '…', null]);
    before.log.letThrough();
    await settled();
    expect([told, again.told()]).toEqual([
      expect.stringMatching(/^#|^won/),
      expect.stringMatching(/^#|^already/),
    ]);
  });

  it('the same numbers are drawn after a crash before, at and after it', async () => {
    const before = await makeBench();
    await before.joinAll(...people);
    const early = await before.restarted();
    early.clock.move(1000);
    await early.steps(1, false);
    const lost = await early.restarted();
    await lost.steps(1);
    const drawn = await lost.restarted();
    const numbers = await numbersOf(drawn, people);
    const winner = drawn.log.durable[0]?.userId ?? '';
    expect(numbers.size).toBe(11);
    expect([...numbers.values()].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 11 }, (_, i) => i + 2),
    );
    const published = await publishedShuffle(drawn.history, drawn.live.campaign.id);
    if (published === null) throw new Error('nothing is published');
    for (const [userId, place] of [...numbers, [winner, 1] as const]) {
      expect(verifyShuffle(published, { userId, place })).toEqual({ ok: true, places: 12 });
    }
  });
});

describe('what is published', () => {
  async function drawn() {
    const bench = await makeBench();
    await bench.joinAll(...people);
    await bench.leave('u-4');
    bench.clock.move(1000);
    await bench.join('late');
    const published = await publishedShuffle(bench.history, bench.live.campaign.id);
    if (published === null) throw new Error('nothing is published');
    return { bench, published };
  }

  it('is nothing before the draw', async () => {
    const { joinAll, history, live } = await makeBench();
    await joinAll(...people);
    expect(await publishedShuffle(history, live.campaign.id)).toBeNull();
  });

  it('shows everybody his place', async () => {
    const { bench, published } = await drawn();
    expect(published.lots).toHaveLength(11);
    expect(verifyShuffle(published)).toEqual({ ok: true, places: 11 });
    for (const [userId, place] of await numbersOf(bench, people)) {
      expect(verifyShuffle(published, { userId, place })).toEqual({ ok: true, places: 11 });
    }
    expect(verifyShuffle(published, { userId: 'u-4', place: 4 })).toMatchObject({ ok: false, drawn: 0 });
  });

  it('shows a place that was changed, a lot that was put in and a seed that was swapped', async () => {
    const { bench, published } = await drawn();
    const [[userId, place] = ['', 0]] = await numbersOf(bench, people);
    expect(verifyShuffle(published, { userId, place: place + 1 })).toEqual({
      ...{ ok: false, why: 'another_place' },
      ...{ told: place + 1, drawn: place },
    });
    const lots = [...published.lots];
    [lots[2], lots[6]] = [lots[6] as string, lots[2] as string];
    expect(verifyShuffle({ ...published, lots })).toMatchObject({ ok: false, why: 'out_of_order' });
    const another = { ...published, seed: 'cd'.repeat(32) };
    expect(verifyShuffle(another)).toEqual({ ok: false, why: 'another_seed' });
  });
});
