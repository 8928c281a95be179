// Protects: a line moves at its pace, steadily, whatever the timer does: within 5 % over any length of time, in no burst
// of a second, and after a stall at no more than double the pace. What people are told to wait never grows unless it is
// said why.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pace } from '../../src/core/pace.ts';
import { budgetAt, estimate, hold, newPace, setPace, used } from '../../src/core/pace.ts';
import { seed } from '../support/seed.ts';

const STEP_MS = 50;

/** Asks and lets in all that may be, with at most `there` people there. */
function step(pace: Pace, now: number, there = Number.POSITIVE_INFINITY): number {
  const budget = budgetAt(pace, now);
  const released = Math.min(budget, there);
  used(pace, budget, released, now);
  return released;
}

/** Runs to `untilMs` by a timer that is late by what `jitter` says; returns [when, how many]. */
function run(
  pace: Pace,
  fromMs: number,
  untilMs: number,
  jitter: (i: number) => number = () => 0,
): [number, number][] {
  const steps: [number, number][] = [];
  let now = fromMs;
  for (let i = 0; now <= untilMs; i++) {
    steps.push([now, step(pace, now)]);
    now += STEP_MS + jitter(i);
  }
  return steps;
}

const sum = (steps: [number, number][]) => steps.reduce((total, [, count]) => total + count, 0);

describe('a pace', () => {
  it.each([0.2, 1, 3, 7.5, 10, 19, 21, 33, 50, 111, 999, 1000, 5000])(
    'of %f a second is kept',
    (perSecond) => {
      const pace = newPace(perSecond, STEP_MS);
      const total = sum(run(pace, 1e6, 1e6 + 100_000));
      expect(total).toBeGreaterThanOrEqual(Math.floor(100 * perSecond));
      expect(total).toBeLessThanOrEqual(100 * perSecond + 1);
    },
  );

  it('is kept by a late timer, and no stretch of time sees more than double of it', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 2000, noNaN: true }),
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 10, maxLength: 50 }),
        (perSecond, late) => {
          const steps = run(newPace(perSecond, STEP_MS), 0, 20_000, (i) => late[i % late.length] as number);
          const took = (steps.at(-1) as [number, number])[0] / 1000;
          expect(sum(steps)).toBeGreaterThanOrEqual(perSecond * took * 0.95 - 1);
          expect(sum(steps)).toBeLessThanOrEqual(perSecond * took + 1.001);
          for (const [, count] of steps) expect(count).toBeLessThanOrEqual(Math.ceil(perSecond * 0.1));
        },
      ),
      { seed, numRuns: 300 },
    );
  });

  it('lets the first one in at once, and one each spacing after that', () => {
    const pace = newPace(10, STEP_MS);
    const at = run(pace, 500, 1000).filter(([, count]) => count > 0);
    expect(at.map(([now]) => now - 500)).toEqual([0, 100, 200, 300, 400, 500]);
  });

  it('catches up with one second of a stall at most, and not at once', () => {
    const pace = newPace(100, STEP_MS);
    run(pace, 0, 1000);
    const after = run(pace, 31_000, 35_000);
    expect(after[0]).toEqual([31_000, 10]);
    expect(Math.max(...after.map(([, count]) => count))).toBe(10);
    // 4 s of pace, 1 s of what was missed.
    expect(sum(after)).toBeGreaterThanOrEqual(495);
    expect(sum(after)).toBeLessThanOrEqual(501);
  });

  it('saves nothing up while nobody is there', () => {
    const pace = newPace(100, STEP_MS);
    for (let now = 0; now < 5000; now += STEP_MS) expect(step(pace, now, 0)).toBe(0);
    expect(sum(run(pace, 5000, 6000))).toBeLessThanOrEqual(106);
  });

  it('saves nothing up while it is held, nor by a clock that steps back', () => {
    const pace = newPace(10, STEP_MS);
    run(pace, 0, 1000);
    hold(pace);
    expect(sum(run(pace, 60_000, 61_000))).toBe(11);
    expect(sum(run(pace, 5000, 6000))).toBeLessThanOrEqual(12);
  });

  it('changes at once when it is set', () => {
    const pace = newPace(10, STEP_MS);
    run(pace, 0, 950);
    setPace(pace, 100);
    expect(sum(run(pace, 1000, 1950))).toBeGreaterThanOrEqual(95);
    setPace(pace, 1);
    expect(sum(run(pace, 2000, 11_950))).toBeLessThanOrEqual(11);
  });
});

describe('an estimate', () => {
  it('is by the pace, the own turn included', () => {
    expect(estimate(newPace(10, STEP_MS), 0, null)).toEqual({ waitMs: 100, reason: null });
    expect(estimate(newPace(10, STEP_MS), 871, null)).toEqual({ waitMs: 87_200, reason: null });
  });

  it('is none while the line is held or the stock is in hands', () => {
    expect(estimate(newPace(10, STEP_MS), 5, 'held')).toEqual({ waitMs: null, reason: 'held' });
    expect(estimate(newPace(10, STEP_MS), 5, 'stock')).toEqual({ waitMs: null, reason: 'stock' });
  });

  it('says `behind` when the line is slower than its pace, and shrinks when it is on it again', () => {
    const pace = newPace(100, STEP_MS);
    // A timer that comes once in 3 s is caught up with for 100 ms a time only.
    for (let now = 0; now <= 12_000; now += 3000) step(pace, now);
    expect(pace.reason).toBe('behind');
    expect(estimate(pace, 999, null).waitMs).toBeGreaterThan(100_000);
    run(pace, 12_050, 30_000);
    expect(estimate(pace, 999, null)).toEqual({ waitMs: 10_000, reason: null });
  });

  it('says `slower_pace` when an operator set one', () => {
    const pace = newPace(100, STEP_MS);
    setPace(pace, 50);
    expect(estimate(pace, 99, null)).toEqual({ waitMs: 2000, reason: 'slower_pace' });
    setPace(pace, 200);
    expect(estimate(pace, 99, null)).toEqual({ waitMs: 500, reason: null });
  });

  it('never grows without a reason, whatever happens to the line', () => {
    const event = fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: 1, max: 200 }).map((ms) => ({ ms, set: 0, hold: false })) },
      {
        weight: 2,
        arbitrary: fc.integer({ min: 1000, max: 9000 }).map((ms) => ({ ms, set: 0, hold: false })),
      },
      { weight: 1, arbitrary: fc.constantFrom(5, 50, 500).map((set) => ({ ms: 50, set, hold: false })) },
      { weight: 1, arbitrary: fc.constant({ ms: 5000, set: 0, hold: true }) },
    );
    fc.assert(
      fc.property(fc.array(event, { minLength: 100, maxLength: 400, size: 'max' }), (events) => {
        const pace = newPace(50, STEP_MS);
        let now = 0;
        let ahead = 100_000;
        let told = Number.POSITIVE_INFINITY;
        for (const { ms, set, hold: held } of events) {
          now += ms;
          if (set > 0) setPace(pace, set);
          if (held) hold(pace);
          else ahead -= step(pace, now);
          const { waitMs, reason } = estimate(pace, ahead, null);
          if (waitMs !== null && waitMs > told) expect(reason).not.toBeNull();
          told = waitMs ?? told;
        }
      }),
      { seed, numRuns: 300 },
    );
  });
});
