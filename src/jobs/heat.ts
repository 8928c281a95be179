/**
 * Whether a drop is hot: people press here, or units go out or a window opens anywhere. Bulk work gives way then. What
 * other processes give out is seen by the counts that the catalog follows. What jobs press for themselves is no crowd.
 */

import { startsAt } from '../core/campaign.ts';
import type { Catalog } from '../flow/catalog.ts';
import type { System } from '../ports/system.ts';

export interface Heat {
  hot(): boolean;
  /** A job has pressed so many times, on behalf of others. */
  own(presses: number): void;
  stop(): void;
}

export interface HeatParts {
  catalog: Pick<Catalog, 'all'>;
  system: Pick<System, 'now' | 'monotonic' | 'every'>;
  /** presses a second from which on it is hot */
  pressesPerSecond: number;
}

interface Sample {
  at: number;
  told: number;
  issued: number;
  own: number;
}

const SAMPLE_MS = 250;
/** Rates are taken over so long; units of jobs may be counted as out by so much later than they were pressed for. */
const WINDOW = 4;
const LATE = 12;
/** It stays hot for so long: a crowd breathes. */
const COOLS_MS = 3_000;
/** The crowd is at its largest right then, and shortly before pages ask for the time and hold connections ready. */
const OPENED_MS = 5_000;
const OPENS_MS = 2_000;

export function makeHeat(parts: HeatParts): Heat {
  const { system } = parts;
  const samples: Sample[] = [];
  let own = 0;
  let hotUntil = Number.NEGATIVE_INFINITY;
  const timer = system.every(SAMPLE_MS, () => {
    const { sample, opens } = look(parts, own);
    samples.push(sample);
    if (samples.length > LATE + 1) samples.shift();
    if (opens || rateOf(samples) >= parts.pressesPerSecond) hotUntil = sample.at + COOLS_MS;
  });
  return {
    hot: () => system.monotonic() < hotUntil,
    own: (presses) => {
      own += presses;
    },
    stop: () => timer.stop(),
  };
}

function look({ catalog, system }: HeatParts, own: number): { sample: Sample; opens: boolean } {
  const now = system.now();
  const sample: Sample = { at: system.monotonic(), told: 0, issued: 0, own };
  let opens = false;
  for (const live of catalog.all()) {
    for (const count of live.told.values()) sample.told += count;
    sample.issued += live.issued;
    const start = startsAt(live.campaign);
    opens ||= start !== null && now > start - OPENS_MS && now < start + OPENED_MS;
  }
  return { sample, opens };
}

/** People's presses, or units that went to people, a second. */
function rateOf(samples: readonly Sample[]): number {
  const last = samples.at(-1);
  const before = samples.at(-1 - WINDOW) ?? samples[0];
  const first = samples[0];
  if (last === undefined || before === undefined || first === undefined || last === before) return 0;
  const seconds = (last.at - before.at) / 1000;
  const presses = last.told - before.told - (last.own - before.own);
  const units = last.issued - before.issued - (last.own - first.own);
  return Math.max(presses, units) / seconds;
}
