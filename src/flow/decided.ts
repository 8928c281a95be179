/**
 * Ordered mode: what this process knows of the deciders' work. Each look takes in how far they are, what they ruled and
 * who won, in an order that makes it whole: how far they are is read first and believed last. So whatever counts as
 * decided here has all of its winners here, and whoever is not among them has lost.
 */

import type { DecidedCampaign } from '../core/decider.ts';
import { resumedDecided } from '../core/decider.ts';
import { evolvePast, holdings } from '../core/gate.ts';
import { offsetOf } from '../core/request.ts';
import type { Holding } from '../ports/gate.ts';
import type { RecordStore } from '../ports/record.ts';
import type { DeciderAt, Rulings, StoredRuling } from '../ports/rulings.ts';
import type { System, Timer } from '../ports/system.ts';
import type { Catalog, LiveCampaign } from './catalog.ts';

export interface DecidedParts {
  rulings: Rulings;
  record: Pick<RecordStore, 'holders' | 'find'>;
  catalog: Pick<Catalog, 'get' | 'all' | 'onChange'>;
  system: Pick<System, 'now' | 'monotonic' | 'after'>;
}

export interface Decided {
  /** One look at everything; asked for while one is under way, it is the next one. Rejects when nobody answers. */
  look(): Promise<void>;
  /** The same when there is nobody to wait for it: a decider in this process has stored something. */
  poke(): void;
  /** Looks again and again from now on, for deciders elsewhere: often while somebody waits, else twice a second. */
  start(): void;
  stop(): Promise<void>;
  /** Somebody waits now: the next look is not far away. */
  hurry(): void;
  /** Looks are frequent while `waits` says that somebody does. */
  expect(waits: () => boolean): void;
  /** why the last look broke off; null when it did not */
  fault(): string | null;
  /** Since the last look began that was carried through, in ms. What has been decided before that is known here. */
  ageMs(): number;
  /** A campaign as it was decided; undefined: its decider has said nothing of it, or it was archived long ago. */
  known(campaignId: string): DecidedCampaign | undefined;
  /** The same from the record, when it is not known here; null: there is no ruling. */
  stored(campaignId: string): Promise<StoredRuling | null>;
  /** What a user holds, oldest first; from the record when the campaign is not known here. */
  holdings(campaignId: string, userId: string): Promise<Holding[]>;
  isDecided(source: string, place: number): boolean;
  /** Whether a decider could not read what is at this place: whoever asked there has no verdict. */
  isUnreadable(source: string, place: number): boolean;
  /** Resolves with true when what is at a place is decided, and with false after `maxMs`. */
  reached(source: string, place: number, maxMs: number): Promise<boolean>;
  /** Called after each look that brought something. */
  onMoved(listener: () => void): void;
}

/** Names a partition of the log of requests as its decider's offset is kept under. */
export type SourceOf = (topicVersion: number, partition: number) => string;

/**
 * Among many processes: nobody is refused by what is known here when that is older, and whoever loosens a rule waits so
 * long until he says that it is in force.
 */
export const STALE_MAX_MS = 1_000;

const OFTEN_MS = 50;
const SELDOM_MS = 500;
const HOLDERS_PAGE = 10_000;

interface Waiting {
  source: string;
  place: number;
  done(reached: boolean): void;
}

interface Source {
  /** what is before this offset is decided, and known here */
  next: number;
  unreadable: ReadonlySet<number>;
}

export function makeDecided(parts: DecidedParts): Decided {
  return new DecidedHere(parts);
}

class DecidedHere implements Decided {
  readonly #parts: DecidedParts;
  readonly #sources = new Map<string, Source>();
  readonly #known = new Map<string, DecidedCampaign>();
  readonly #waiting = new Set<Waiting>();
  readonly #waits: (() => boolean)[] = [];
  readonly #listeners: (() => void)[] = [];
  #looking: Promise<void> | null = null;
  #lookingNext: Promise<void> | null = null;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #fault: string | null = null;
  /** null: nobody has asked for it to go on by itself */
  #timer: { timer: Timer; dueAt: number } | null = null;
  /** a look that somebody poked for has failed */
  #retry: Timer | null = null;
  #stopped = false;

  constructor(parts: DecidedParts) {
    this.#parts = parts;
    parts.catalog.onChange((live) => this.#show(live));
  }

  fault(): string | null {
    return this.#fault;
  }

  ageMs(): number {
    return this.#parts.system.monotonic() - this.#lookedAt;
  }

  known(campaignId: string): DecidedCampaign | undefined {
    return this.#known.get(campaignId);
  }

  async stored(campaignId: string): Promise<StoredRuling | null> {
    return this.#parts.rulings.of(campaignId);
  }

  async holdings(campaignId: string, userId: string): Promise<Holding[]> {
    const known = this.#known.get(campaignId);
    if (known) return holdings(known.gate, userId);
    const units = await this.#parts.record.find(campaignId, { userId });
    return units.map(({ seq, wonAt, key }) => ({ seq, wonAt, key }));
  }

  isDecided(source: string, place: number): boolean {
    return offsetOf(place) < (this.#sources.get(source)?.next ?? 0);
  }

  isUnreadable(source: string, place: number): boolean {
    return this.#sources.get(source)?.unreadable.has(offsetOf(place)) === true;
  }

  reached(source: string, place: number, maxMs: number): Promise<boolean> {
    if (this.isDecided(source, place)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = this.#parts.system.after(maxMs, () => waiting.done(false));
      const waiting: Waiting = {
        source,
        place,
        done: (reached) => {
          timer.stop();
          this.#waiting.delete(waiting);
          resolve(reached);
        },
      };
      this.#waiting.add(waiting);
      this.hurry();
    });
  }

  onMoved(listener: () => void): void {
    this.#listeners.push(listener);
  }

  expect(waits: () => boolean): void {
    this.#waits.push(waits);
  }

  start(): void {
    this.#plan(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.timer.stop();
    this.#retry?.stop();
    await (this.#lookingNext ?? this.#looking)?.catch(() => undefined);
    for (const waiting of this.#waiting) waiting.done(false);
  }

  hurry(): void {
    const soon = this.#parts.system.monotonic() + OFTEN_MS;
    if (this.#timer !== null && this.#timer.dueAt > soon) this.#plan(OFTEN_MS);
  }

  poke(): void {
    if (this.#stopped) return;
    this.look().catch(() => {
      // Nobody may poke again for a long time, and somebody may be waiting.
      if (this.#timer === null) this.#retry ??= this.#parts.system.after(SELDOM_MS, () => this.#pokeAgain());
    });
  }

  #pokeAgain(): void {
    this.#retry = null;
    this.poke();
  }

  #plan(ms: number): void {
    const { system } = this.#parts;
    this.#timer?.timer.stop();
    if (this.#stopped) return;
    const timer = system.after(ms, () => void this.#round());
    this.#timer = { timer, dueAt: system.monotonic() + ms };
  }

  async #round(): Promise<void> {
    await this.look().catch(() => undefined);
    this.#plan(this.#isAwaited() ? OFTEN_MS : SELDOM_MS);
  }

  #isAwaited(): boolean {
    if (this.#waiting.size > 0 || this.#waits.some((waits) => waits())) return true;
    const now = this.#parts.system.now();
    for (const live of this.#parts.catalog.all()) if (isHot(live, now)) return true;
    return false;
  }

  look(): Promise<void> {
    if (this.#looking === null) return this.#begin();
    this.#lookingNext ??= this.#looking
      .catch(() => undefined)
      .then(() => {
        this.#lookingNext = null;
        return this.#begin();
      });
    return this.#lookingNext;
  }

  #begin(): Promise<void> {
    this.#looking = this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const began = this.#parts.system.monotonic();
    let moved = false;
    try {
      moved = await this.#takeIn(await this.#parts.rulings.deciders());
      this.#lookedAt = began;
      this.#fault = null;
    } catch (error) {
      this.#fault = (error as Error).message;
      throw error;
    } finally {
      if (moved) this.#tell();
    }
  }

  /** Returns whether it has gone on since the last look. */
  async #takeIn(deciders: readonly DeciderAt[]): Promise<boolean> {
    // Whatever a decider stores moves its offset on.
    const moved = deciders.filter(({ source, next }) => next > (this.#sources.get(source)?.next ?? -1));
    if (moved.length === 0) return false;
    const known = [...this.#sources].map(([source, { next }]) => ({ source, next }));
    for (const ruling of await this.#parts.rulings.changed(known)) await this.#takeRuling(ruling);
    for (const { source, next, unreadable } of moved) {
      this.#sources.set(source, { next, unreadable: new Set(unreadable) });
    }
    return true;
  }

  async #takeRuling(ruling: StoredRuling): Promise<void> {
    const { campaignId, rule, clock, lastSeq, phases, earlier } = ruling;
    const campaign = this.#known.get(campaignId) ?? resumedDecided(ruling);
    const { gate } = campaign;
    while (gate.lastSeq < lastSeq) {
      const page = await this.#parts.record.holders(campaignId, gate.lastSeq, HOLDERS_PAGE);
      if (page.seqs.length === 0) break;
      evolvePast(gate, page);
    }
    gate.rule = rule;
    gate.clock = Math.max(gate.clock, clock);
    campaign.phases = phases;
    if (earlier) campaign.earlier = earlier;
    // Not before all of its holders are there: whoever is not among those of a known campaign holds nothing.
    this.#known.set(campaignId, campaign);
    const live = this.#parts.catalog.get(campaignId);
    if (live) this.#show(live);
  }

  /** What people see of a campaign: how many units are out, and when they went. */
  #show(live: LiveCampaign): void {
    const gate = this.#known.get(live.campaign.id)?.gate;
    if (gate === undefined || live.campaign.mode !== 'ordered') return;
    live.issued = gate.issued;
    live.firstWonAt = gate.wonAt[0] ?? null;
    live.lastWonAt = gate.wonAt.at(-1) ?? null;
  }

  #tell(): void {
    for (const waiting of this.#waiting) {
      if (this.isDecided(waiting.source, waiting.place)) waiting.done(true);
    }
    for (const listener of this.#listeners) listener();
  }
}

/** People may be winning now, or before the next look would be. */
function isHot({ campaign, issued }: LiveCampaign, now: number): boolean {
  const { mode, openedAt, opensAt, closedAt, closesAt, pausedAt, quantity } = campaign;
  const start = openedAt ?? opensAt;
  if (mode !== 'ordered' || start === null || issued >= quantity) return false;
  if (start > now + SELDOM_MS) return false;
  return closedAt === null && pausedAt === null && (closesAt === null || closesAt > now);
}
