/**
 * Ordered mode, the use case: requests from the log, decided in their order, and into the record. Wins, rulings and the
 * decider's own next offset are one transaction, and the offset is compared in it: what is stored was decided from a
 * state that was stored, by one decider, once. Of two that read the same, the second is told where the record stands.
 *
 * Nothing is written for those who lose: a batch of losers is one write of an offset.
 */

import type { Campaign } from '../core/campaign.ts';
import { changeRule, decideOne, rulingOf } from '../core/decider.ts';
import type { ClaimWon } from '../core/event.ts';
import type { PlacedRequest } from '../core/request.ts';
import { offsetOf } from '../core/request.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { RecordBatch, RecordStore, StoreResult, Win } from '../ports/record.ts';
import type { RequestReader, RequestSlice } from '../ports/requests.ts';
import type { Rulings } from '../ports/rulings.ts';
import type { System } from '../ports/system.ts';
import type { Codes } from './codes.ts';
import { ensureCodes, recordedWin } from './codes.ts';
import type { Standing } from './decider-memory.ts';
import { DeciderMemory, isChanged, noteStored } from './decider-memory.ts';

export interface DecideParts {
  /** one partition of the log of requests, as the record keeps its offset */
  source: string;
  reader: RequestReader;
  record: Pick<RecordStore, 'next' | 'store' | 'holders'>;
  rulings: Pick<Rulings, 'of'>;
  campaigns: Pick<Campaigns, 'get'>;
  codes: Codes;
  system: Pick<System, 'now' | 'monotonic'>;
  /** requests in one transaction, at most about */
  batchMax: number;
  /** told after each step that read something: what was read, and what the record made of it */
  onTaken?: (slice: RequestSlice, result: StoreResult) => void;
}

export interface Decided {
  /** requests taken from the log in this step, with what could not be read; 0: nothing was there */
  requests: number;
  /** units given in this step */
  wins: number;
  /** wins and entries that the record has set aside */
  conflicts: number;
  next: number;
}

export interface Decider {
  /** the offset to go on at */
  next(): number;
  /** One batch of requests decided. Throws when the record cannot be read or written; nothing is decided by that. */
  step(): Promise<Decided>;
}

export async function makeDecider(parts: DecideParts): Promise<Decider> {
  return new LogDecider(parts, await parts.record.next(parts.source));
}

/** Requests that nobody will ever decide, as dead letters. */
type Unread = RecordBatch['unreadable'];

/** A batch on its way: what has come of it so far. */
interface Deciding {
  /** those that it was about */
  touched: Set<Standing>;
  won: ClaimWon[];
  unread: Unread;
}

class LogDecider implements Decider {
  readonly #parts: DecideParts;
  readonly #memory: DeciderMemory;
  #next: number;

  constructor(parts: DecideParts, next: number) {
    this.#parts = parts;
    this.#memory = new DeciderMemory(parts);
    this.#next = next;
  }

  next(): number {
    return this.#next;
  }

  async step(): Promise<Decided> {
    const from = this.#next;
    const slice = await this.#parts.reader.read(from, this.#parts.batchMax);
    if (slice.next === from) {
      this.#memory.tidy([]);
      return { requests: 0, wins: 0, conflicts: 0, next: from };
    }
    try {
      return await this.#take(from, slice);
    } catch (error) {
      // Whether the batch is stored is not known. Nothing is decided on top of what may not be; if it is, the next try
      // hears so from the record.
      this.#memory.clear();
      throw error;
    }
  }

  async #take(from: number, slice: RequestSlice): Promise<Decided> {
    const { source, record, system } = this.#parts;
    const batch = await this.#decide(slice);
    const changed = [...batch.touched].filter(isChanged);
    const { unreadable } = slice;
    const result = await record.store({
      source,
      from,
      next: slice.next,
      wins: await this.#winsOf(batch),
      rulings: changed.map(({ decided }) => rulingOf(decided)),
      unreadable: [
        ...batch.unread,
        ...unreadable.map(({ at, reason, payload }) => ({ at, reason, payload })),
      ],
      unreadableAt: [...new Set(unreadable.map(({ place }) => offsetOf(place)))],
      now: system.now(),
    });
    this.#parts.onTaken?.(slice, result);
    const requests = slice.requests.length + unreadable.length;
    if (result.kind === 'zombie') {
      // Somebody else decided this. What is known here is older than what he has stored.
      this.#memory.clear();
      this.#next = result.next;
      return { requests, wins: 0, conflicts: 0, next: result.next };
    }
    this.#next = slice.next;
    const { inserted, repeated, conflicts } = result;
    if (repeated > 0 || conflicts > batch.unread.length + unreadable.length) {
      // A win that the record did not take as new stands here and not there: what is there counts.
      this.#memory.clear();
    } else {
      for (const standing of changed) noteStored(standing);
      this.#memory.tidy(batch.touched);
    }
    return { requests, wins: inserted, conflicts, next: slice.next };
  }

  async #decide(slice: RequestSlice): Promise<Deciding> {
    const batch: Deciding = { touched: new Set(), won: [], unread: [] };
    const strange = new Set<string>();
    let standing: Standing | null = null;
    for (const placed of slice.requests) {
      const { request } = placed;
      const { campaignId } = request;
      // Requests of one campaign come in runs: it is looked for once in each.
      if (standing?.id !== campaignId) {
        standing = this.#memory.known(campaignId);
        if (standing === null && !strange.has(campaignId)) standing = await this.#memory.bring(request);
        if (standing !== null) batch.touched.add(standing);
        else strange.add(campaignId);
      }
      if (standing === null) this.#setAside(placed, batch.unread);
      else if (request.type === 'claim.requested') {
        const fact = decideOne(standing.decided, request, placed);
        if (fact !== null) batch.won.push(fact);
      } else changeRule(standing.decided, request);
    }
    return batch;
  }

  /** A rule of a campaign that is not decided in order says nothing to us; a try is kept for whoever looks into it. */
  #setAside({ request, place }: PlacedRequest, unread: Unread): void {
    if (request.type !== 'claim.requested') return;
    const at = `${this.#parts.source}:${offsetOf(place)}`;
    const reason = `${request.campaignId} is no campaign that is decided in order`;
    unread.push({ at, reason, payload: JSON.stringify(request) });
  }

  async #winsOf({ won, touched }: Deciding): Promise<Win[]> {
    if (won.length === 0) return [];
    const { codes } = this.#parts;
    const winners = new Set(won.map(({ campaignId }) => campaignId));
    const definitions = new Map<string, Campaign | null>();
    for (const standing of touched) {
      if (winners.has(standing.id)) definitions.set(standing.id, await this.#memory.definition(standing));
    }
    await ensureCodes(codes, won, (id) => definitions.get(id));
    return won.map((fact) => recordedWin(codes, definitions.get(fact.campaignId) ?? null, fact));
  }
}
