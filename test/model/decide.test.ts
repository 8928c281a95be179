// Protects: the decider is the rule (see support/decide-model), and the comparison would notice one that is not.

import { describe, expect, it } from 'vitest';
import { gateRule } from '../../src/core/gate.ts';
import type { DecideParts } from '../../src/flow/decide.ts';
import { makeDecider } from '../../src/flow/decide.ts';
import type { RecordBatch } from '../../src/ports/record.ts';
import type { MakeTheDecider } from '../support/decide-model.ts';
import { holdDeciderAgainstRule } from '../support/decide-model.ts';

describe('the decider', () => {
  it('decides what the naive rule decides, in 1500 random lives of a log', async () => {
    await holdDeciderAgainstRule(makeDecider, 1500);
  });
});

/** A decider with one thing wrong. */
function spoilt(spoil: (parts: DecideParts) => Partial<DecideParts>): MakeTheDecider {
  return (parts) => makeDecider({ ...parts, ...spoil(parts) });
}

function spoiltBatch(spoil: (batch: RecordBatch) => Partial<RecordBatch>): MakeTheDecider {
  return spoilt(({ record }) => ({
    record: {
      next: (source) => record.next(source),
      holders: (id, after, limit) => record.holders(id, after, limit),
      store: (batch) => record.store({ ...batch, ...spoil(batch) }),
    },
  }));
}

describe('a decider is found out that', () => {
  it.each<[string, MakeTheDecider]>([
    [
      'leaves a request out',
      spoilt(({ reader }) => ({
        reader: {
          async read(offset, max) {
            const slice = await reader.read(offset, max);
            return { ...slice, requests: slice.requests.slice(0, 10) };
          },
        },
      })),
    ],
    ['begins by what is stored now', spoilt(({ campaigns }) => ({ rulings: byStored(campaigns) }))],
    ['forgets who holds what', spoilt(({ record }) => ({ record: forgetful(record) }))],
    [
      'forgets why people were refused',
      spoilt(({ rulings }) => ({
        rulings: {
          async of(id) {
            const ruling = await rulings.of(id);
            return ruling && { ...ruling, phases: [] };
          },
        },
      })),
    ],
    ['keeps its rulings to itself', spoiltBatch(() => ({ rulings: [] }))],
    ['skips what it cannot read', spoiltBatch(() => ({ unreadable: [] }))],
    ['does not say where that was', spoiltBatch(() => ({ unreadableAt: [] }))],
    ['keeps a win to itself', spoiltBatch(({ wins }) => ({ wins: wins.slice(0, 4) }))],
    [
      'reads requests out of order',
      spoilt(({ reader }) => ({
        reader: {
          async read(offset, max) {
            const slice = await reader.read(offset, max);
            return { ...slice, requests: slice.requests.toReversed() };
          },
        },
      })),
    ],
  ])('%s', async (_title, make) => {
    await expect(holdDeciderAgainstRule(make, 500, true)).rejects.toThrow('Property failed');
  });
});

/** Whatever the log says first. */
function byStored(campaigns: DecideParts['campaigns']): DecideParts['rulings'] {
  return {
    async of(campaignId) {
      const campaign = await campaigns.get(campaignId);
      const nothing = { campaignId, clock: 0, phases: [], issued: 0, lastSeq: 0, source: '', changed: 0 };
      return campaign && { ...nothing, rule: gateRule(campaign) };
    },
  };
}

function forgetful(record: DecideParts['record']): DecideParts['record'] {
  return {
    next: (source) => record.next(source),
    store: (batch) => record.store(batch),
    holders: (id, after) => record.holders(id, after, 0),
  };
}
