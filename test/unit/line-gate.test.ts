// Protects: line and gate go by the same rule, and a line is made anew from what is on the log, at whatever step its
// process ended: places, the number served, offers and their time, numbers that were drawn by lot.

import { describe, expect, it } from 'vitest';
import { withLines } from '../../src/flow/line-gate.ts';
import { makeQueuedBench, queuedCampaign, settled } from '../support/queued-bench.ts';
import { T0 } from '../support/samples.ts';

const hour = 3_600_000;

describe('the rule', () => {
  it('reaches the line when the gate has taken it, and not when it has refused it', async () => {
    const { gate, lineUp, joinAll, steps, live } = await makeQueuedBench({ campaign: { quantity: 3 } });
    await joinAll('ann', 'bob', 'eve');
    await steps(2);
    const rules = withLines(gate, lineUp);
    const one = queuedCampaign({ quantity: 1, version: 2 });
    expect(await rules.configure(one)).toEqual({ kind: 'below_issued', issued: 2 });
    expect((await lineUp.parts.line.counts(live.campaign.id))?.soldOut).toBe(false);
    await rules.configure(queuedCampaign({ quantity: 2, version: 2 }));
    expect((await lineUp.parts.line.counts(live.campaign.id))?.soldOut).toBe(true);
  });

  it('makes no line for a campaign of another mode', async () => {
    const { gate, lineUp } = await makeQueuedBench();
    const rules = withLines(gate, lineUp);
    await rules.begin(queuedCampaign({ id: 'other', mode: 'instant' }));
    expect(await lineUp.parts.line.counts('other')).toBeNull();
    expect(await gate.counts('other')).not.toBeNull();
  });
});

describe('a line is made anew', () => {
  it('with everybody in his place and the number that was served, before anybody asks', async () => {
    const before = await makeQueuedBench({ campaign: { quantity: 4 } });
    await before.joinAll('a', 'b', 'c', 'd', 'e', 'f');
    await before.leave('d');
    await before.steps(2);
    const { mine, lineUp, live, press, steps, heard } = await before.restarted();
    expect(lineUp.of(live).counts).toMatchObject({ serving: 2, lastNumber: 6, waiting: 3, won: 2 });
    expect(await Promise.all(['a', 'b', 'c', 'd', 'f'].map(mine))).toEqual([
      'won 1',
      'won 2',
      '#3 0 ahead, serving 2',
      'closed: left',
      '#6 2 ahead, serving 2',
    ]);
    const again = press('e');
    await settled();
    expect(again.told()).toBe('#5 1 ahead, serving 2');
    await steps(3);
    expect(heard).toEqual(['c won 3', 'e won 4']);
    expect(await mine('f')).toBe('sold_out');
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])('after the first %i facts of a release', async (through) => {
    const before = await makeQueuedBench({ campaign: { quantity: 3, release: { perSecond: 40 } } });
    await before.joinAll('a', 'b', 'c', 'd');
    await before.steps(2, false);
    before.log.letThrough(through);
    const { steps, log, mine, faults } = await before.restarted();
    await steps(4);
    expect(faults).toEqual([]);
    expect(log.durable.map(({ userId, seq }) => `${userId} ${seq}`)).toEqual(['a 1', 'b 2', 'c 3']);
    expect(await Promise.all(['a', 'c', 'd'].map(mine))).toEqual(['won 1', 'won 3', 'sold_out']);
    const won = log.lines.flatMap((fact) => (fact.type === 'line.won' ? fact.numbers : []));
    expect(won).toEqual([1, 2, 3]);
    const released = log.lines.flatMap((fact) => (fact.type === 'line.released' ? [fact.to] : []));
    expect(released).toEqual(released.toSorted((a, b) => a - b));
  });

  it('with who must press once more, and the time that a pause has given him', async () => {
    const before = await makeQueuedBench({ campaign: { quantity: 1, confirm: { withinSeconds: 1 } } });
    await before.joinAll('ann', 'bob');
    await before.steps(1);
    await before.change({ pausedAt: before.clock.now() });
    await before.steps(100);
    const paused = await before.restarted();
    await paused.steps(100);
    await paused.change({ pausedAt: null });
    const { steps, mine, join, heard } = await paused.restarted();
    await steps(10);
    expect(await mine('ann')).toBe('#1 0 ahead, serving 1, confirm');
    expect(await join('ann')).toMatch(/^#1|^already/);
    await steps(1);
    expect(heard).toEqual(['ann won 1']);
    expect(await mine('bob')).toBe('sold_out');
  });
});

describe('a clock that steps', () => {
  it('ahead and back by an hour changes no place, stops nobody, and closes or opens nothing twice', async () => {
    const { joinAll, clock, steps, mine, heard, join } = await makeQueuedBench({
      campaign: { quantity: 9, closesAt: T0 + 2 * hour },
    });
    await joinAll('a', 'b', 'c', 'd', 'e');
    await steps(1);
    clock.step(hour);
    await steps(1);
    expect(await mine('e')).toBe('#5 2 ahead, serving 2');
    clock.step(-hour);
    await steps(1);
    expect(await mine('e')).toBe('#5 1 ahead, serving 3');
    expect(await join('f')).toBe('#6 2 ahead, serving 3');
    await steps(3);
    expect(heard).toEqual(['a won 1', 'b won 2', 'c won 3', 'd won 4', 'e won 5', 'f won 6']);
    clock.step(2 * hour);
    expect(await join('g')).toBe('closed');
    clock.step(-2 * hour);
    expect(await join('g')).toBe('closed');
  });

  it('back before the opening opens nothing early, and a place from before is kept', async () => {
    const before = await makeQueuedBench({ campaign: { openedAt: null, opensAt: T0 + hour } });
    expect(await before.join('ann')).toBe('not_open');
    before.clock.step(hour);
    expect(await before.join('ann')).toBe('#1 0 ahead, serving 0');
    before.clock.step(-hour);
    const { mine, join } = await before.restarted();
    expect(await mine('ann')).toBe('#1 0 ahead, serving 0');
    expect(await join('ann')).toBe('#1 0 ahead, serving 0');
    expect(await join('bob')).toBe('#2 1 ahead, serving 0');
  });
});
