/**
 * How fast a line moves: a steady pace of so many a second, whatever the timer does that asks for it, and how long one
 * still waits by it. Pure: `now` is monotonic ms, handed in.
 *
 * Time gives credit, a release uses it. A stall is caught up with for at most one second's worth, at no more than double
 * the pace, so that nobody behind the line is flooded. A line with nobody in it saves nothing up.
 */

export interface Pace {
  perSecond: number;
  /** how often it is asked, about */
  stepMs: number;
  /** when it was last asked; null: not since it began or was held */
  askedAt: number | null;
  /** people that may be let in, with fractions */
  credit: number;
  /** what is measured now: since when, and how many; null while the line does not move by its pace */
  window: { since: number; released: number } | null;
  /** what people are told their wait by, a second */
  shown: number;
  /** the fastest pace that people were ever told by */
  fastest: number;
  reason: SlowReason | null;
}

/** Why an estimate may have grown: the line was slower than its pace, or an operator set a slower one. */
export type SlowReason = 'behind' | 'slower_pace';

/** `waitMs` null: nobody can say, for this reason. `held`: paused. `stock`: all units are in the hands of people let in. */
export interface Estimate {
  waitMs: number | null;
  reason: SlowReason | 'held' | 'stock' | null;
}

const CATCH_UP_MS = 1000;
/** A measure is of at least so long and so many, or it says more about the clock than about the line. */
const MEASURE_MS = 5000;
const MEASURE_MIN = 20;
/** Below this part of what is told, the line is behind; above the other, it is on its pace again. */
const BEHIND = 0.9;
const ON_PACE = 0.95;

/** A pace of `perSecond` (above 0), to be asked about each `stepMs`. */
export function newPace(perSecond: number, stepMs: number): Pace {
  return {
    perSecond,
    stepMs,
    askedAt: null,
    credit: 0,
    window: null,
    shown: perSecond,
    fastest: perSecond,
    reason: null,
  };
}

/** How many may be let in now. What is let in must be said by `used` before it is asked again. */
export function budgetAt(pace: Pace, now: number): number {
  const { perSecond, stepMs, askedAt } = pace;
  // A monotonic clock that is behind is another process's.
  const passedMs = askedAt === null || now < askedAt ? 0 : now - askedAt;
  if (askedAt === null || now < askedAt) pace.credit = Math.max(pace.credit, 1);
  pace.askedAt = now;
  const most = Math.max(1, (perSecond * CATCH_UP_MS) / 1000);
  pace.credit = Math.min(most, pace.credit + (perSecond * passedMs) / 1000);
  const atOnce = Math.max(1, Math.ceil((2 * perSecond * stepMs) / 1000));
  return Math.min(atOnce, Math.floor(pace.credit + ROUNDING));
}

/** Sums of fractions may miss a whole by this much. */
const ROUNDING = 1e-9;

/**
 * Takes off what was let in of a budget. With less let in than the budget there was nobody left, or no unit: the line is
 * not behind for it, and what was not used is not saved up.
 */
export function used(pace: Pace, budget: number, released: number, now: number): void {
  pace.credit = Math.max(0, pace.credit - released);
  if (released < budget) {
    pace.credit = Math.min(pace.credit, 1);
    pace.window = null;
    return;
  }
  pace.window ??= { since: now, released: 0 };
  // What is let in where a measure begins is of the time before.
  if (pace.window.since !== now) pace.window.released += released;
  measure(pace, pace.window, now);
}

function measure(pace: Pace, window: { since: number; released: number }, now: number): void {
  const passedMs = now - window.since;
  if (passedMs < MEASURE_MS || (passedMs * pace.perSecond) / 1000 < MEASURE_MIN) return;
  const measured = Math.min(pace.perSecond, (1000 * window.released) / passedMs);
  pace.window = { since: now, released: 0 };
  if (measured < BEHIND * pace.shown) {
    pace.shown = measured;
    pace.reason = 'behind';
  } else if (measured >= ON_PACE * pace.perSecond) {
    show(pace, pace.perSecond);
    pace.reason = onPace(pace);
  } else show(pace, Math.max(pace.shown, measured));
}

function show(pace: Pace, shown: number): void {
  pace.shown = shown;
  pace.fastest = Math.max(pace.fastest, shown);
}

/** The line is held: no time counts until it is asked again. */
export function hold(pace: Pace): void {
  pace.askedAt = null;
  pace.credit = 0;
  pace.window = null;
}

/** An operator sets another pace; credit so far stays as it is. */
export function setPace(pace: Pace, perSecond: number): void {
  if (perSecond === pace.perSecond) return;
  pace.perSecond = perSecond;
  pace.window = null;
  if (perSecond >= pace.shown && pace.reason === 'behind') return;
  show(pace, perSecond);
  pace.reason = onPace(pace);
}

/** On its pace a line has nothing to explain, but to those who were once told by a faster one. */
function onPace({ perSecond, fastest }: Pace): SlowReason | null {
  return perSecond < fastest ? 'slower_pace' : null;
}

/** How long somebody with so many before him still waits. It grows only when `reason` says why. */
export function estimate(pace: Pace, ahead: number, stopped: 'held' | 'stock' | null): Estimate {
  if (stopped !== null) return { waitMs: null, reason: stopped };
  if (pace.shown <= 0) return { waitMs: null, reason: pace.reason };
  return { waitMs: Math.ceil((1000 * (ahead + 1)) / pace.shown), reason: pace.reason };
}
