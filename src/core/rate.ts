/**
 * Rate limit by GCRA (the leaky bucket as a meter): one number a key, no timer a key, no promise a call.
 * The library at hand keeps a timer for every key, which a crowd of a million people cannot afford.
 */

export interface Rate {
  /** tries per `periodMs`; a full period's worth may come at once */
  tries: number;
  periodMs: number;
}

export interface Meter {
  rate: Rate;
  /** key -> theoretical arrival time, epoch ms; two generations, so that old keys leave without being looked for */
  young: Map<string, number>;
  old: Map<string, number>;
  turnedAt: number;
}

export function newMeter(rate: Rate): Meter {
  return { rate, young: new Map(), old: new Map(), turnedAt: 0 };
}

/** What sums of epoch ms in doubles may be off by: a try that is early by no more is in time. */
const CLOCK_ERROR_MS = 0.05;

/**
 * Counts one try of `key` at `now` (ms of any clock). Returns 0 when it is let through, else the ms to wait. A refused
 * try costs nothing more. A clock that steps back makes nobody wait longer than a period for it.
 */
export function countTry(meter: Meter, key: string, now: number): number {
  const waitMs = waitOf(meter, key, now);
  if (waitMs === 0) meter.young.set(key, arrivalOf(meter, key, now) + meter.rate.periodMs / meter.rate.tries);
  return waitMs;
}

/** As {@link countTry}, of a try that is not counted. */
export function waitOf(meter: Meter, key: string, now: number): number {
  const { tries, periodMs } = meter.rate;
  turn(meter, now);
  const spacing = periodMs / tries;
  const early = arrivalOf(meter, key, now) - now - (periodMs - spacing);
  return early > Math.min(CLOCK_ERROR_MS, spacing / 2) ? Math.max(1, Math.ceil(early)) : 0;
}

/** No arrival lies more than a period ahead, unless the clock was ahead when it was noted. */
function arrivalOf({ rate: { periodMs }, young, old }: Meter, key: string, now: number): number {
  const known = young.get(key) ?? old.get(key) ?? now;
  return known > now + periodMs + CLOCK_ERROR_MS ? now : Math.max(known, now);
}

/** Every period the young become the old; the old are gone, because no arrival lies more than a period ahead. */
function turn(meter: Meter, now: number): void {
  const age = now - meter.turnedAt;
  if (age >= 0 && age <= meter.rate.periodMs) return;
  meter.old = age > 2 * meter.rate.periodMs ? new Map() : meter.young;
  meter.young = new Map();
  meter.turnedAt = now;
}
