// Protects: an integrity report of a line sees a winner whom the record does not name, over all pages of both; and of a
// line that many processes serve it sees what can be seen in whatever order its facts lie there, and no fault in holes.

import { describe, expect, it } from 'vitest';
import type { LineFact } from '../../src/core/line-fact.ts';
import { shuffled } from '../../src/core/shuffle.ts';
import { lineChecks, sharedLineChecks } from '../../src/flow/line-checks.ts';
import { lineFactsOf } from '../support/line-facts.ts';
import { T0 } from '../support/samples.ts';

const head = { campaignId: 'c', epoch: 1, at: T0 };
const PAGES: LineFact[][] = [
  [{ type: 'line.joined', ...head, first: 1, userIds: ['ann', 'bob', 'cid'], keys: null }],
  [
    { type: 'line.released', ...head, to: 2, confirmBy: null },
    { type: 'line.won', ...head, numbers: [1, 2], seqs: [1, 2] },
  ],
];
const history = {
  page: async (_: string, after: number) => ({
    facts: PAGES[after] ?? [],
    next: after + 1 < PAGES.length ? after + 1 : null,
  }),
};
const recordOf = (userIds: string[]) => ({
  holders: async () => ({
    seqs: Float64Array.from(userIds, (_, i) => i + 1),
    wonAt: new Float64Array(userIds.length).fill(T0),
    userIds,
    keys: null,
  }),
});

describe('the checks of a line', () => {
  it('hold of a line and a record that say the same', async () => {
    const checks = await lineChecks(history, recordOf(['ann', 'bob']), 'c');
    expect(checks.map(({ id, ok }) => [id, ok])).toEqual(
      ['L1', 'L2', 'L3', 'L4', 'L5', 'L6'].map((id) => [id, true]),
    );
  });

  it('do not when the record names another winner', async () => {
    const checks = await lineChecks(history, recordOf(['ann', 'cid']), 'c');
    expect(checks.filter(({ ok }) => !ok).map(({ id }) => id)).toEqual(['L6']);
  });
});

describe('the checks of a line that many processes serve', () => {
  const { joined, left, released, won } = lineFactsOf(head.campaignId);

  /** Each fact is a page of its own; `red`: the checks that are, with how many wins were compared. */
  async function asked(facts: LineFact[], holders: string[]) {
    const pages = {
      page: async (_: string, after: number) => ({
        facts: facts.slice(after, after + 1),
        next: after + 1 < facts.length ? after + 1 : null,
      }),
    };
    const checks = await sharedLineChecks(pages, recordOf(holders), 'c');
    const red = checks.filter(({ ok }) => !ok).map(({ id }) => id);
    return { ids: checks.map(({ id }) => id), red, compared: checks.at(-1)?.figures['compared'] };
  }

  it('hold in any order of the facts, some of them twice', async () => {
    const facts = [joined(1, 'a', 'b'), joined(3, 'c', 'd'), released(4), won([1, 1], [2, 2]), won([4, 3])];
    for (const order of [facts, facts.toReversed(), [...facts.slice(2), ...facts]])
      expect(await asked(order, ['a', 'b', 'd'])).toEqual({ ids: ['L4', 'L6'], red: [], compared: 3 });
  });

  it('see another winner, and wins in another order', async () => {
    const facts = [won([2, 2], [1, 1]), joined(1, 'a', 'b')];
    expect(await asked(facts, ['b', 'a'])).toMatchObject({ red: ['L6'] });
    expect(await asked([won([2, 1], [1, 2]), joined(1, 'a', 'b')], ['b', 'a'])).toMatchObject({
      red: ['L4'],
    });
    expect(await asked([won([1, 1], [2, 1]), joined(1, 'a', 'b')], ['a'])).toMatchObject({
      red: ['L4', 'L6'],
    });
  });

  it('say nothing of what is on its way or was never logged, and are no fault by it', async () => {
    const facts = [won([1, 1], [2, 2], [3, 3]), joined(2, 'b', 'c')];
    expect(await asked(facts, ['x', 'b'])).toMatchObject({ red: [], compared: 1 });
    expect(await asked([], [])).toEqual({ ids: ['L4', 'L6'], red: [], compared: 0 });
  });

  it('hold for either of two who were told one number by a line that was lost', async () => {
    const facts = [joined(1, 'lost'), { ...joined(1, 'a'), epoch: 2 }, won([1, 1])];
    for (const holder of ['lost', 'a']) expect(await asked(facts, [holder])).toMatchObject({ red: [] });
    expect(await asked(facts, ['x'])).toMatchObject({ red: ['L6'] });
  });

  it('do not ask for the order of places where people press once more', async () => {
    const facts = [joined(1, 'a', 'b'), released(2, T0 + 500), won([2, 1], [1, 2])];
    expect(await asked(facts, ['b', 'a'])).toEqual({ ids: ['L6'], red: [], compared: 2 });
  });

  it('go by the lots where there were some, if all who were there are known', async () => {
    const seed = '5e'.repeat(32);
    const order = shuffled(seed, 'c', ['a', 'b', 'c']);
    const shuffle: LineFact = { type: 'line.shuffled', ...head, seed, count: 3 };
    const facts = [
      won([1, 1], [2, 2], [3, 3], [4, 4]),
      joined(4, 'x'),
      shuffle,
      joined(-1, 'x', 'a', 'b', 'c'),
    ];
    const holders = [...order, 'x'];
    expect(await asked([...facts, left(-1)], holders)).toMatchObject({ red: [], compared: 4 });
    expect(await asked(facts, holders)).toMatchObject({ red: [], compared: 1 });
    expect(await asked([...facts, left(-1)], [...order.toReversed(), 'x'])).toMatchObject({ red: ['L6'] });
  });
});
