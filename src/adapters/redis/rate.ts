/**
 * A rate limit that several processes share without a trip for a try: each counts by itself, and tells the others in the
 * background, through Redis, what it let through. A user who spreads over processes is limited as soon as they have told
 * each other. Without Redis each goes on by itself.
 */

import type { Meter, Rate } from '../../core/rate.ts';
import { countTry, newMeter } from '../../core/rate.ts';
import type { System } from '../../ports/system.ts';
import type { RedisClient } from './connect.ts';
import { rateKeys } from './keys.ts';
import { scriptText } from './scripts.ts';

export interface SharedRateParts {
  client: RedisClient;
  system: Pick<System, 'now' | 'every'>;
  rate: Rate;
  /** before every key */
  prefix?: string;
}

export interface SharedRate {
  /** Counts one try at `now` (epoch ms of `system`). 0: let through; else the ms to wait. */
  allow(userId: string, now: number): number;
  stop(): void;
}

const EXCHANGE_MS = 100;
/** Users told of at once, and users in one call. */
const EXCHANGE_MAX = 4096;
const CALL_MAX = 512;
const UNTOLD_MAX = 100_000;

interface Untold {
  count: number;
  /** when the first of them was let through */
  since: number;
}

export function makeSharedRate(parts: SharedRateParts): SharedRate {
  return new RateOfMany(parts);
}

class RateOfMany implements SharedRate {
  readonly #parts: SharedRateParts;
  readonly #meter: Meter;
  readonly #keys: string[];
  readonly #text = scriptText('rate');
  /** tries after which a user is told of: one of a user who comes only once is nobody's business */
  readonly #toldFrom: number;
  readonly #spacingMs: number;
  readonly #stop: () => void;
  #untold = new Map<string, Untold>();
  /** user → when he may try again, because of what others let through */
  readonly #notBefore = new Map<string, number>();
  #clearedAt: number;
  #exchanging = false;

  constructor(parts: SharedRateParts) {
    const { rate, system, prefix = '' } = parts;
    this.#parts = parts;
    this.#clearedAt = system.now();
    this.#meter = newMeter(rate);
    this.#keys = rateKeys(prefix);
    this.#toldFrom = Math.min(2, rate.tries);
    this.#spacingMs = rate.periodMs / rate.tries;
    const timer = system.every(EXCHANGE_MS, () => void this.#exchange());
    this.#stop = () => timer.stop();
  }

  stop(): void {
    this.#stop();
  }

  allow(userId: string, now: number): number {
    const notBefore = this.#notBefore.get(userId);
    if (notBefore !== undefined) {
      if (notBefore > now && notBefore - now <= 2 * this.#parts.rate.periodMs)
        return Math.ceil(notBefore - now);
      this.#notBefore.delete(userId);
    }
    const waitMs = countTry(this.#meter, userId, now);
    if (waitMs > 0) return waitMs;
    const untold = this.#untold.get(userId);
    if (untold) untold.count += 1;
    else if (this.#untold.size < UNTOLD_MAX) this.#untold.set(userId, { count: 1, since: now });
    return 0;
  }

  async #exchange(): Promise<void> {
    const now = this.#parts.system.now();
    if (!this.#exchanging && this.#parts.client.status === 'ready') {
      this.#exchanging = true;
      const due = this.#takeDue();
      const calls = [];
      for (let from = 0; from < due.length; from += CALL_MAX) {
        calls.push(this.#tell(due.slice(from, from + CALL_MAX), now));
      }
      // What was not told stays untold: a limit that is a little wide is better than one counted twice.
      await Promise.allSettled(calls);
      this.#exchanging = false;
    }
    this.#clear(now);
  }

  #takeDue(): [string, Untold][] {
    const due: [string, Untold][] = [];
    for (const one of this.#untold) {
      if (one[1].count < this.#toldFrom) continue;
      if (due.length === EXCHANGE_MAX) break;
      due.push(one);
      this.#untold.delete(one[0]);
    }
    return due;
  }

  async #tell(due: [string, Untold][], now: number): Promise<void> {
    const { client, rate, system } = this.#parts;
    const reply = await client.eval(
      this.#text,
      this.#keys.length,
      ...this.#keys,
      rate.periodMs,
      this.#spacingMs,
      JSON.stringify(due.map(([userId]) => userId)),
      JSON.stringify(due.map(([, { count }]) => count)),
      JSON.stringify(due.map(([, { since }]) => Math.max(0, now - since))),
    );
    const heard = system.now();
    for (const [i, [userId]] of due.entries()) this.#hear(userId, heard, (reply as number[])[i] as number);
  }

  /** All processes together have let him come `aheadMs` ahead. */
  #hear(userId: string, now: number, aheadMs: number): void {
    const { young, old } = this.#meter;
    const arrival = young.get(userId) ?? old.get(userId) ?? now;
    if (now + aheadMs <= arrival) return;
    young.set(userId, now + aheadMs);
    const over = aheadMs - (this.#parts.rate.periodMs - this.#spacingMs);
    if (over > 0) this.#notBefore.set(userId, now + over);
  }

  /** Once a period what has no meaning any more goes. */
  #clear(now: number): void {
    if (Math.abs(now - this.#clearedAt) < this.#parts.rate.periodMs) return;
    this.#clearedAt = now;
    this.#untold = new Map([...this.#untold].filter(([, { count }]) => count >= this.#toldFrom));
    for (const [userId, until] of this.#notBefore) if (until <= now) this.#notBefore.delete(userId);
  }
}
