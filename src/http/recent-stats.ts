/**
 * The last minutes of each campaign, a second apart, for whoever begins to look in the middle of a drop. What has not
 * changed is not noted again: between two samples everything was as in the first of them. It is what this process has
 * told, as its other counters are.
 */

import type { LiveCampaign } from '../flow/catalog.ts';

const KEPT_MS = 5 * 60_000;
/** Waiting times are told of the last ten seconds: so long they change although nothing else does. */
const LOOKS_AFTER = 11;

export interface RecentSample {
  /** epoch ms */
  at: number;
  claims: number;
  issued: number;
  remaining: number;
  verdicts: Record<string, number>;
  laterVerdicts: Record<string, number>;
  latencyMs: { p50: number; p99: number; measured: number } | null;
}

interface Kept {
  /** oldest first; the first may be older than what is kept: it says how things stood until the second */
  samples: RecentSample[];
  /** changes when something happens */
  mark: number;
  looksAfter: number;
}

export class RecentStats {
  readonly #kept = new WeakMap<LiveCampaign, Kept>();

  /** Called once a second; `mark` is another number when something has happened since. */
  look(live: LiveCampaign, mark: number, now: number, sample: () => RecentSample): void {
    const kept = this.#kept.get(live);
    if (kept === undefined) {
      this.#kept.set(live, { samples: [sample()], mark, looksAfter: LOOKS_AFTER });
      return;
    }
    const { samples } = kept;
    kept.looksAfter = kept.mark === mark ? kept.looksAfter + 1 : 0;
    kept.mark = mark;
    if (kept.looksAfter < LOOKS_AFTER) samples.push(sample());
    while ((samples[1]?.at ?? now) < now - KEPT_MS) samples.shift();
  }

  of(live: LiveCampaign): readonly RecentSample[] {
    return this.#kept.get(live)?.samples ?? [];
  }
}
