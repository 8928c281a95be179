// Protects: the count of those who have gone is exact for any number, however the line grew and in whatever order people
// left.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PrefixCounts } from '../../src/core/prefix-counts.ts';
import { seed } from '../support/seed.ts';

it('counts as a plain list does', () => {
  const step = fc.oneof(
    fc.nat({ max: 40 }).map((grow) => ({ grow })),
    fc.nat().map((mark) => ({ mark })),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
      const counts = new PrefixCounts();
      const plain: number[] = [];
      for (const one of steps) {
        if ('grow' in one) {
          for (let i = 0; i < one.grow; i++) plain.push(0);
          counts.grow(plain.length);
          continue;
        }
        const at = plain.length === 0 ? -1 : one.mark % plain.length;
        if (at === -1 || plain[at] === 1) continue;
        plain[at] = 1;
        counts.mark(at + 1);
      }
      expect(counts.length).toBe(plain.length);
      let sum = 0;
      for (let at = 0; at <= plain.length; at++) {
        sum += plain[at - 1] ?? 0;
        expect(counts.upTo(at)).toBe(sum);
      }
    }),
    { seed, numRuns: 500 },
  );
});

it('grows past its first thousand', () => {
  const counts = new PrefixCounts();
  for (let at = 1; at <= 5000; at++) {
    counts.grow(at);
    if (at % 3 === 0) counts.mark(at);
  }
  expect(counts.upTo(5000)).toBe(1666);
  counts.mark(1);
  counts.grow(9000);
  expect(counts.upTo(9000)).toBe(1667);
});
