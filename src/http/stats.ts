/** Live counters of campaigns: rates by a look once a second, the rest as it stands. */

import { quantitySaid, statusOf } from '../core/campaign.ts';
import { LatencyHistogram } from '../core/latency-histogram.ts';
import type { Catalog, LiveCampaign } from '../flow/catalog.ts';
import type { Log } from '../ports/log.ts';
import type { System, Timer } from '../ports/system.ts';
import type { LaterCounts } from './later-verdicts.ts';
import type { LinePublic, RecorderState } from './parts.ts';
import { type RecentSample, RecentStats } from './recent-stats.ts';
import type { RecordedParts } from './recorded.ts';
import { Recorded } from './recorded.ts';
import { remainingOf, timeOrNull, timeText } from './wire.ts';

const LOOK_MS = 1000;
/** Looks that waiting times are told of. */
const LATENCY_LOOKS = 10;

interface Look {
  claims: number;
  issued: number;
  claimsPerSecond: number;
  winsPerSecond: number;
}

export interface Stats {
  /** and what the record has of it is counted for a while */
  of(live: LiveCampaign): Record<string, unknown>;
  /** the last minutes, in steps of a second where something happened */
  recent(live: LiveCampaign): Record<string, unknown>;
  /** Takes in how long one of the measured presses waited for its answer. */
  answered(live: LiveCampaign, ms: number): void;
  /** one campaign, or (null) all that are not archived, as JSON */
  text(campaignId: string | null): string;
  stop(): void;
}

const isKept = ({ campaign }: LiveCampaign): boolean => campaign.archivedAt === null;

function sumOf(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

/** Another number when something has happened: almost all of it only grows, and a unit that comes back is one issued less. */
function markOf(live: LiveCampaign, later: ReadonlyMap<string, number>): number {
  const { quantity, returned } = live.campaign;
  return sumOf(live.told) + sumOf(later) + live.issued + quantity + 2 * returned;
}

function sampleOf(
  live: LiveCampaign,
  later: ReadonlyMap<string, number>,
  at: number,
): Omit<RecentSample, 'latencyMs'> {
  return {
    at,
    claims: sumOf(live.told),
    issued: live.issued,
    remaining: remainingOf(live),
    verdicts: Object.fromEntries(live.told),
    laterVerdicts: Object.fromEntries(later),
  };
}

/** How far the record is behind. */
function lagOf({ next, end, lagMs }: RecorderState): { recorder: number; recorderMs: number } {
  return { recorder: Math.max(0, end - next), recorderMs: end > next ? lagMs : 0 };
}

export interface StatsParts extends RecordedParts {
  system: System;
  catalog: Catalog;
  log: Log;
  recorderState(): RecorderState;
  line?: Pick<LinePublic, 'counts'>;
  /** verdicts that were not the answer to a press */
  later: LaterCounts;
}

/** How a line stands, for operators; nothing where there is none. */
function lineFigures({ campaign }: LiveCampaign, line: StatsParts['line']): Record<string, unknown> {
  const counts = line?.counts(campaign.id) ?? null;
  if (counts === null) return {};
  const { serving, lastNumber, waiting, offered, atGate, won, free } = counts;
  return { line: { servingNumber: serving, lastNumber, waiting, offered, atGate, won, free } };
}

/** Waiting times of the last seconds, one histogram for each; the first is of now. */
class RecentLatency {
  readonly #seconds = new Map<LiveCampaign, LatencyHistogram[]>();

  add(live: LiveCampaign, ms: number): void {
    const seconds = this.#seconds.get(live);
    if (seconds?.[0]) seconds[0].add(ms);
    else {
      const now = new LatencyHistogram();
      now.add(ms);
      this.#seconds.set(live, [now]);
    }
  }

  next(): void {
    for (const [live, seconds] of this.#seconds) {
      seconds.unshift(new LatencyHistogram());
      seconds.length = Math.min(seconds.length, LATENCY_LOOKS);
      if (seconds.every(({ total }) => total === 0)) this.#seconds.delete(live);
    }
  }

  /** null: nothing was measured */
  of(live: LiveCampaign): { p50: number; p99: number; measured: number } | null {
    const all = new LatencyHistogram();
    for (const one of this.#seconds.get(live) ?? []) all.merge(one.stored());
    const [p50, p99] = [all.percentile(0.5), all.percentile(0.99)];
    return p50 === null || p99 === null ? null : { p50: round(p50), p99: round(p99), measured: all.total };
  }
}

const round = (ms: number): number => Math.round(ms * 1000) / 1000;

/** How fast presses and wins come in, from look to look. */
class Rates {
  readonly #system: System;
  readonly #looks = new WeakMap<LiveCampaign, Look>();
  #lookedAt: number;
  #seconds = 1;

  constructor(system: System) {
    this.#system = system;
    this.#lookedAt = system.monotonic();
  }

  /** A look begins, at all campaigns. */
  next(): void {
    const now = this.#system.monotonic();
    this.#seconds = Math.max(0.001, (now - this.#lookedAt) / 1000);
    this.#lookedAt = now;
  }

  look(live: LiveCampaign): void {
    const claims = sumOf(live.told);
    const before = this.#looks.get(live);
    this.#looks.set(live, {
      claims,
      issued: live.issued,
      claimsPerSecond: before ? (claims - before.claims) / this.#seconds : 0,
      winsPerSecond: before ? Math.max(0, live.issued - before.issued) / this.#seconds : 0,
    });
  }

  of(live: LiveCampaign): Look | undefined {
    return this.#looks.get(live);
  }
}

export function makeStats(parts: StatsParts): Stats {
  const { system, catalog, log, recorderState, line, later } = parts;
  const rates = new Rates(system);
  const latency = new RecentLatency();
  const recorded = new Recorded(parts);
  const recent = new RecentStats();

  const timer: Timer = system.every(LOOK_MS, () => {
    latency.next();
    rates.next();
    const now = system.now();
    for (const live of catalog.all()) {
      recorded.look(live);
      rates.look(live);
      const told = later.of(live);
      recent.look(live, markOf(live, told), now, () => ({
        ...sampleOf(live, told, now),
        latencyMs: latency.of(live),
      }));
    }
  });

  function of(live: LiveCampaign): Record<string, unknown> {
    const now = system.now();
    const { claimsPerSecond = 0, winsPerSecond: pace = 0 } = rates.of(live) ?? {};
    const remaining = remainingOf(live);
    const status = statusOf(live.campaign, live.issued, now);
    return {
      campaignId: live.campaign.id,
      name: live.campaign.name,
      status,
      quantity: quantitySaid(live.campaign),
      issued: live.issued,
      remaining,
      claims: sumOf(live.told),
      claimsPerSecond: Math.round(claimsPerSecond),
      winsPerSecond: Math.round(pace),
      verdicts: Object.fromEntries(live.told),
      laterVerdicts: Object.fromEntries(later.of(live)),
      returned: live.campaign.returned,
      inFlight: live.inFlight.size,
      ...lineFigures(live, line),
      latencyMs: latency.of(live),
      record: recorded.of(live),
      lag: { journal: log.state().waiting, ...lagOf(recorderState()) },
      sellOutInMs: status === 'open' && pace > 0 ? Math.round((remaining / pace) * 1000) : null,
      firstWonAt: timeOrNull(live.firstWonAt),
      lastWonAt: timeOrNull(live.lastWonAt),
    };
  }

  return {
    of(live) {
      recorded.watch(live);
      return { ...of(live), serverTime: timeText(system.now()) };
    },
    recent(live) {
      const samples = recent.of(live).map((sample) => ({ ...sample, at: timeText(sample.at) }));
      return { campaignId: live.campaign.id, serverTime: timeText(system.now()), samples };
    },
    answered: (live, ms) => latency.add(live, ms),
    text(campaignId) {
      const one = campaignId === null ? undefined : catalog.get(campaignId);
      const lives = campaignId === null ? [...catalog.all()].filter(isKept) : one ? [one] : [];
      return JSON.stringify({ campaigns: lives.map(of) });
    },
    stop: () => timer.stop(),
  };
}
