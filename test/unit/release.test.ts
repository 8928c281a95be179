// Protects: people are let in at the pace and in the order of their places, each wins in that order, nobody hears of a win
// or of the end before it is durable, and whatever an operator changes meanwhile moves nobody.

import { describe, expect, it } from 'vitest';
import type { Campaign } from '../../src/core/campaign.ts';
import type { GateAnswer } from '../../src/ports/gate.ts';
import { makeQueuedBench, settled } from '../support/queued-bench.ts';
import { T0 } from '../support/samples.ts';

const people = (count: number): string[] => Array.from({ length: count }, (_, i) => `u-${i + 1}`);

/** How many have a number up to the one served, after each of so many steps. */
async function servedBySteps(
  perSecond: number,
  stepsMs: readonly number[],
  over: Partial<Campaign> = {},
): Promise<number[]> {
  const campaign = { release: { perSecond }, quantity: 10_000, ...over };
  const { joinAll, clock, pacer, lineUp, live, log } = await makeQueuedBench({ campaign });
  await joinAll(...people(800));
  const served: number[] = [];
  for (const ms of stepsMs) {
    clock.move(ms);
    pacer.tick();
    await settled();
    log.letThrough();
    await settled();
    served.push(lineUp.of(live).counts?.serving ?? 0);
  }
  return served;
}

describe('the pace', () => {
  it('is steady, whole people as their time comes', async () => {
    expect(await servedBySteps(20, Array(5).fill(50))).toEqual([1, 2, 3, 4, 5]);
    expect(await servedBySteps(10, Array(6).fill(50))).toEqual([1, 1, 2, 2, 3, 3]);
    expect(await servedBySteps(100, Array(4).fill(50))).toEqual([1, 6, 11, 16]);
  });

  it('is kept over a minute of uneven steps', async () => {
    const steps = Array.from({ length: 1200 }, (_, i) => (i % 2 ? 30 : 70));
    const served = await servedBySteps(10, steps);
    expect(served.at(-1)).toBeGreaterThanOrEqual(599);
    expect(served.at(-1)).toBeLessThanOrEqual(601);
  });

  it('catches up after a stall with one second’s worth at most, at double the pace', async () => {
    const served = await servedBySteps(100, [50, 10_000, ...Array<number>(30).fill(50)]);
    const steps = served.map((now, i) => now - (served[i - 1] ?? 0));
    expect(Math.max(...steps)).toBe(10);
    expect(served.at(-1)).toBe(1 + 100 + 30 * 5);
  });

  it('changes while the campaign is open, and the wait that is told with a reason', async () => {
    const bench = await makeQueuedBench({ campaign: { release: { perSecond: 20 }, quantity: 100 } });
    const { joinAll, steps, change, press, lineUp, live } = bench;
    await joinAll(...people(60));
    const wait = async () => {
      const one = press('u-60');
      await settled();
      return (one.outcomes[0] as { place: { estimatedWaitMs: number; waitReason: string } }).place;
    };
    await steps(10);
    expect(await wait()).toMatchObject({ ahead: 49, estimatedWaitMs: 2500, waitReason: null });
    await change({ release: { perSecond: 5 } });
    await steps(20);
    expect(lineUp.of(live).counts?.serving).toBe(15);
    expect(await wait()).toMatchObject({ ahead: 44, estimatedWaitMs: 9000, waitReason: 'slower_pace' });
    await change({ release: { perSecond: 40 } });
    await steps(10);
    expect(lineUp.of(live).counts?.serving).toBe(35);
    expect(await wait()).toMatchObject({ ahead: 24, estimatedWaitMs: 625, waitReason: null });
  });

  it('is not used up by leavers, nor by who is not eligible any more', async () => {
    const { joinAll, leave, steps, change, heard, mine } = await makeQueuedBench({
      campaign: { quantity: 9 },
    });
    await joinAll(...people(8));
    for (const user of ['u-2', 'u-3', 'u-7']) await leave(user);
    await change({ eligibility: { denyUsers: ['u-4', 'u-5'] } });
    await steps(3);
    expect(heard).toEqual(['u-1 won 1', 'u-6 won 2', 'u-8 won 3']);
    expect(await mine('u-4')).toBe('ineligible');
  });
});

describe('who is let in', () => {
  it('wins in the order of places, and is told when it is durable', async () => {
    const { joinAll, steps, heard, mine, log, join, press } = await makeQueuedBench();
    await joinAll('ann', 'bob', 'eve', 'fay');
    await steps(1, false);
    const looking = mine('ann');
    const pressing = press('ann');
    await settled();
    expect([heard, pressing.told()]).toEqual([[], '…']);
    log.letThrough();
    await settled();
    expect(heard).toEqual(['ann won 1']);
    expect([await looking, pressing.told()]).toEqual(['won 1', 'already_won 1']);
    await steps(2);
    expect(heard).toEqual(['ann won 1', 'bob won 2', 'eve won 3']);
    expect(await join('fay')).toBe('sold_out');
  });

  it('when nothing is left, everybody else hears it, but not before the last win is durable', async () => {
    const { joinAll, steps, mine, log, press, flow, live, byTicket } = await makeQueuedBench();
    await joinAll('ann', 'bob', 'eve', 'fay', 'gus');
    const fay = press('fay');
    await settled();
    const { ticket } = fay.outcomes[0] as unknown as { ticket: string };
    await steps(2);
    await steps(1, false);
    const news = flow.changed(live, { kind: 'queued', number: 5 }, 60_000).then(() => 'woken');
    const told = [mine('fay'), mine('gus'), byTicket(ticket)];
    const newcomer = press('new');
    const early = await Promise.race([...told, news, settled().then(() => 'nothing')]);
    expect([early, newcomer.told()]).toEqual(['nothing', '…']);
    log.letThrough();
    await settled();
    expect(await Promise.all(told)).toEqual(['sold_out', 'sold_out', 'sold_out']);
    expect(newcomer.told()).toBe('sold_out');
    expect(await news).toBe('woken');
  });

  it('waits again where he stood when units are added', async () => {
    const { joinAll, steps, change, mine, heard, join } = await makeQueuedBench({
      campaign: { quantity: 1 },
    });
    await joinAll('ann', 'bob', 'eve');
    await steps(2);
    expect(await mine('eve')).toBe('sold_out');
    await change({ quantity: 2 });
    expect(await mine('eve')).toBe('#3 1 ahead, serving 1');
    expect(await join('fay')).toBe('#4 2 ahead, serving 1');
    await steps(2);
    expect(heard).toEqual(['ann won 1', 'bob won 2']);
    expect(await mine('eve')).toBe('sold_out');
  });

  it('keeps his place while the campaign is paused, and nobody is let in', async () => {
    const { joinAll, steps, change, mine, press, heard } = await makeQueuedBench();
    await joinAll('ann', 'bob', 'eve');
    await steps(1);
    await change({ pausedAt: T0 });
    await steps(40);
    expect(heard).toEqual(['ann won 1']);
    expect(await mine('eve')).toBe('#3 1 ahead, serving 1');
    const eve = press('eve');
    await settled();
    expect(eve.outcomes).toMatchObject([{ place: { estimatedWaitMs: null, waitReason: 'held' } }]);
    await change({ pausedAt: null });
    await steps(1);
    expect(await mine('eve')).toBe('#3 0 ahead, serving 2');
  });

  it('is told that it is over when the campaign is closed, by hand or by the clock', async () => {
    const { joinAll, steps, change, mine, flow, live } = await makeQueuedBench({ campaign: { quantity: 9 } });
    await joinAll('ann', 'bob', 'eve');
    await steps(1);
    const news = flow.changed(live, { kind: 'queued', number: 3 }, 60_000).then(() => 'woken');
    await change({ closesAt: T0 + 75 });
    await steps(1);
    expect(await news).toBe('woken');
    expect(await mine('bob')).toBe('closed');
    expect(await mine('ann')).toBe('won 1');
    await change({ closesAt: T0 + 3_600_000 });
    await steps(2);
    expect(await mine('bob')).toBe('won 2');
  });

  it('comes again when the gate could not decide, before everybody after him', async () => {
    const { joinAll, steps, gate, heard, mine } = await makeQueuedBench();
    await joinAll('ann', 'bob', 'eve');
    const { claim } = gate;
    gate.claim = (_id, _attempt, answer) => answer({ verdict: 'unavailable' } as GateAnswer);
    await steps(2);
    expect(heard).toEqual([]);
    expect(await mine('bob')).toBe('#2 0 ahead, serving 2');
    gate.claim = claim;
    await steps(1);
    expect(heard).toEqual(['ann won 1', 'bob won 2', 'eve won 3']);
  });
});

describe('who must press once more', () => {
  const campaign = { confirm: { withinSeconds: 1 }, quantity: 2 };

  it('wins when he does in time', async () => {
    const { joinAll, steps, join, mine, heard } = await makeQueuedBench({ campaign });
    await joinAll('ann', 'bob', 'eve');
    await steps(1);
    expect(await mine('ann')).toBe('#1 0 ahead, serving 1, confirm');
    expect(heard).toEqual([]);
    expect(await join('ann')).toMatch(/^(#1 0 ahead, serving 1|already_won 1)$/);
    expect(heard).toEqual(['ann won 1']);
    expect(await join('ann')).toBe('already_won 1');
  });

  it('loses his unit to the next in order when he does not', async () => {
    const { joinAll, steps, join, mine, heard } = await makeQueuedBench({ campaign });
    await joinAll('ann', 'bob', 'eve', 'fay');
    await steps(2);
    await join('bob');
    expect(await mine('eve')).toBe('#3 0 ahead, serving 2');
    await steps(18);
    expect(await mine('ann')).toBe('#1 0 ahead, serving 2, confirm');
    await steps(2);
    expect(await mine('ann')).toBe('closed: expired');
    expect(await mine('eve')).toBe('#3 0 ahead, serving 3, confirm');
    expect(await mine('fay')).toBe('#4 0 ahead, serving 3');
    await join('eve');
    expect(heard).toEqual(['bob won 1', 'eve won 2']);
    expect(await mine('fay')).toBe('sold_out');
  });

  it('comes back to the end of the line after that', async () => {
    const { joinAll, steps, join } = await makeQueuedBench({ campaign: { ...campaign, quantity: 1 } });
    await joinAll('ann', 'bob');
    await steps(22);
    expect(await join('ann')).toBe('#3 0 ahead, serving 2');
  });

  it('has the time of a pause on top', async () => {
    const { joinAll, steps, change, mine, join, heard } = await makeQueuedBench({ campaign });
    await joinAll('ann', 'bob', 'eve');
    await steps(1);
    await steps(10);
    await change({ pausedAt: T0 + 550 });
    await steps(200);
    expect(await join('ann')).toMatch(/^#1|^already/);
    await change({ pausedAt: null });
    await steps(1);
    expect(heard).toEqual(['ann won 1']);
    await steps(8);
    expect(await mine('bob')).toMatch(/confirm$/);
    await steps(4);
    expect(await mine('bob')).toBe('closed: expired');
  });

  it('tells those behind that all units are in other hands', async () => {
    const { joinAll, steps, press } = await makeQueuedBench({ campaign });
    await joinAll('ann', 'bob', 'eve');
    await steps(3);
    const eve = press('eve');
    await settled();
    expect(eve.outcomes).toMatchObject([{ place: { estimatedWaitMs: null, waitReason: 'stock' } }]);
  });
});
