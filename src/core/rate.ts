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

/** Counts one try of `key`. Returns 0 when it is let through, else the ms to wait. A refused try costs nothing more. */
export function countTry(meter: Meter, key: string, now: number): number {
  const { tries, periodMs } = meter.rate;
  if (now - meter.turnedAt > periodMs) {
    meter.old = now - meter.turnedAt > 2 * periodMs ? new Map() : meter.young;
    meter.young = new Map();
    meter.turnedAt = now;
  }
  const spacing = periodMs / tries;
  const arrival = Math.max(meter.young.get(key) ?? meter.old.get(key) ?? now, now);
  const early = arrival - now - (periodMs - spacing);
  if (early > 0.000_001) return Math.max(1, Math.ceil(early));
  meter.young.set(key, arrival + spacing);
  return 0;
}
