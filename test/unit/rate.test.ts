// Protects: the rate limit is what it says. In no stretch of time are more tries let through than one period's worth at
// once and the pace after it; whoever keeps to the pace is never refused; a refusal costs nothing; nobody is remembered
// for longer than he matters.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rate } from '../../src/core/rate.ts';
import { countTry, newMeter } from '../../src/core/rate.ts';
import { T0 } from '../support/samples.ts';
import { seed } from '../support/seed.ts';

const TEN: Rate = { tries: 10, periodMs: 1000 };

describe('a meter', () => {
  it('lets a period’s worth through at once, then one each spacing', () => {
    const meter = newMeter(TEN);
    const burst = Array.from({ length: 12 }, () => countTry(meter, 'a', T0));
    expect(burst).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 100]);
    expect(countTry(meter, 'a', T0 + 99)).toBe(1);
    expect(countTry(meter, 'a', T0 + 100)).toBe(0);
    expect(countTry(meter, 'a', T0 + 100)).toBe(100);
  });

  it.each([1, 2, 3, 7, 11, 60, 97, 333])(
    'lets exactly %i through at once, at any moment of any clock',
    (tries) => {
      for (const start of [0, 0.1, 12_345.678, T0, T0 + 1 / 3]) {
        const meter = newMeter({ tries, periodMs: 1000 });
        const passed = Array.from({ length: tries + 5 }, () => countTry(meter, 'a', start)).filter(
          (ms) => ms === 0,
        );
        expect(passed).toHaveLength(tries);
      }
    },
  );

  it('a refusal costs nothing: a thousand more do not push the next try away', () => {
    const meter = newMeter(TEN);
    for (let i = 0; i < 1010; i++) countTry(meter, 'a', T0);
    expect(countTry(meter, 'a', T0 + 100)).toBe(0);
  });

  it('whoever waits as long as told is let through', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 60_000 }),
        (tries, periodMs) => {
          const meter = newMeter({ tries, periodMs });
          let now = T0;
          for (let i = 0; i < 50; i++) {
            const waitMs = countTry(meter, 'a', now);
            if (waitMs === 0) continue;
            now += waitMs;
            expect(countTry(meter, 'a', now)).toBe(0);
          }
        },
      ),
      { seed },
    );
  });

  it('keys have nothing to do with each other', () => {
    const meter = newMeter({ tries: 1, periodMs: 1000 });
    expect(['a', 'b', 'A', ''].map((key) => countTry(meter, key, T0))).toEqual([0, 0, 0, 0]);
    expect(countTry(meter, 'a', T0)).toBe(1000);
  });
});

describe('any stretch of time', () => {
  const pauses = fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 30 }), fc.nat({ max: 3000 })), {
    minLength: 50,
    maxLength: 200,
  });
  const rates = fc.record({
    tries: fc.integer({ min: 1, max: 40 }),
    periodMs: fc.constantFrom(100, 1000, 1500),
  });

  it('sees at most one period’s worth, and the pace for as long as it lasts', () => {
    fc.assert(
      fc.property(rates, pauses, (rate, gaps) => {
        const meter = newMeter(rate);
        const passed: number[] = [];
        let now = T0;
        for (const gap of gaps) {
          now += gap;
          if (countTry(meter, 'a', now) === 0) passed.push(now);
        }
        // From every passed try on: how many came, less what the pace allows meanwhile.
        let ahead = 0;
        for (let from = 0; from < passed.length; from++) {
          for (let to = from; to < passed.length; to++) {
            const lasted = (passed[to] as number) - (passed[from] as number);
            ahead = Math.max(ahead, to - from + 1 - (lasted * rate.tries) / rate.periodMs);
          }
        }
        expect(ahead).toBeLessThanOrEqual(rate.tries + 0.02);
      }),
      { seed },
    );
  });

  it('never refuses whoever keeps to the pace', () => {
    fc.assert(
      fc.property(rates, fc.array(fc.nat({ max: 50 }), { minLength: 100, maxLength: 100 }), (rate, late) => {
        const meter = newMeter(rate);
        let now = T0;
        for (const more of late) {
          expect(countTry(meter, 'a', now)).toBe(0);
          now += rate.periodMs / rate.tries + more;
        }
      }),
      { seed },
    );
  });
});

describe('memory', () => {
  it('lets go of those who stay away: a crowd of 100,000 is forgotten after three periods', () => {
    const meter = newMeter(TEN);
    for (let i = 0; i < 100_000; i++) countTry(meter, `u-${i}`, T0);
    expect(meter.young.size + meter.old.size).toBe(100_000);
    for (let ms = 500; ms <= 3000; ms += 500) countTry(meter, 'late', T0 + ms);
    expect(meter.young.size + meter.old.size).toBeLessThanOrEqual(2);
  });

  it('does not forget too early: the limit holds across the change of generations', () => {
    const meter = newMeter({ tries: 1, periodMs: 1000 });
    countTry(meter, 'first', T0);
    expect(countTry(meter, 'a', T0 + 1000)).toBe(0);
    expect(countTry(meter, 'b', T0 + 1001)).toBe(0);
    expect(countTry(meter, 'a', T0 + 1500)).toBe(500);
    expect(countTry(meter, 'a', T0 + 2000)).toBe(0);
  });
});

describe('a clock that steps back', () => {
  it.each([1, 500, 1000, 3_600_000])('by %i ms locks nobody out for longer than a period', (stepMs) => {
    const meter = newMeter(TEN);
    for (let i = 0; i < 10; i++) countTry(meter, 'a', T0);
    const waitMs = countTry(meter, 'a', T0 - stepMs);
    expect(waitMs).toBeLessThanOrEqual(1000 + 100);
    expect(countTry(meter, 'a', T0 - stepMs + waitMs)).toBe(0);
  });

  it('and memory is still let go of', () => {
    const meter = newMeter(TEN);
    for (let i = 0; i < 1000; i++) countTry(meter, `u-${i}`, T0);
    for (let ms = 0; ms <= 2002; ms += 1001) countTry(meter, 'late', T0 - 3_600_000 + ms);
    expect(meter.young.size + meter.old.size).toBeLessThanOrEqual(2);
  });
});
