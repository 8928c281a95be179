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
  /** false: there was no room for it any more, or another one came in its place */
  kept: boolean;
}

/** So many that are not kept any more may stand among the others. */
const QUEUE_SLACK = 1000;

export class Tries {
  readonly #max: number;
  /** of those with a key, by campaign, user and key */
  readonly #keyed = new Map<string, Try>();
  readonly #latest = new Map<string, Try>();
  readonly #byText = new Map<string, Try>();
  /** placed, and not decided as far as it is known here, by source */
  readonly #open = new Map<string, Set<Try>>();
  /** oldest first from `#from` on, with some that are not kept any more */
  #queue: Try[] = [];
  #from = 0;
  #kept = 0;

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
    if (key === null) return this.#latest.get(userOf(campaignId, userId));
    return this.#keyed.get(idOf(campaignId, userId, key));
  }

  byText(text: string): Try | undefined {
    return this.#byText.get(text);
  }

  begin(live: LiveCampaign, userId: string, key: string | null, tell: Tell): Try {
    const one: Try = { live, userId, key, at: null, waiting: [tell], placedAt: 0, kept: true };
    const before = this.find(live.campaign.id, userId, key);
    if (before?.key === key) this.forget(before);
    if (key !== null) this.#keyed.set(idOf(live.campaign.id, userId, key), one);
    this.#latest.set(userOf(live.campaign.id, userId), one);
    this.#queue.push(one);
    this.#kept += 1;
    this.#makeRoom();
    return one;
  }

  /** It is on the log. */
  place(one: Try, at: TryPlace, now: number): void {
    one.at = at;
    one.placedAt = now;
    // Forgotten in between: nobody asks for it here.
    if (!one.kept) return;
    this.#byText.set(at.text, one);
    const open = this.#open.get(at.source) ?? new Set();
    this.#open.set(at.source, open.add(one));
  }

  forget(one: Try): void {
    if (!one.kept) return;
    one.kept = false;
    this.#kept -= 1;
    const { live, userId, key, at } = one;
    const id = key === null ? null : idOf(live.campaign.id, userId, key);
    if (id !== null && this.#keyed.get(id) === one) this.#keyed.delete(id);
    const user = userOf(live.campaign.id, userId);
    if (this.#latest.get(user) === one) this.#latest.delete(user);
    if (at === null) return;
    if (this.#byText.get(at.text) === one) this.#byText.delete(at.text);
    this.#open.get(at.source)?.delete(one);
  }

  /**
   * The oldest go. They stand in a list of their own: a map that is emptied from its front is searched from its front
   * each time, over all that has gone.
   */
  #makeRoom(): void {
    while (this.#kept > this.#max) this.forget(this.#queue[this.#from++] as Try);
    if (this.#queue.length <= 1.25 * this.#max + QUEUE_SLACK) return;
    this.#queue = this.#queue.slice(this.#from).filter(({ kept }) => kept);
    this.#from = 0;
  }

  /** Those that are decided now, each once, in the order in which the log has them. */
  decided(isDecided: (source: string, place: number) => boolean): (Try & { at: TryPlace })[] {
    const found: (Try & { at: TryPlace })[] = [];
    for (const [source, open] of this.#open) {
      const done: (Try & { at: TryPlace })[] = [];
      for (const one of open) {
        if (isPlaced(one) && isDecided(source, one.at.ticket.offset)) done.push(one);
      }
      done.sort((a, b) => a.at.ticket.offset - b.at.ticket.offset);
      for (const one of done) {
        open.delete(one);
        found.push(one);
      }
    }
    return found;
  }
}

const isPlaced = (one: Try): one is Try & { at: TryPlace } => one.at !== null;

/** No user id and no key has a line break. */
const userOf = (campaignId: string, userId: string): string => `${campaignId}\n${userId}`;
const idOf = (campaignId: string, userId: string, key: string): string =>
  `${userOf(campaignId, userId)}\n${key}`;
