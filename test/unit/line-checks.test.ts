// Protects: an integrity report of a line sees a winner whom the record does not name, over all pages of both.

import { describe, expect, it } from 'vitest';
import type { LineFact } from '../../src/core/line-fact.ts';
import { lineChecks } from '../../src/flow/line-checks.ts';
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
