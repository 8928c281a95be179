/**
 * The one atomic place that decides. A gate knows units and holders, nothing about codes, HTTP or storage.
 * Deliberately absent: any way to take a decision back. What the gate has given stays given.
 */

import type { Campaign } from '../core/campaign.ts';
import type { Attempt, Decision, Reconfigured } from '../core/gate.ts';
import type { Holders } from './record.ts';

export interface GateCounts {
  issued: number;
  lastSeq: number;
  quantity: number;
  holders: number;
}

/**
 * Beside the rule's verdicts: `unknown_campaign` (not loaded here) and why nothing was decided: `unavailable` (cannot
 * decide now), `rebuilding` (it lost its memory, or may have; nobody gets in until that is made good), `overloaded` (too
 * many wait already), and `unknown`: it was asked and its answer never came, so it may or may not have decided.
 */
export type GateAnswer =
  | Decision
  | { verdict: 'unknown_campaign' | 'unavailable' | 'rebuilding' | 'overloaded' | 'unknown' };

/** A unit as the gate knows it. */
export interface Holding {
  seq: number;
  wonAt: number;
  key: string | null;
}

export interface Gate {
  /** Decides one try. `answer` is called exactly once; a memory gate calls it before returning. */
  claim(campaignId: string, attempt: Attempt, answer: (given: GateAnswer) => void): void;
  /** Makes a new campaign's place, with nothing given out yet, and lets it decide. */
  begin(campaign: Campaign): Promise<void>;
  /** Puts a campaign's rule in force, between two decisions. Unknown here: it is made, empty. */
  configure(campaign: Campaign): Promise<Reconfigured>;
  /** Takes wins of the past in, in order of seq, before the campaign is claimed from. */
  load(campaignId: string, past: Holders): Promise<void>;
  /** Forgets a campaign. */
  unload(campaignId: string): Promise<void>;
  /** What a user holds, oldest first. */
  holdings(campaignId: string, userId: string): Promise<Holding[]>;
  /** null: not loaded here. */
  counts(campaignId: string): Promise<GateCounts | null>;
}
