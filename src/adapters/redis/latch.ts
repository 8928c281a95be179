/**
 * What a campaign that is sold out (or closed) tells without asking Redis: the same to everybody who holds nothing. Those
 * who may hold something still go there, and so does everybody until it is known who they are.
 *
 * It answers only while it is fresh: looks at the gate confirm twice a second that nothing has changed since the holders
 * were read, neither the rule nor the number that the next win would get. A look that finds something else, or a newer
 * version heard of elsewhere, ends it.
 */

import type { Attempt } from '../../core/gate.ts';
import type { GateAnswer } from '../../ports/gate.ts';
import { LETTERS, type Look } from './answers.ts';
import { makeUserFilter, type UserFilter } from './user-filter.ts';

export interface LatchParts {
  /** at the epoch that is claimed in now; rejects when nothing is decided there */
  look: () => Promise<Look>;
  /** every user who holds something; stops early when `take` returns false */
  holders: (take: (userId: string) => boolean) => Promise<void>;
  monotonic: () => number;
}

export interface Latch {
  /** What this try is told; null: the gate must be asked. */
  answer(attempt: Attempt): GateAnswer | null;
  /** Told of each batch that was decided: the rule's version, and its verdicts as claim.lua's letters. */
  decided(version: number, letters: string): void;
  /** A version that is in force somewhere: what was remembered of an older one is forgotten. */
  follow(version: number): void;
  /** Forgets everything. */
  drop(): void;
}

interface Held {
  /** as confirmed last */
  look: Look;
  /** when that was asked, by the monotonic clock */
  askedAt: number;
  filter: UserFilter;
}

const LOOK_EVERY_MS = 400;
/** Without a look that confirms it, it answers no longer. */
const FRESH_MS = 1_000;
/** Before the end of the window Redis itself says which side of it a press is on. */
const CLOSING_MS = 1_000;
/** Holders are not read more often, however often it opens and sells out. */
const READ_EVERY_MS = 1_000;

export function makeLatch(parts: LatchParts): Latch {
  return new HeldLatch(parts);
}

class HeldLatch implements Latch {
  readonly #parts: LatchParts;
  #held: Held | null = null;
  #looking = false;
  #reading = false;
  #readAgainAt = Number.NEGATIVE_INFINITY;
  /** counts what has been forgotten, so that a reading that began before counts for nothing */
  #drops = 0;

  constructor(parts: LatchParts) {
    this.#parts = parts;
  }

  answer(attempt: Attempt): GateAnswer | null {
    const held = this.#held;
    if (held === null) return null;
    const age = this.#parts.monotonic() - held.askedAt;
    if (age > LOOK_EVERY_MS && !this.#looking) void this.#confirm(held);
    const { letter, clock, closesAt } = held.look;
    if (age > FRESH_MS || (letter !== 'c' && closesAt > 0 && clock + age >= closesAt - CLOSING_MS))
      return null;
    if (held.filter.mayHave(attempt.userId)) return null;
    return LETTERS[attempt.eligible ? letter : 'i'] as GateAnswer;
  }

  decided(version: number, letters: string): void {
    if (this.#held !== null) {
      const { look } = this.#held;
      if (version > look.version || /[wW]/.test(letters)) this.drop();
      return;
    }
    if (this.#reading || !/[sc]/.test(letters) || this.#parts.monotonic() < this.#readAgainAt) return;
    void this.#read();
  }

  follow(version: number): void {
    if (this.#held !== null && version > this.#held.look.version) this.drop();
  }

  drop(): void {
    this.#held = null;
    this.#drops += 1;
  }

  /** Reads the holders between two looks that must be the same: then nobody has won meanwhile. */
  async #read(): Promise<void> {
    const { look, holders, monotonic } = this.#parts;
    const drops = this.#drops;
    this.#reading = true;
    this.#readAgainAt = monotonic() + READ_EVERY_MS;
    try {
      const before = await look();
      if (!isOver(before)) return;
      const filter = makeUserFilter(before.issued);
      await holders((userId) => {
        filter.add(userId);
        return drops === this.#drops;
      });
      const askedAt = monotonic();
      const after = await look();
      if (drops === this.#drops && same(before, after)) this.#held = { look: after, askedAt, filter };
    } catch {
      // Nothing is remembered then, and everybody goes to Redis, who says what is the matter.
    } finally {
      this.#reading = false;
    }
  }

  async #confirm(held: Held): Promise<void> {
    const { look, monotonic } = this.#parts;
    const askedAt = monotonic();
    this.#looking = true;
    try {
      const now = await look();
      if (this.#held !== held) return;
      if (same(held.look, now)) this.#held = { ...held, look: now, askedAt };
      else this.drop();
    } catch {
      // It is not confirmed, and stops answering when it is no longer fresh.
    } finally {
      this.#looking = false;
    }
  }
}

const isOver = ({ letter }: Look): boolean => letter === 's' || letter === 'c';

const same = (a: Look, b: Look): boolean =>
  a.letter === b.letter && a.version === b.version && a.next === b.next && a.issued === b.issued;
