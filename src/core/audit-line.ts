/**
 * What is always true of a waiting line, asked of its facts and of the record: L1–L6, beside the invariants of every
 * campaign (core/audit). It reads the facts by itself and shares nothing with the line that made them.
 */

import type { Check } from './audit.ts';
import type { LineFact, LineJoined } from './line-fact.ts';
import { shuffled } from './shuffle.ts';

export interface LineHistory {
  /** of one campaign, as the log has them */
  facts: readonly LineFact[];
  /** who holds which seq by the record, or by what was told; null: not asked */
  wins: readonly { seq: number; userId: string }[] | null;
}

type End = 'won' | 'left' | 'expired' | 'refused';

/** What the facts say of one number. */
interface Place {
  userId: string;
  confirmed: boolean;
  end: End | null;
  seq: number;
}

/** The first of each kind that went wrong, as a number in line. */
interface Faults {
  gaps: number[];
  twice: number[];
  back: number[];
  early: number[];
}

class Reading {
  readonly places: Place[] = [];
  readonly faults: Faults = { gaps: [], twice: [], back: [], early: [] };
  /** numbers in the order of their wins on the log */
  readonly won: number[] = [];
  serving = 0;
  needsPress = false;
  readonly #latest = new Map<string, Place>();
  #unnumbered: (string | null)[] = [];
  readonly #early = new Set<string>();
  readonly #campaignId: string;

  constructor(campaignId: string) {
    this.#campaignId = campaignId;
  }

  take(fact: LineFact): void {
    switch (fact.type) {
      case 'line.joined':
        return fact.first < 0 ? this.#joinEarly(fact) : this.#join(fact);
      case 'line.shuffled':
        return this.#shuffle(fact.seed);
      case 'line.released':
        if (fact.to <= this.serving || fact.to > this.places.length) this.faults.back.push(fact.to);
        this.serving = Math.max(this.serving, fact.to);
        if (fact.confirmBy !== null) this.needsPress = true;
        return;
      case 'line.confirmed':
        for (const number of fact.numbers) this.#confirm(number);
        return;
      case 'line.won':
        for (const [i, number] of fact.numbers.entries()) this.#win(number, fact.seqs[i] as number);
        return;
      case 'line.left':
        for (const number of fact.numbers) {
          if (number < 0) this.#leaveEarly(number);
          else this.#end(number, 'left');
        }
        return;
      case 'line.expired':
        for (const number of fact.numbers) this.#end(number, 'expired');
        return;
      case 'line.refused':
        for (const number of fact.numbers) this.#end(number, 'refused');
        return;
      case 'line.stretched':
        return;
    }
  }

  #joinEarly({ first, userIds }: LineJoined): void {
    if (first !== -this.#unnumbered.length - 1) this.faults.gaps.push(first);
    for (const userId of userIds) {
      if (this.#early.has(userId)) this.faults.twice.push(-this.#unnumbered.length - 1);
      this.#early.add(userId);
      this.#unnumbered.push(userId);
    }
  }

  #leaveEarly(number: number): void {
    const userId = this.#unnumbered[-number - 1] ?? null;
    if (userId === null) this.faults.twice.push(number);
    else this.#early.delete(userId);
    this.#unnumbered[-number - 1] = null;
  }

  #join({ first, userIds }: LineJoined): void {
    if (first !== this.places.length + 1) this.faults.gaps.push(first);
    for (const userId of userIds) this.#append(userId);
  }

  #append(userId: string): void {
    const before = this.#latest.get(userId);
    if (before !== undefined && before.end === null) this.faults.twice.push(this.places.length + 1);
    const place = { userId, confirmed: false, end: null, seq: 0 };
    this.places.push(place);
    this.#latest.set(userId, place);
  }

  #shuffle(seed: string): void {
    const there = this.#unnumbered.filter((userId) => userId !== null);
    for (const userId of shuffled(seed, this.#campaignId, there)) this.#append(userId);
    this.#unnumbered = [];
  }

  #confirm(number: number): void {
    const place = this.places[number - 1];
    if (place === undefined || place.end !== null || number > this.serving) this.faults.early.push(number);
    else place.confirmed = true;
  }

  #win(number: number, seq: number): void {
    const place = this.places[number - 1];
    const ready = place !== undefined && number <= this.serving && (!this.needsPress || place.confirmed);
    if (!ready) this.faults.early.push(number);
    if (place !== undefined) place.seq = seq;
    this.won.push(number);
    this.#end(number, 'won');
  }

  #end(number: number, end: End): void {
    const place = this.places[number - 1];
    if (place === undefined || place.end !== null) this.faults.twice.push(number);
    else place.end = end;
  }
}

const SAYS = {
  L1: ['Numbers follow each other.', 'A number is missing or given twice.'],
  L2: ['One place for one user.', 'Somebody has two places, or lost one twice.'],
  L3: ['The serving number never went back.', 'The serving number went back, or ahead of the line.'],
  L4: ['Wins are in the order of the places.', 'A win is out of order.'],
  L5: ['Nobody was passed over.', 'Somebody won before his turn, or was passed over.'],
  L6: ['The line and the record name the same winners.', 'The line and the record name different winners.'],
} as const;

/** `wrong`: numbers in line that break it. */
export function lineCheck(id: keyof typeof SAYS, wrong: readonly number[], compared: number): Check {
  const ok = wrong.length === 0;
  const figures = { compared, wrong: wrong.length, first: wrong[0] ?? null };
  return { id, ok, basis: 'counted', figures, says: SAYS[id][ok ? 0 : 1] };
}

/** Winners whose seq is not above that of the winner before them in line, or before them in pressing once more. */
function outOfOrder({ places, needsPress, won }: Reading): number[] {
  const order = needsPress ? won : won.toSorted((a, b) => a - b);
  return order.filter((number, i) => {
    const before = places[(order[i - 1] ?? 0) - 1];
    return before !== undefined && before.seq >= (places[number - 1]?.seq ?? 0);
  });
}

/** Who stayed, and whose turn was before that of a winner, and has nothing. */
function passedOver({ places, needsPress, won }: Reading): number[] {
  if (needsPress) return [];
  const last = won.reduce((highest, number) => Math.max(highest, number), 0);
  const passed: number[] = [];
  for (let number = 1; number < last; number++) {
    if ((places[number - 1] as Place).end === null) passed.push(number);
  }
  return passed;
}

/** Wins that the line and the record do not agree on. */
function unlike({ places, won }: Reading, wins: NonNullable<LineHistory['wins']>): number[] {
  const bySeq = new Map(wins.map(({ seq, userId }) => [seq, userId]));
  return won.filter((number) => {
    const place = places[number - 1];
    return place === undefined || bySeq.get(place.seq) !== place.userId;
  });
}

/** All that is always true of a line, in order. A win that the record does not have yet is a fault: drain it before. */
export function auditLine(
  campaignId: string,
  { facts, wins }: LineHistory,
): { ok: boolean; checks: Check[] } {
  const reading = new Reading(campaignId);
  for (const fact of facts) reading.take(fact);
  const { places, faults, won } = reading;
  const releases = facts.filter(({ type }) => type === 'line.released').length;
  const checks = [
    lineCheck('L1', faults.gaps, places.length),
    lineCheck('L2', faults.twice, places.length),
    lineCheck('L3', faults.back, releases),
    lineCheck('L4', outOfOrder(reading), won.length),
    lineCheck('L5', [...faults.early, ...passedOver(reading)], won.length),
    lineCheck('L6', wins === null ? [] : unlike(reading, wins), wins?.length ?? 0),
  ];
  return { ok: checks.every(({ ok }) => ok), checks };
}
