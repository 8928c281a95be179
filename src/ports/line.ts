/**
 * The waiting line of each campaign: numbers, who has left, how far it has come. It lets people in and does not decide who
 * wins; whoever asks the gate for them says what the gate said. A call that changed something hands back the facts of
 * it: on the log they are what the line is rebuilt from, and nobody is told his place before they are durable.
 *
 * Deliberately absent: taking a number away or changing one.
 */

import type { LineAttempt, LineDecision, Standing, StandingNow } from '../core/line.ts';
import type { LineFact } from '../core/line-fact.ts';
import type { LineRule } from '../core/line-state.ts';

/** What cannot be answered, as at the gate (ports/gate). */
export type LineFault = 'unknown_campaign' | 'unavailable' | 'rebuilding' | 'overloaded' | 'unknown';

/**
 * `facts`: what this press brought about, in order, also for others than him whose press it was. `standing`: how his place
 * stands at this moment, from a line that would have to be asked for it once more.
 */
export type LineAnswer =
  | { given: LineDecision; facts: LineFact[]; standing?: StandingNow }
  | { fault: LineFault };

/** Somebody whose turn at the gate it is. */
export interface AtGate {
  number: number;
  userId: string;
  key: string | null;
}

export interface LineMoved {
  facts: LineFact[];
  /** how many were let in by this call; what pace was used for */
  released: number;
  /** everybody whose turn it is, in the order in which the gate is to be asked, those of earlier calls too */
  atGate: AtGate[];
}

/** Small, the same for everybody, and true together. */
export interface LineCounts {
  /** the highest number let in; never goes back */
  serving: number;
  /** the highest number given */
  lastNumber: number;
  waiting: number;
  /** let in, must press once more */
  offered: number;
  atGate: number;
  won: number;
  /** units that are neither given nor wait for somebody who was let in */
  free: number;
  soldOut: boolean;
  /** joined before the opening, and has no number until then */
  unnumbered: boolean;
}

export interface Line {
  /** A place for this user, or what has become of the one he has; once for each user, however often he presses. `answer` is
   * called exactly once; a memory line calls it before returning. */
  join(campaignId: string, attempt: LineAttempt, answer: (answer: LineAnswer) => void): void;
  /** Gives a place up; `left` is false when there is none that can be: never had, gone, or his turn at the gate has come. */
  leave(campaignId: string, userId: string): Promise<{ left: boolean; facts: LineFact[] }>;
  /**
   * How a place stands: the latest one of a user, or that of a number as it was first given (below 0 before a shuffle).
   * null: there never was such a place, or it was left before the shuffle.
   */
  standing(campaignId: string, of: string | number): Promise<Standing | null>;
  /** Moves the line on: what the clock has brought about, then up to `budget` people from its head; 0: nobody. */
  advance(campaignId: string, budget: number, eligible: (userId: string) => boolean): Promise<LineMoved>;
  /** null: not loaded here. */
  counts(campaignId: string): Promise<LineCounts | null>;
  /** Puts a rule in force, in a line that is made when there is none; null takes the line away. */
  configure(campaignId: string, rule: LineRule | null): Promise<LineFact[]>;
  /** Takes facts in, in order: those of the past, and what the gate said to those whose turn it was. */
  take(campaignId: string, facts: readonly LineFact[]): Promise<void>;
}

/** A line in this very process answers without a wait, which the many who ask again and again are worth. */
export interface NearLine extends Line {
  /** As {@link Line.standing}. */
  standingNow(campaignId: string, of: string | number): Standing | null;
}
