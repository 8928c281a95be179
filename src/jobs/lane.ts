/**
 * The lane of bulk work. Between two chunks everybody else has a turn; while a drop is hot a run does a small chunk now
 * and then, at most a tenth of the time. Not for ever: a drop that lasts for hours must not keep coupons from anybody.
 */

import type { System } from '../ports/system.ts';

export interface Lane {
  /** Resolves when the next chunk may begin, `lastMs` after one that took so long; at most how many items it may have. */
  turn(lastMs: number, signal: AbortSignal): Promise<number>;
}

export interface LaneParts {
  heat: { hot(): boolean };
  system: Pick<System, 'monotonic' | 'after' | 'afterTurn'>;
  /** how long a run gives way in all before it goes on at its own pace */
  giveWayMaxMs: number;
}

/** Items of a chunk while it is hot. */
const SMALL = 100;
const SHARE = 9;
const PAUSE_MIN_MS = 250;
const PAUSE_MAX_MS = 5_000;
const LOOK_MS = 100;

/** One for each run: it knows how long that one has given way. */
export function makeLane({ heat, system, giveWayMaxMs }: LaneParts): Lane {
  let gaveWayMs = 0;
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void system.after(ms, resolve));
  const nextTurn = (): Promise<void> => new Promise((resolve) => system.afterTurn(resolve));
  return {
    async turn(lastMs, signal) {
      await nextTurn();
      if (!heat.hot() || gaveWayMs >= giveWayMaxMs) return Number.POSITIVE_INFINITY;
      const from = system.monotonic();
      const end = from + Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, lastMs * SHARE));
      while (heat.hot() && !signal.aborted && system.monotonic() < end) await pause(LOOK_MS);
      gaveWayMs += system.monotonic() - from;
      return heat.hot() ? SMALL : Number.POSITIVE_INFINITY;
    },
  };
}
