// Protects: each invariant is broken by exactly the figures that break it, and lag alone breaks none.

import { describe, expect, it } from 'vitest';
import type { AuditFigures } from '../../src/core/audit.ts';
import { audit } from '../../src/core/audit.ts';

const record = {
  issued: 10,
  lastSeq: 10,
  perUserMax: 1,
  distinctSeqs: 10,
  withCode: 10,
  unissued: 0,
  distinctCodes: 10,
  firstWonAt: 1000,
  lastWonAt: 1999,
};

const good: AuditFigures = {
  quantity: 10,
  returned: 0,
  perUserLimit: 1,
  everyUnitHasCode: true,
  startsAt: 1000,
  closesAt: 2000,
  gate: { issued: 10, lastSeq: 10, issuedBefore: 10 },
  record,
  deadLetters: 0,
  drained: true,
  toldSoldOut: true,
  seen: {
    repeats: { compared: 5, different: 0 },
    order: { compared: 5, inverted: 0 },
    soldOut: { compared: 5, early: 0 },
  },
};

const remade = { epoch: 2, baseSeq: 5, reserved: 0, gapsSince: 0 };
const at = (issued: number, lastSeq: number) => ({ issued, lastSeq, issuedBefore: issued });

function broken(change: Partial<AuditFigures>): string[] {
  return audit({ ...good, ...change })
    .checks.filter((check) => !check.ok)
    .map((check) => check.id);
}

describe('the invariants', () => {
  it('hold for good figures, in order', () => {
    const { ok, checks } = audit(good);
    expect(ok).toBe(true);
    expect(checks.map((check) => check.id)).toEqual(Array.from({ length: 11 }, (_, i) => `I${i + 1}`));
  });

  it.each<[string, Partial<AuditFigures>, string[]]>([
    ['more recorded than there are', { quantity: 9 }, ['I1']],
    ['more decided than there are', { gate: { issued: 11, lastSeq: 11, issuedBefore: 10 } }, ['I1']],
    ['a user with two', { record: { ...record, perUserMax: 2 } }, ['I2']],
    [
      'a win that is missing',
      { record: { ...record, issued: 9, distinctSeqs: 9, lastSeq: 9, withCode: 9, distinctCodes: 9 } },
      ['I3'],
    ],
    [
      'a win that was set aside',
      { record: { ...record, issued: 9, distinctSeqs: 9, withCode: 9, distinctCodes: 9 }, deadLetters: 1 },
      ['I3'],
    ],
    ['a win that nobody decided', { gate: { issued: 9, lastSeq: 9, issuedBefore: 9 } }, ['I4', 'I5']],
    ['a stranded unit', { quantity: 11 }, ['I5']],
    [
      'a gap',
      { record: { ...record, lastSeq: 11 }, gate: { issued: 10, lastSeq: 11, issuedBefore: 10 } },
      ['I6'],
    ],
    ['a number given twice', { record: { ...record, distinctSeqs: 9, lastSeq: 9 } }, ['I6']],
    ['a code given twice', { record: { ...record, distinctCodes: 9 } }, ['I7']],
    ['a coupon without code', { record: { ...record, withCode: 9, distinctCodes: 9 } }, ['I7']],
    ['another answer', { seen: { ...good.seen, repeats: { compared: 5, different: 1 } } }, ['I8']],
    [
      'a later press with a lower seq',
      { seen: { ...good.seen, order: { compared: 5, inverted: 1 } } },
      ['I9'],
    ],
    ['a win before the opening', { startsAt: 1001 }, ['I10']],
    ['a win at the closing', { closesAt: 1999 }, ['I10']],
    ['sold out told too early', { seen: { ...good.seen, soldOut: { compared: 5, early: 1 } } }, ['I11']],
    [
      'a number that a gate which was made good left out',
      { record: { ...record, lastSeq: 11 }, gate: at(10, 11), remade: { ...remade, gapsSince: 1 } },
      ['I6'],
    ],
    ['a reserved unit given away', { remade: { ...remade, reserved: 1 }, quantity: 11 }, ['I4', 'I5']],
    ['reserved units beyond the quantity', { remade: { ...remade, reserved: 1 }, gate: at(11, 10) }, ['I1']],
  ])('%s', (_name, change, ids) => {
    expect(broken(change)).toEqual(ids);
  });

  it('are not broken by lag', () => {
    const behind = { ...record, issued: 7, lastSeq: 7, distinctSeqs: 7, withCode: 7, distinctCodes: 7 };
    const { ok, checks } = audit({ ...good, record: behind, drained: false });
    expect(ok).toBe(true);
    expect(checks[2]?.says).toContain('3 wins are on their way');
  });

  it('are not broken by what is decided while they are asked', () => {
    expect(
      broken({ quantity: 20, toldSoldOut: false, gate: { issued: 15, lastSeq: 15, issuedBefore: 10 } }),
    ).toEqual([]);
  });

  it('are not broken by numbers and units that a lost gate took with it', () => {
    const after = { ...record, lastSeq: 14 };
    const change = { quantity: 13, record: after, gate: at(13, 14) };
    expect(broken({ ...change, remade: { ...remade, reserved: 3 } })).toEqual([]);
    expect(broken(change)).toEqual(['I3', 'I6']);
  });

  it('are not broken by a win that was given up, whose unit went out again', () => {
    const after = { ...record, issued: 9, distinctSeqs: 9, withCode: 9, distinctCodes: 9 };
    expect(broken({ record: after, setAside: 1 })).toEqual([]);
    expect(broken({ record: after, setAside: 1, gate: null })).toEqual([]);
    expect(broken({ setAside: 1 })).toEqual(['I1']);
  });

  it('are asked of the record alone when the campaign is not at the gate', () => {
    expect(broken({ gate: null })).toEqual([]);
  });
});
