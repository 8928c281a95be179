/**
 * Whether a drop is hot: people press here, or units go out or a window has just opened anywhere. Bulk work gives way
 * then. What other processes give out is seen by the counts that the catalog follows.
 */

import { startsAt } from '../core/campaign.ts';
import type { Catalog } from '../flow/catalog.ts';
import type { System } from '../ports/system.ts';

export interface Heat {
  hot(): boolean;
  stop(): void;
}

export interface HeatParts {
  catalog: Pick<Catalog, 'all'>;
  system: Pick<System, 'now' | 'monotonic' | 'every'>;
  /** presses a second in this process from which on it is hot */
  pressesPerSecond: number;
}

const SAMPLE_MS = 250;
/** It stays hot for so long: a crowd breathes. */
const COOLS_MS = 3_000;
/** The crowd is at its largest right then. */
const OPENED_MS = 5_000;
/** and right before: pages ask for the time and hold connections ready */
const OPENS_MS = 2_000;

export function makeHeat({ catalog, system, pressesPerSecond }: HeatParts): Heat {
  let before: { told: number; issued: number; at: number } | null = null;
  let hotUntil = Number.NEGATIVE_INFINITY;
  const look = (): void => {
    const at = system.monotonic();
    const now = system.now();
    let told = 0;
    let issued = 0;
    let opens = false;
    for (const live of catalog.all()) {
      for (const count of live.told.values()) told += count;
      issued += live.issued;
      const start = startsAt(live.campaign);
      opens ||= start !== null && now > start - OPENS_MS && now < start + OPENED_MS;
    }
    if (before !== null) {
      const seconds = Math.max(0.001, (at - before.at) / 1000);
      const presses = (told - before.told) / seconds;
      const moved = (issued - before.issued) / seconds;
      if (opens || presses >= pressesPerSecond || moved >= pressesPerSecond) hotUntil = at + COOLS_MS;
    }
    before = { told, issued, at };
  };
  const timer = system.every(SAMPLE_MS, look);
  return { hot: () => system.monotonic() < hotUntil, stop: () => timer.stop() };
}
