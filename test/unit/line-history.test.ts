// Protects: a line can be made anew of a log that lies in any order, says some things twice and lacks some: without holes it
// is the line that it was, and with them everybody else keeps his place.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { standing } from '../../src/core/line.ts';
import type { LineFact } from '../../src/core/line-fact.ts';
import { packLineFacts } from '../../src/core/line-fact.ts';
import { inOrder } from '../../src/core/line-history.ts';
import { emptyLine, evolve, type LineRule, type LineState } from '../../src/core/line-state.ts';
import { sampleLineRule } from '../support/contract/line.ts';
import { lineFactsOf } from '../support/line-facts.ts';
import { factsOfLife, ID, lineLife, lineRuleOfLife, SEED, USERS } from '../support/line-lives.ts';
import { T0 } from '../support/samples.ts';
import { seed } from '../support/seed.ts';

const head = { campaignId: ID, epoch: 1, at: T0 };

function lineOf(rule: LineRule, facts: readonly LineFact[]): LineState {
  const state = emptyLine(rule);
  for (const fact of facts) evolve(state, fact);
  return state;
}

/** What can be seen of a line: marks that only make it quick are none of it. */
function seenOf(state: LineState): unknown {
  const { clock, lastNumber, serving, waiting, stretchedMs, won, unnumbered, shuffled } = state;
  const places = Array.from({ length: lastNumber }, (_, i) => standing(state, i + 1, 0));
  const early = Array.from({ length: 2 * USERS + 60 }, (_, i) => standing(state, -i - 1, 0));
  const users = Array.from({ length: USERS + 1 }, (_, i) => standing(state, `u-${i}`, 0));
  return {
    clock,
    lastNumber,
    serving,
    waiting,
    stretchedMs,
    won,
    unnumbered: unnumbered.length,
    shuffled,
    offers: [...state.offers],
    atGate: [...state.atGate],
    places,
    early,
    users,
  };
}

describe('the past of a line in order', () => {
  it('makes the line that it was, however it lies on the log', async () => {
    const order = fc.infiniteStream(fc.nat({ max: 1_000_000 }));
    await fc.assert(
      fc.asyncProperty(lineLife, order, async (one, numbers) => {
        const rule = lineRuleOfLife(one);
        const facts = await factsOfLife(rule, one.steps);
        const twice = [...facts, ...packLineFacts(facts), ...facts.filter((_, i) => i % 3 === 0)];
        const mixed = twice
          .map((fact) => ({ fact, at: numbers.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ fact }) => fact);
        expect(seenOf(lineOf(rule, inOrder(mixed)))).toEqual(seenOf(lineOf(rule, facts)));
      }),
      { seed, numRuns: 1000 },
    );
  });

  it('is the same of what is in order already', async () => {
    await fc.assert(
      fc.asyncProperty(lineLife, async (one) => {
        const once = inOrder(await factsOfLife(lineRuleOfLife(one), one.steps));
        expect(inOrder(once)).toEqual(once);
      }),
      { seed, numRuns: 200 },
    );
  });

  it('keeps everybody else where he was when joins and leaves are missing', async () => {
    await fc.assert(
      fc.asyncProperty(lineLife, fc.nat({ max: 6 }), async (one, nth) => {
        const rule = lineRuleOfLife({ ...one, shuffle: false });
        const facts = await factsOfLife(rule, one.steps);
        const some = facts.filter(
          ({ type }, i) => i % 7 !== nth || (type !== 'line.joined' && type !== 'line.left'),
        );
        const [whole, rest] = [lineOf(rule, facts), lineOf(rule, inOrder(some))];
        const known = new Set(some.flatMap((fact) => (fact.type === 'line.joined' ? [fact.first] : [])));
        for (const number of known) {
          const [before, after] = [standing(whole, number, 0), standing(rest, number, 0)];
          expect(after?.userId).toBe(before?.userId);
          if (before?.stage === 'won') expect(after?.seq).toBe(before.seq);
        }
      }),
      { seed, numRuns: 300 },
    );
  });
});

const { joined } = lineFactsOf(ID);

describe('what the log lacks', () => {
  it('is nothing of nothing', () => {
    expect(inOrder([])).toEqual([]);
  });

  it('leaves a number that nobody has', () => {
    const facts = inOrder([joined(4, 'dan'), joined(1, 'ann')]);
    expect(facts).toEqual([joined(1, 'ann', '', '', 'dan'), { type: 'line.left', ...head, numbers: [2, 3] }]);
    const state = lineOf(sampleLineRule(), facts);
    expect(standing(state, 'dan', T0)).toMatchObject({ number: 4, ahead: 1 });
    expect(standing(state, 3, T0)).toMatchObject({ stage: 'left', userId: '' });
  });

  it('gives no number that was let in to anybody else', () => {
    const facts = inOrder([joined(1, 'ann'), { type: 'line.released', ...head, to: 3, confirmBy: null }]);
    expect(lineOf(sampleLineRule(), facts)).toMatchObject({ lastNumber: 3, serving: 3 });
  });

  it('has a user stand where he stood last', () => {
    const facts = inOrder([joined(1, 'ann', 'bob', 'ann')]);
    expect(facts).toEqual([joined(1, 'ann', 'bob', 'ann'), { type: 'line.left', ...head, numbers: [1] }]);
  });

  it('takes a unit that was given for given', () => {
    const facts = inOrder([
      joined(1, 'ann'),
      { type: 'line.expired', ...head, epoch: 2, numbers: [1] },
      { type: 'line.won', ...head, numbers: [1], seqs: [7] },
    ]);
    expect(facts.map(({ type }) => type)).toEqual(['line.joined', 'line.won']);
  });

  it('believes the later of two lines that gave a number to two', () => {
    const facts = inOrder([joined(1, 'ann'), { ...joined(1, 'bob'), epoch: 2 }]);
    expect(facts).toMatchObject([{ userIds: ['bob'] }]);
  });

  it('says nothing of whoever has a number by the later line that was said of him who had it before', () => {
    const again = { epoch: 2, at: T0 + 50 };
    const facts = inOrder([
      joined(1, 'ann', 'bob', 'cid'),
      { ...joined(1, 'ann'), ...again },
      { ...joined(2, 'dan', 'eve'), ...again },
      { type: 'line.left', ...head, numbers: [1, 2] },
      { type: 'line.won', ...head, numbers: [3], seqs: [9] },
      { type: 'line.confirmed', ...head, numbers: [2] },
      { type: 'line.left', ...head, ...again, numbers: [3] },
    ]);
    expect(facts).toMatchObject([
      { type: 'line.joined', userIds: ['ann', 'dan', 'eve'] },
      { type: 'line.left', numbers: [1, 3] },
    ]);
    expect(facts).toHaveLength(2);
  });

  it('shuffles once more what has been shuffled', () => {
    const early = [
      joined(-1, 'ann', 'bob', 'cid', 'dan'),
      { type: 'line.left' as const, ...head, numbers: [-2] },
    ];
    const shuffled: LineFact = { type: 'line.shuffled', ...head, seed: SEED, count: 3 };
    const whole = inOrder([...early, joined(4, 'eve'), shuffled], SEED);
    expect(inOrder([...early, joined(4, 'eve')], SEED)).toEqual(whole);
    expect(inOrder(early, SEED).map(({ type }) => type)).toEqual(['line.joined', 'line.left']);
    const rule = sampleLineRule({ shuffleSeed: SEED });
    expect(standing(lineOf(rule, whole), 'eve', T0)).toMatchObject({ number: 4, ahead: 3 });
  });

  it('keeps the numbers after a shuffle of which somebody is missing', () => {
    const shuffled: LineFact = { type: 'line.shuffled', ...head, seed: SEED, count: 3 };
    const facts = inOrder([joined(-1, 'ann'), joined(-3, 'cid'), shuffled, joined(4, 'eve')]);
    const state = lineOf(sampleLineRule({ shuffleSeed: SEED }), facts);
    expect(standing(state, 'eve', T0)).toMatchObject({ number: 4, ahead: 2 });
    expect(standing(state, 'ann', T0)?.number).toBeLessThan(3);
  });
});

it('is quick with very many people, of whom half are gone', { timeout: 15_000 }, () => {
  const facts: LineFact[] = [];
  for (let n = 1; n <= 200_000; n += 100) {
    facts.push(joined(n, ...Array.from({ length: 100 }, (_, i) => `u-${n + i}`)));
    if (n < 100_000) {
      facts.push({ type: 'line.released', ...head, to: n + 99, confirmBy: T0 + n });
      facts.push({ type: 'line.expired', ...head, numbers: Array.from({ length: 100 }, (_, i) => n + i) });
    }
  }
  // Were each release to look at all numbers again, it would take minutes.
  expect(inOrder(facts).length).toBe(3);
});
