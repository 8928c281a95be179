/** The rate limit of people's calls, per user and per address, asked before the gate and never after. */

import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { Meter } from '../core/rate.ts';
import { countTry, newMeter } from '../core/rate.ts';
import type { System } from '../ports/system.ts';
import type { HttpConfig, SharedRate } from './parts.ts';

export interface Throttle {
  /** false: every try is let through, and nothing has to be asked */
  on: boolean;
  /** null: go on. A null user is not counted. */
  refusal(userId: string | null, address: string): Problem | null;
}

/**
 * Claims and readings are counted apart, so that watching a campaign costs nobody a press. `sharedRate` counts users
 * over all processes, where there are several; an address is counted by each process for itself.
 */
export function makeThrottle(
  rates: HttpConfig['rateLimit'],
  system: Pick<System, 'monotonic'>,
  sharedRate?: SharedRate,
): Throttle {
  const byUser = rates.user && (sharedRate ?? ownRate(newMeter(rates.user)));
  const byAddress: Meter | null = rates.ip && newMeter(rates.ip);
  return {
    on: byUser !== null || byAddress !== null,
    refusal(userId, address) {
      // Not the wall clock: when that steps back, nobody has pressed too often by it.
      const now = system.monotonic();
      let waitMs = byAddress ? countTry(byAddress, address, now) : 0;
      if (waitMs === 0 && byUser && userId !== null) waitMs = byUser.allow(userId, now);
      return waitMs === 0 ? null : problem('rate_limited', undefined, { retryAfterMs: waitMs });
    },
  };
}

function ownRate(meter: Meter): SharedRate {
  return { allow: (userId, now) => countTry(meter, userId, now) };
}
