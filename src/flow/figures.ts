/**
 * What a process notes of each drop while it answers people: how many were told what and when, how long they waited, and
 * how many different people there were. Nothing is kept of a loser but a bit in 16 KiB of registers.
 *
 * The press pays for a hash and one byte. Verdicts are counted by flow/claim anyway: their growth since the last look is
 * what fell into that stretch of time. Once a second all that has changed goes to the store in one note.
 */

import { startsAt } from '../core/campaign.ts';
import { deriveKey } from '../core/code.ts';
import { People } from '../core/hyperloglog.ts';
import { LatencyHistogram } from '../core/latency-histogram.ts';
import type { FigureBatch, FigureCount, FigureMeasures, Figures } from '../ports/figures.ts';
import type { System } from '../ports/system.ts';
import type { Catalog, LiveCampaign } from './catalog.ts';
import type { FaultWatch } from './part-faults.ts';

/** Verdicts that came after the answer to the press are counted under this before their name. */
export const LATER = 'later:';
/** How often counts are looked at: what falls into a stretch is right within this. */
export const LOOK_MS = 100;
const FINE_MS = 100;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Counts in one note at most; the rest goes with the next. */
const COUNTS_MAX = 1_000;
/** While so many wait to be stored, stretches are longer: a store that is away costs no memory. */
const WAITING_MINUTE = 2_000;
const WAITING_HOUR = 10_000;

export interface FigureParts {
  catalog: Pick<Catalog, 'all'>;
  store: Pick<Figures, 'note'>;
  system: Pick<System, 'now'>;
  master: Buffer;
  /** this process, from its start to its end */
  source: string;
  faults: FaultWatch;
}

export interface NotedFigures {
  /** Takes a press in, whatever its answer was. */
  see(live: LiveCampaign, userId: string): void;
  /** Takes in how long one of the measured presses waited. */
  answered(live: LiveCampaign, ms: number): void;
  /** Counts what was refused before anything was asked of the campaign. */
  refused(live: LiveCampaign, code: string): void;
  /** Where verdicts that come later are counted. */
  laterFrom(of: (live: LiveCampaign) => ReadonlyMap<string, number>): void;
  /** Looks at the counts. */
  look(): void;
  /** Stores what has changed; throws what the store throws, and keeps it then. One at a time. */
  flush(): Promise<void>;
}

/** What is known of one campaign. */
interface Noted {
  live: LiveCampaign;
  /** as of the last look, by name */
  told: Map<string, number>;
  /** by stretch and name; gone when it is past and stored */
  counts: Map<string, Waiting>;
  people: People | null;
  latency: LatencyHistogram;
  /** of `people` and `latency`, as last stored */
  storedChanges: number;
  storedTotal: number;
}

interface Waiting {
  count: FigureCount;
  /** as last stored */
  stored: number;
}

export function makeNotedFigures(parts: FigureParts): NotedFigures {
  return new Noting(parts);
}

class Noting implements NotedFigures {
  readonly #parts: FigureParts;
  readonly #startedAt: number;
  readonly #noted = new Map<string, Noted>();
  #last: Noted | null = null;
  #later: (live: LiveCampaign) => ReadonlyMap<string, number> = () => new Map();
  #waiting = 0;
  #flushing: Promise<void> | null = null;

  constructor(parts: FigureParts) {
    this.#parts = parts;
    this.#startedAt = parts.system.now();
  }

  see(live: LiveCampaign, userId: string): void {
    const noted = this.#last?.live === live ? this.#last : this.#of(live);
    if (noted.people === null) noted.people = new People(peopleKey(this.#parts.master, live.campaign.id));
    noted.people.see(userId);
  }

  answered(live: LiveCampaign, ms: number): void {
    this.#of(live).latency.add(ms);
  }

  refused(live: LiveCampaign, code: string): void {
    live.told.set(code, (live.told.get(code) ?? 0) + 1);
  }

  laterFrom(of: (live: LiveCampaign) => ReadonlyMap<string, number>): void {
    this.#later = of;
  }

  look(): void {
    const { catalog, system, faults } = this.#parts;
    const now = system.now();
    faults.look(now);
    for (const live of catalog.all()) {
      if (live.told.size === 0 && !this.#noted.has(live.campaign.id) && this.#later(live).size === 0)
        continue;
      const noted = this.#of(live);
      for (const [name, count] of live.told) this.#grow(noted, name, count, now);
      for (const [name, count] of this.#later(live)) this.#grow(noted, LATER + name, count, now);
    }
  }

  async flush(): Promise<void> {
    // Whoever asks while a note is under way wants what has come since then too.
    while (this.#flushing !== null) await this.#flushing.catch(() => undefined);
    this.#flushing = this.#flush().finally(() => {
      this.#flushing = null;
    });
    return this.#flushing;
  }

  async #flush(): Promise<void> {
    this.look();
    for (;;) {
      const { batch, done } = this.#batch();
      if (batch.counts.length + batch.measures.length + batch.faults.length > 0) {
        await this.#parts.store.note(batch);
      }
      done();
      if (batch.counts.length < COUNTS_MAX) return;
    }
  }

  #of(live: LiveCampaign): Noted {
    const { id } = live.campaign;
    let noted = this.#noted.get(id);
    if (noted?.live !== live) {
      const latency = new LatencyHistogram();
      noted = {
        ...{ live, told: new Map(), counts: new Map(), people: null, latency },
        ...{ storedChanges: 0, storedTotal: 0 },
      };
      this.#noted.set(id, noted);
    }
    this.#last = noted;
    return noted;
  }

  /** `total`: told under this name so far. */
  #grow(noted: Noted, name: string, total: number, now: number): void {
    const more = total - (noted.told.get(name) ?? 0);
    if (more <= 0) return;
    noted.told.set(name, total);
    const { campaign } = noted.live;
    const widthMs = this.#widthMs(now, startsAt(campaign));
    // Half a look ago is where most of them were.
    const at = Math.floor((now - LOOK_MS / 2) / widthMs) * widthMs;
    const key = `${at} ${widthMs} ${name}`;
    let waiting = noted.counts.get(key);
    if (waiting === undefined) {
      waiting = { count: { campaignId: campaign.id, at, widthMs, name, count: 0 }, stored: 0 };
      noted.counts.set(key, waiting);
      this.#waiting += 1;
    }
    waiting.count.count += more;
  }

  #widthMs(now: number, start: number | null): number {
    if (this.#waiting >= WAITING_HOUR) return HOUR_MS;
    if (this.#waiting >= WAITING_MINUTE) return MINUTE_MS;
    return stretchMs(now, start);
  }

  #batch(): { batch: FigureBatch; done: () => void } {
    const { system, source, faults } = this.#parts;
    const now = system.now();
    const counts: FigureCount[] = [];
    const measures: FigureMeasures[] = [];
    const afterwards: (() => void)[] = [];
    for (const noted of this.#noted.values()) {
      const measured = measuresOf(noted);
      if (measured !== null) {
        measures.push(measured.measures);
        afterwards.push(measured.done);
      }
      for (const [key, waiting] of noted.counts) {
        if (counts.length >= COUNTS_MAX) break;
        const { count } = waiting;
        const total = count.count;
        const isPast = count.at + count.widthMs + LOOK_MS < now;
        if (total > waiting.stored) counts.push({ ...count });
        else if (!isPast) continue;
        afterwards.push(() => this.#stored(noted, key, waiting, total, isPast));
      }
    }
    const broken = faults.unstored();
    afterwards.push(broken.done);
    const batch = { source, startedAt: this.#startedAt, now, counts, measures, faults: broken.faults };
    return {
      batch,
      done: () => {
        for (const run of afterwards) run();
      },
    };
  }

  #stored(noted: Noted, key: string, waiting: Waiting, total: number, isPast: boolean): void {
    waiting.stored = total;
    if (!isPast || waiting.count.count > total || !noted.counts.delete(key)) return;
    this.#waiting -= 1;
  }
}

/** What has been measured since the last note; null: nothing. */
function measuresOf(noted: Noted): { measures: FigureMeasures; done: () => void } | null {
  const { people, latency, live } = noted;
  const [changes, total] = [people?.changes ?? 0, latency.total];
  if (changes === noted.storedChanges && total === noted.storedTotal) return null;
  return {
    measures: {
      campaignId: live.campaign.id,
      latency: latency.stored(),
      people: people && Uint8Array.from(people.registers),
    },
    done: () => {
      noted.storedChanges = changes;
      noted.storedTotal = total;
    },
  };
}

/**
 * How long a stretch is that counts are kept for: a tenth of a second in the minutes around the opening, and the longer
 * the drop goes on, the longer. A campaign that is open for a year has a few thousand of each name.
 */
export function stretchMs(now: number, start: number | null): number {
  if (start === null || now < start - MINUTE_MS) return MINUTE_MS;
  const age = now - start;
  if (age < 2 * MINUTE_MS) return FINE_MS;
  if (age < HOUR_MS) return SECOND_MS;
  return age < 48 * HOUR_MS ? MINUTE_MS : HOUR_MS;
}

/** Under one key in all processes, so that their registers add up, and in each campaign under another. */
function peopleKey(master: Buffer, campaignId: string): [number, number] {
  const key = deriveKey(master, `people/${campaignId}`);
  return [key.readInt32LE(0), key.readInt32LE(4)];
}
