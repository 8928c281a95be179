/**
 * What is always true of a line that many processes serve, asked of the record's facts in whatever order they lie there:
 * L4 and L6 of core/audit-line. The others cannot be asked of such facts: where a process ended between the line and the
 * log, a place, an end or a release that nobody was told of is missing there for good, and is no fault (ADR 0017).
 *
 * It is told wins first, then who holds them by the record, then who had which place. It keeps some numbers for each win
 * and the names of nobody but those who wait for a shuffle, so it grows with the quantity and not with the line.
 */

import { createHash } from 'node:crypto';
import type { Check } from './audit.ts';
import { lineCheck } from './audit-line.ts';
import type { LineFact } from './line-fact.ts';
import { shuffled } from './shuffle.ts';

/** What is known of the user of a winning number. */
const NOBODY = 0;
const ANOTHER = 1;
const SAME = 2;

/** Stands for a user id: 48 bits of a hash. */
const markOf = (userId: string): number => createHash('sha256').update(userId).digest().readUIntBE(0, 6);

export class SharedLineAudit {
  readonly #campaignId: string;
  /** a win each, as the facts tell it */
  readonly #numbers: number[] = [];
  readonly #seqs: number[] = [];
  /** wins by number, and by seq; made when all are there */
  #byNumber: Uint32Array | null = null;
  #bySeq = new Uint32Array();
  /** by win: whose it is by the record; NaN: it is not there (yet) */
  #holders = new Float64Array();
  #users = new Uint8Array();
  #heldTo = 0;
  #needsPress = false;
  readonly #early = new Map<number, string>();
  readonly #earlyLeft = new Set<number>();
  #shuffle: { seed: string; count: number } | null = null;

  constructor(campaignId: string) {
    this.#campaignId = campaignId;
  }

  /** All facts, some at a time. */
  won(facts: readonly LineFact[]): void {
    for (const fact of facts) {
      if (fact.type === 'line.released' && fact.confirmBy !== null) this.#needsPress = true;
      if (fact.type !== 'line.won') continue;
      for (const [i, number] of fact.numbers.entries()) {
        this.#numbers.push(number);
        this.#seqs.push(fact.seqs[i] as number);
      }
    }
  }

  /** The record's winners in order of seq, some at a time, when all wins have been told. */
  held(seqs: ArrayLike<number>, userIds: readonly string[]): void {
    this.#inOrder();
    for (const [i, userId] of userIds.entries()) {
      const seq = seqs[i] as number;
      let mark: number | null = null;
      for (; this.#heldTo < this.#bySeq.length; this.#heldTo++) {
        const win = this.#bySeq[this.#heldTo] as number;
        if ((this.#seqs[win] as number) > seq) break;
        if (this.#seqs[win] !== seq) continue;
        mark ??= markOf(userId);
        this.#holders[win] = mark;
      }
    }
  }

  /** All facts once more, when the record's winners have been told. */
  placed(facts: readonly LineFact[]): void {
    for (const fact of facts) {
      if (fact.type === 'line.joined' && fact.first > 0) this.#place(fact.first, fact.userIds);
      if (fact.type === 'line.shuffled') this.#shuffle = fact;
      if (fact.type === 'line.left')
        for (const number of fact.numbers) if (number < 0) this.#earlyLeft.add(number);
      if (fact.type === 'line.joined' && fact.first < 0)
        for (const [i, userId] of fact.userIds.entries()) this.#early.set(fact.first - i, userId);
    }
  }

  checks(): Check[] {
    this.#placeLots();
    const [compared, unlike] = this.#unlike();
    return [
      // By whom the second presses came is not told in order.
      ...(this.#needsPress ? [] : [lineCheck('L4', this.#outOfOrder(), this.#numbers.length)]),
      lineCheck('L6', unlike, compared),
    ];
  }

  #inOrder(): Uint32Array {
    if (this.#byNumber !== null) return this.#byNumber;
    const [numbers, seqs] = [this.#numbers, this.#seqs];
    const at = (list: number[], win: number): number => list[win] as number;
    const all = Uint32Array.from(numbers.keys());
    all.sort((a, b) => at(numbers, a) - at(numbers, b) || at(seqs, a) - at(seqs, b));
    // The same fact may lie there twice.
    const wins = all.filter((win, i) => {
      const before = all[i - 1];
      return before === undefined || numbers[win] !== numbers[before] || seqs[win] !== seqs[before];
    });
    this.#byNumber = wins;
    this.#bySeq = wins.toSorted((a, b) => at(seqs, a) - at(seqs, b));
    this.#holders = new Float64Array(numbers.length).fill(Number.NaN);
    this.#users = new Uint8Array(numbers.length);
    return wins;
  }

  /** Of two who were told one number, by a line that was lost, either may have won by it. */
  #place(first: number, userIds: readonly string[]): void {
    const wins = this.#inOrder();
    for (let at = this.#firstFrom(first); at < wins.length; at++) {
      const win = wins[at] as number;
      const userId = userIds[(this.#numbers[win] as number) - first];
      if (userId === undefined) return;
      if (this.#users[win] === SAME) continue;
      this.#users[win] = markOf(userId) === this.#holders[win] ? SAME : ANOTHER;
    }
  }

  /** Where in the order of numbers those from `first` on begin. */
  #firstFrom(first: number): number {
    const wins = this.#inOrder();
    let [low, high] = [0, wins.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#numbers[wins[middle] as number] as number) < first) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Who was in a shuffle has the number of his lot; when one of them is not known to have left, nobody's is known. */
  #placeLots(): void {
    if (this.#shuffle === null) return;
    const { seed, count } = this.#shuffle;
    const there = [...this.#early].flatMap(([number, userId]) =>
      this.#earlyLeft.has(number) ? [] : [userId],
    );
    if (there.length === count) this.#place(1, shuffled(seed, this.#campaignId, there));
  }

  #outOfOrder(): number[] {
    const wins = this.#inOrder();
    const wrong: number[] = [];
    let highest = 0;
    for (const win of wins) {
      const seq = this.#seqs[win] as number;
      if (seq <= highest) wrong.push(this.#numbers[win] as number);
      highest = Math.max(highest, seq);
    }
    return wrong;
  }

  /** A win that the record does not have yet, or that nobody's number is known of, says nothing. */
  #unlike(): [compared: number, numbers: number[]] {
    const wins = this.#inOrder();
    const known = wins.filter((win) => !Number.isNaN(this.#holders[win]) && this.#users[win] !== NOBODY);
    const unlike = known.filter((win) => this.#users[win] === ANOTHER);
    return [known.length, Array.from(unlike, (win) => this.#numbers[win] as number)];
  }
}
