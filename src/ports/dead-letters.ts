/**
 * Facts that the record could not take in as what they claim to be, set aside with their reasons. One that is a win of a
 * campaign counts as issued until it is discarded: its unit is nobody else's.
 *
 * Deliberately absent: changing or forgetting one. It is all that is left of what somebody was told.
 */

import type { ClaimWon } from '../core/event.ts';
import type { LetterState } from '../core/letter-state.ts';
import type { Win } from './record.ts';

export type { LetterState };

/** One link of the chain that led to it, the nearest first. */
export interface Cause {
  message: string;
  /** ours (`over_quantity`), or the database's; null: it had none */
  code: string | null;
}

export interface DeadLetter {
  id: number;
  /** whose unit it stands for; null: it stands for none */
  campaignId: string | null;
  /** of the fact: `claim.won`, `line.joined` …; `unreadable`: nobody knows */
  type: string;
  seq: number | null;
  userId: string | null;
  state: LetterState;
  /** where it came from: `journal`, `dibs.claims.won.v1/3` */
  source: string;
  reason: string;
  causes: Cause[];
  /** the fact as JSON, or what was there in its place */
  payload: string;
  /** how often it was tried to take it in */
  tries: number;
  /** of the first and the newest try, epoch ms */
  firstAt: number;
  lastAt: number;
  resolvedAt: number | null;
  /** an operator key's id, or whoever ran the job */
  resolvedBy: string | null;
  resolvedReason: string | null;
}

/** All that is said must hold. */
export interface LetterFilter {
  campaignId?: string | undefined;
  state?: LetterState | undefined;
  /** a part of the reason's text */
  reason?: string | undefined;
  /** first set aside then or later, epoch ms */
  since?: number | undefined;
}

/** Which letters are to be replayed. */
export interface DueFilter extends Omit<LetterFilter, 'state'> {
  /** with those that he has replayed: whoever does a part of his work again counts them again */
  alsoBy?: string | undefined;
  /** tried fewer times than that */
  triesBelow?: number | undefined;
  /** and last before then, epoch ms */
  triedBefore?: number | undefined;
}

/** What a replay did, or would do: `issued`, `already_there` by another way, or it `stays` dead. */
export type Replayed = { kind: 'issued' } | { kind: 'already_there' } | { kind: 'stays'; why: Cause };

/** `missing`: there is no such letter; `resolved`: it is not dead any more. */
export type ReplayAnswer = Replayed | { kind: 'missing' } | { kind: 'resolved'; state: LetterState };

/** `freed`: its unit is on its way back to the stock (ports/coupons). */
export type DiscardAnswer =
  | { kind: 'discarded'; freed: boolean }
  | { kind: 'missing' }
  | { kind: 'resolved'; state: LetterState };

export interface LetterAct {
  /** for the audit log */
  by: string;
  requestId: string | null;
  reason: string | null;
  now: number;
}

/** A letter that holds a win: what the recorder would store, as far as the letter says it. */
export interface LetterWin {
  id: number;
  fact: ClaimWon;
}

export interface LetterCounts {
  dead: number;
  replayed: number;
  discarded: number;
  /** units that letters stand for: dead ones, and discarded ones whose unit came back to the stock as another */
  units: number;
}

export interface DeadLetters {
  /** Newest first, before letter `before`, at most `limit`. */
  list(filter: LetterFilter, before: number | null, limit: number): Promise<DeadLetter[]>;
  get(id: number): Promise<DeadLetter | null>;
  /** Of one campaign, or of all there are. */
  counts(campaignId: string | null): Promise<LetterCounts>;
  /** What {@link replay} would do now with each of these; nothing is changed. At most 50. */
  dryRun(wins: readonly { id: number; win: Win }[]): Promise<ReplayAnswer[]>;
  /**
   * Takes the fact in as the recorder does, in one transaction with the audit log. What stays dead has been tried once
   * more; it never becomes a second letter.
   */
  replay(id: number, win: Win, act: LetterAct): Promise<ReplayAnswer>;
  /** Gives up on it for good. Its unit, if it stood for one, is left to be put back into the stock. */
  discard(id: number, act: LetterAct): Promise<DiscardAnswer>;
}

/** For whoever sends them through again, many at once. */
export interface DueLetters {
  /** Wins in dead letters of campaigns, oldest first, after letter `after`, at most `limit`. */
  due(filter: DueFilter, after: number | null, limit: number): Promise<LetterWin[]>;
  /** How many of them there are. */
  countDue(filter: DueFilter): Promise<number>;
}

/** For whoever tells other systems of what was set aside. */
export interface UnsentLetters {
  /** Of facts that could be read, from one source, oldest first. */
  unsent(source: string, limit: number): Promise<DeadLetter[]>;
  markSent(ids: readonly number[], now: number): Promise<void>;
}
