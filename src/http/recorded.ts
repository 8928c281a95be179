/**
 * What the record has of campaigns that an operator looks at, beside what was told: counted in the record itself, so that
 * nothing but the record can make it true. Counting costs the record time, so it is done for those alone, when something
 * has changed, and it rests many times as long as it took.
 */

import type { LiveCampaign } from '../flow/catalog.ts';
import type { DeadLetters } from '../ports/dead-letters.ts';
import type { Epochs } from '../ports/epochs.ts';
import type { RecordStore } from '../ports/record.ts';
import type { System } from '../ports/system.ts';
import { timeText } from './wire.ts';

/** Looked at within this time counts as looked at. */
const WATCHED_MS = 30_000;
const REST_MS = 1_000;
/** While nothing was told since; coupons are used and taken back all the same. */
const QUIET_REST_MS = 10_000;
/** So whoever looks costs the record less than a hundredth of a core. */
const REST_TIMES = 150;

/** What a count costs at most; when it took longer, it has waited for something else. */
const workMs = (tookMs: number, units: number): number => Math.min(tookMs, 2 + units / 1_000);

export interface RecordSeen {
  /** units that the gate had given when the record was asked */
  told: number;
  /** of them, units in the record */
  recorded: number;
  /** wins that were set aside and wait for somebody (dead letters) */
  setAside: number;
  /** count as given although nobody is known to hold them: after a gate was made good */
  reserved: number;
  /** coupons that a job is still to issue */
  unissued: number;
  redeemed: number;
  revoked: number;
  /** RFC 3339 */
  at: string;
}

export interface RecordedParts {
  system: Pick<System, 'now' | 'monotonic'>;
  record: Pick<RecordStore, 'tally'>;
  stored: { letters: Pick<DeadLetters, 'counts'> };
  epochs?: Pick<Epochs, 'of'>;
}

interface Watch {
  seen: RecordSeen | null;
  watchedAt: number;
  askedAt: number;
  tookMs: number;
  busy: boolean;
}

export class Recorded {
  readonly #parts: RecordedParts;
  readonly #watches = new WeakMap<LiveCampaign, Watch>();

  constructor(parts: RecordedParts) {
    this.#parts = parts;
  }

  /** Somebody looks at this one. */
  watch(live: LiveCampaign): void {
    const watchedAt = this.#parts.system.monotonic();
    const watch = this.#watches.get(live);
    if (watch) watch.watchedAt = watchedAt;
    else {
      const never = Number.NEGATIVE_INFINITY;
      this.#watches.set(live, { seen: null, watchedAt, askedAt: never, tookMs: 0, busy: false });
    }
  }

  /** As last counted; null: it never was. */
  of(live: LiveCampaign): RecordSeen | null {
    return this.#watches.get(live)?.seen ?? null;
  }

  /** Counts what is due. Called every second; a record that is away is asked again then. */
  look(live: LiveCampaign): void {
    const watch = this.#watches.get(live);
    if (watch === undefined || watch.busy) return;
    const now = this.#parts.system.monotonic();
    if (now - watch.watchedAt > WATCHED_MS) return;
    const { seen } = watch;
    const isQuiet = seen !== null && seen.told === live.issued && seen.recorded + seen.setAside >= seen.told;
    const restMs = Math.max(
      isQuiet ? QUIET_REST_MS : REST_MS,
      workMs(watch.tookMs, live.issued) * REST_TIMES,
    );
    if (now - watch.askedAt < restMs) return;
    watch.busy = true;
    watch.askedAt = now;
    void this.#count(live)
      .then((found) => {
        watch.seen = found;
      })
      .catch(() => undefined)
      .finally(() => {
        watch.busy = false;
        watch.tookMs = this.#parts.system.monotonic() - now;
      });
  }

  async #count({ issued, campaign: { id } }: LiveCampaign): Promise<RecordSeen> {
    const { system, record, stored, epochs } = this.#parts;
    const now = system.now();
    const [counts, letters, epoch] = await Promise.all([
      record.tally(id),
      stored.letters.counts(id),
      epochs?.of(id) ?? null,
    ]);
    return {
      ...{ told: issued, recorded: counts.issued, setAside: letters.units, reserved: epoch?.reserved ?? 0 },
      ...{ unissued: counts.unissued, redeemed: counts.redeemed, revoked: counts.revoked, at: timeText(now) },
    };
  }
}
