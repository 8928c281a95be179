// Protects: what is noted as on the log is what was put there, and nothing beside it.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeqMarks } from '../../src/flow/seq-marks.ts';
import { seed } from '../support/seed.ts';

describe('marks', () => {
  it('say what a set would say', () => {
    const seq = fc.oneof(
      fc.nat({ max: 40 }),
      fc.nat({ max: 2_000 }),
      fc.integer({ min: 0, max: 10_000_000 }),
    );
    fc.assert(
      fc.property(fc.array(seq, { maxLength: 40 }), fc.array(seq, { maxLength: 40 }), (added, asked) => {
        const marks = new SeqMarks();
        for (const one of added) marks.add(one);
        const near = added.flatMap((one) => [one - 1, one, one + 1]).filter((one) => one >= 0);
        for (const one of [...asked, ...near]) expect(marks.has(one)).toBe(added.includes(one));
      }),
      { seed, numRuns: 200 },
    );
  });

  it('none are there at first, however far one asks', () => {
    const marks = new SeqMarks();
    expect([0, 1, 1023, 1024, 10_000_000].map((seq) => marks.has(seq))).toEqual(Array(5).fill(false));
  });

  it('keep what they had when they grow', () => {
    const marks = new SeqMarks();
    for (let seq = 1; seq <= 5_000; seq += 3) marks.add(seq);
    for (let seq = 1; seq <= 5_000; seq++) expect(marks.has(seq)).toBe(seq % 3 === 1);
  });
});
