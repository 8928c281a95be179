/** What all partitions of a recorder share: how many store at once, and how many facts a second there may be. */

import type { System } from '../../ports/system.ts';

export interface Turns {
  /** Resolves when it is one's turn; call what it gives when the turn is over. */
  take(): Promise<() => void>;
}

/** At most `many` turns at once, in the order of asking. */
export function makeTurns(many: number): Turns {
  let free = many;
  const waiting: (() => void)[] = [];
  return {
    async take() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      let over = false;
      return () => {
        if (over) return;
        over = true;
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      };
    },
  };
}

export interface Pace {
  /** How long to wait before these facts may be stored, in ms. They are counted from now on. */
  waitMsFor(facts: number): number;
}

/** No more than `ratePerSecond` facts; 0: no limit. What was not used is not saved up. */
export function makePace(ratePerSecond: number, system: Pick<System, 'monotonic'>): Pace {
  let freeAt = 0;
  return {
    waitMsFor(facts) {
      if (ratePerSecond === 0) return 0;
      const now = system.monotonic();
      const startAt = Math.max(now, freeAt);
      freeAt = startAt + (facts * 1000) / ratePerSecond;
      return startAt - now;
    },
  };
}
