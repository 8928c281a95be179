/**
 * Ordered mode: the tries that people made at this process, as long as there is room, so that who presses again is given
 * the same ticket and who asks without one is told of his latest try. What is forgotten here is still decided, and told
 * to whoever has its ticket.
 */

import type { OrderedTicket } from '../core/ticket.ts';
import type { LiveCampaign } from './catalog.ts';
import type { Tell } from './outcome.ts';

/** Where a try stands on the log. */
export interface TryPlace {
  ticket: OrderedTicket;
  /** the ticket as its user has it */
  text: string;
  source: string;
}

export interface Try {
  live: LiveCampaign;
  userId: string;
  key: string | null;
  /** null: not known to be durable yet */
  at: TryPlace | null;
  /** who is to be told when it is */
  waiting: Tell[];
  /** `system.monotonic()` when it was durable */
  placedAt: number;
}

export class Tries {
  readonly #max: number;
  /** by campaign, user and key, oldest first */
  readonly #all = new Map<string, Try>();
  readonly #latest = new Map<string, Try>();
  readonly #byText = new Map<string, Try>();
  /** placed, and not decided as far as it is known here, by source */
  readonly #open = new Map<string, Set<Try>>();

  constructor(max: number) {
    this.#max = max;
  }

  /** How many have no verdict yet. */
  open(): number {
    let count = 0;
    for (const tries of this.#open.values()) count += tries.size;
    return count;
  }

  /** The try that a press with this key repeats: the one with the same key, without one the latest. */
  find(campaignId: string, userId: string, key: string | null): Try | undefined {
    if (key === null) return this.#latest.get(`${campaignId}\n${userId}`);
    return this.#all.get(idOf(campaignId, userId, key));
  }

  byText(text: string): Try | undefined {
    return this.#byText.get(text);
  }

  begin(live: LiveCampaign, userId: string, key: string | null, tell: Tell): Try {
    const id = idOf(live.campaign.id, userId, key);
    const one: Try = { live, userId, key, at: null, waiting: [tell], placedAt: 0 };
    const before = this.#all.get(id);
    if (before) this.forget(before);
    this.#all.set(id, one);
    this.#latest.set(`${live.campaign.id}\n${userId}`, one);
    if (this.#all.size > this.#max) {
      const [oldest] = this.#all.values();
      if (oldest) this.forget(oldest);
    }
    return one;
  }

  /** It is on the log. */
  place(one: Try, at: TryPlace, now: number): void {
    one.at = at;
    one.placedAt = now;
    // Forgotten in between: nobody asks for it here.
    if (this.#all.get(idOf(one.live.campaign.id, one.userId, one.key)) !== one) return;
    this.#byText.set(at.text, one);
    const open = this.#open.get(at.source) ?? new Set();
    this.#open.set(at.source, open.add(one));
  }

  forget(one: Try): void {
    const { live, userId, key, at } = one;
    const id = idOf(live.campaign.id, userId, key);
    if (this.#all.get(id) === one) this.#all.delete(id);
    const user = `${live.campaign.id}\n${userId}`;
    if (this.#latest.get(user) === one) this.#latest.delete(user);
    if (at === null) return;
    if (this.#byText.get(at.text) === one) this.#byText.delete(at.text);
    this.#open.get(at.source)?.delete(one);
  }

  /** Those that are decided now, each once, in the order in which the log has them. */
  decided(isDecided: (source: string, place: number) => boolean): (Try & { at: TryPlace })[] {
    const found: (Try & { at: TryPlace })[] = [];
    for (const [source, open] of this.#open) {
      const done: (Try & { at: TryPlace })[] = [];
      for (const one of open) {
        if (isPlaced(one) && isDecided(source, one.at.ticket.offset)) done.push(one);
      }
      for (const one of done) open.delete(one);
      found.push(...done.sort((a, b) => a.at.ticket.offset - b.at.ticket.offset));
    }
    return found;
  }
}

const isPlaced = (one: Try): one is Try & { at: TryPlace } => one.at !== null;

/** No user id and no key has a line break. */
const idOf = (campaignId: string, userId: string, key: string | null): string =>
  `${campaignId}\n${userId}\n${key ?? ''}`;
