/**
 * Wrong codes at the counter, counted by whoever gave them: an operator key, an address, and all together. Over a limit
 * nothing is looked up for that source for a while, right codes neither, so that guessing tells nothing. Each process
 * counts for itself.
 */

import type { Rate } from '../core/rate.ts';
import { countTry, newMeter, waitOf } from '../core/rate.ts';
import type { System } from '../ports/system.ts';

export interface Source {
  /** the operator key's id */
  id: string;
  address: string;
}

export interface WrongCodes {
  /** 0, or how long nothing is looked up for this source. */
  waitMs(source: Source): number;
  /** Counts a code that nobody holds, or that cannot be one. */
  count(source: Source): void;
  /** since the start: wrong codes, and look-ups that were refused because of them */
  counts(): { wrong: number; refused: number };
}

export interface WrongCodeLimits {
  key: Rate;
  address: Rate;
  all: Rate;
}

const MINUTE_MS = 60_000;

/** A person who types mistypes; nobody mistypes every other second for a minute. */
export const WRONG_CODE_LIMITS: WrongCodeLimits = {
  key: { tries: 60, periodMs: MINUTE_MS },
  address: { tries: 30, periodMs: MINUTE_MS },
  all: { tries: 600, periodMs: MINUTE_MS },
};

/** Told when a source goes over a limit: which limit, and by whom. */
export type OnGuessing = (over: { limit: keyof WrongCodeLimits; source: Source }) => void;

export function makeWrongCodes(
  system: Pick<System, 'monotonic'>,
  onGuessing: OnGuessing = () => undefined,
  limits: WrongCodeLimits = WRONG_CODE_LIMITS,
): WrongCodes {
  const meters = { key: newMeter(limits.key), address: newMeter(limits.address), all: newMeter(limits.all) };
  const of = ({ id, address }: Source) =>
    [
      ['key', id],
      ['address', address],
      ['all', ''],
    ] as const;
  let wrong = 0;
  let refused = 0;
  return {
    waitMs(source) {
      const now = system.monotonic();
      const waitMs = Math.max(...of(source).map(([limit, name]) => waitOf(meters[limit], name, now)));
      if (waitMs > 0) refused += 1;
      return waitMs;
    },
    count(source) {
      const now = system.monotonic();
      wrong += 1;
      for (const [limit, name] of of(source)) {
        countTry(meters[limit], name, now);
        // It was within the limit until now.
        if (waitOf(meters[limit], name, now) > 0) onGuessing({ limit, source });
      }
    },
    counts: () => ({ wrong, refused }),
  };
}
