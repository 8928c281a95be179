// Protects: each invariant of a line is broken by exactly the facts that break it, and none by any life that a line can
// have (see support/line-model for the lives).

import { describe, expect, it } from 'vitest';
import { makeMemoryLine } from '../../src/adapters/memory/line.ts';
import { auditLine } from '../../src/core/audit-line.ts';
import type { LineFact } from '../../src/core/line-fact.ts';
import { shuffled } from '../../src/core/shuffle.ts';
import type { LineAnswer } from '../../src/ports/line.ts';
import { sampleLineRule } from '../support/contract/line.ts';
import { lineFactsOf } from '../support/line-facts.ts';
import { sampleCampaign, T0 } from '../support/samples.ts';

const ID = sampleCampaign().id;
const SEED = '5e'.repeat(32);
const head = { campaignId: ID, epoch: 1, at: T0 };

const { joined, left, released, confirmed, won } = lineFactsOf(ID);

const wins = (...userIds: string[]) => userIds.map((userId, i) => ({ seq: i + 1, userId }));

function broken(facts: LineFact[], recorded: { seq: number; userId: string }[] | null = null): string[] {
  return auditLine(ID, { facts, wins: recorded })
    .checks.filter(({ ok }) => !ok)
    .map(({ id }) => id);
}

describe('the invariants of a line', () => {
  it('hold for a good line, in order', () => {
    const facts = [joined(1, 'a', 'b', 'c'), left(2), released(3), won([1, 1], [3, 2]), joined(4, 'b')];
    const { ok, checks } = auditLine(ID, { facts, wins: wins('a', 'c') });
    expect(ok).toBe(true);
    expect(checks.map(({ id }) => id)).toEqual(['L1', 'L2', 'L3', 'L4', 'L5', 'L6']);
  });

  it.each<[string, LineFact[], string[]]>([
    ['a number that is missing', [joined(1, 'a'), joined(3, 'b')], ['L1']],
    ['a number given twice', [joined(1, 'a', 'b'), joined(2, 'c')], ['L1']],
    ['a user with two places', [joined(1, 'a', 'b', 'a')], ['L2']],
    ['a user with two places before a shuffle', [joined(-1, 'a', 'b'), joined(-3, 'a')], ['L2']],
    ['a place that is left twice', [joined(1, 'a'), left(1), left(1)], ['L2']],
    ['a place that is won and left', [joined(1, 'a'), released(1), won([1, 1]), left(1)], ['L2']],
    ['a serving number that goes back', [joined(1, 'a', 'b'), released(2), released(1)], ['L3']],
    ['a serving number ahead of the line', [joined(1, 'a'), released(2)], ['L3']],
    ['wins in another order', [joined(1, 'a', 'b'), released(2), won([2, 1], [1, 2])], ['L4']],
    ['a win before its turn', [joined(1, 'a', 'b'), released(1), won([1, 1], [2, 2])], ['L5']],
    ['somebody passed over', [joined(1, 'a', 'b'), released(2), won([2, 1])], ['L5']],
    ['a win without the second press', [joined(1, 'a'), released(1, T0), won([1, 1])], ['L5']],
    ['a second press before the turn', [joined(1, 'a'), confirmed(1)], ['L5']],
  ])('are broken by %s', (_title, facts, ids) => {
    expect(broken(facts)).toEqual(ids);
  });

  it('are broken by a record with other winners', () => {
    const facts = [joined(1, 'a', 'b'), released(2), won([1, 1], [2, 2])];
    expect(broken(facts, wins('a', 'b'))).toEqual([]);
    expect(broken(facts, wins('b', 'a'))).toEqual(['L6']);
    expect(broken(facts, wins('a'))).toEqual(['L6']);
  });

  it('go by the order of the second presses where there are such', () => {
    const facts = [joined(1, 'a', 'b'), released(2, T0 + 500), confirmed(2), confirmed(1)];
    expect(broken([...facts, won([2, 1], [1, 2])])).toEqual([]);
    expect(broken([...facts, won([2, 2], [1, 1])])).toEqual(['L4']);
  });

  it('go by the lots where there were some', () => {
    const order = shuffled(SEED, ID, ['a', 'b', 'c']);
    const shuffle: LineFact = { type: 'line.shuffled', ...head, seed: SEED, count: 3 };
    const facts = [joined(-1, 'x', 'a', 'b', 'c'), left(-1), shuffle, joined(4, 'x'), released(4)];
    const all = won([1, 1], [2, 2], [3, 3], [4, 4]);
    expect(broken([...facts, all], wins(...order, 'x'))).toEqual([]);
    expect(broken([...facts, all], wins(...order.toReversed(), 'x'))).toEqual(['L6']);
  });

  it('hold for what a line did', async () => {
    let now = T0;
    const line = makeMemoryLine({ now: () => now });
    await line.configure(ID, sampleLineRule({ quantity: 30, confirmWithinMs: 100 }));
    const facts: LineFact[] = [];
    const recorded: { seq: number; userId: string }[] = [];
    const join = (user: number) => {
      const attempt = { userId: `u-${user}`, key: null, eligible: true, another: false };
      line.join(ID, attempt, (answer: LineAnswer) => facts.push(...('facts' in answer ? answer.facts : [])));
    };
    for (let i = 0; i < 400; i++) {
      now += 7;
      join((i * 7) % 60);
      if (i % 5 === 0) facts.push(...(await line.leave(ID, `u-${(i * 3) % 60}`)).facts);
      const moved = await line.advance(ID, i % 2, (user) => user !== 'u-13');
      facts.push(...moved.facts);
      if (i % 9 !== 0 || moved.atGate.length === 0) continue;
      const numbers = moved.atGate.map(({ number }) => number);
      const seqs = numbers.map((_, j) => recorded.length + j + 1);
      for (const [j, { userId }] of moved.atGate.entries()) recorded.push({ seq: seqs[j] as number, userId });
      const fact: LineFact = { type: 'line.won', ...head, numbers, seqs };
      await line.take(ID, [fact]);
      facts.push(fact);
    }
    expect(recorded.length).toBeGreaterThan(20);
    expect(broken(facts, recorded)).toEqual([]);
  });
});
