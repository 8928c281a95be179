/** What people are told: by the answer to a press, and by a look-up afterwards. */

import type { Campaign } from '../core/campaign.ts';
import type { Claim } from '../core/claim.ts';
import type { Refusal } from '../core/gate.ts';
import type { Problem } from '../core/problem.ts';

export interface Press {
  campaignId: string;
  /** normal form, see core/claim `normalUserId` */
  userId: string;
  key: string | null;
  /** the token's claims; empty when users are named in the body */
  tokenClaims: Readonly<Record<string, unknown>>;
  /** an operator's gift (jobs/grant), which no person can ask for: only a deny list keeps it from somebody */
  granted?: true;
}

export type Outcome =
  | { verdict: 'won' | 'already_won'; claim: Claim }
  | { verdict: Refusal; campaign: Campaign }
  | Pending
  | { verdict: 'none'; problem: Problem };

/** Not decided yet, and durably on its way. */
export interface Pending {
  verdict: 'pending';
  campaign: Campaign;
  ticket: string;
  /** queued mode: how it stands in line */
  place: PlaceTold | null;
  /** when to ask next */
  askAgainMs: number;
}

/** A place in line, in the words of the contract. */
export interface PlaceTold {
  /** null: nobody has one before the shuffle */
  position: number | null;
  servingNumber: number;
  ahead: number | null;
  /** null: nobody can say, and `waitReason` why */
  estimatedWaitMs: number | null;
  waitReason: string | null;
  /** epoch ms: let in, and must press once more until then */
  confirmBy: number | null;
}

export type Tell = (outcome: Outcome) => void;

/** A claim with what has happened to it since. */
export interface ClaimLife extends Claim {
  redeemedAt: number | null;
  /** an operator key's id */
  redeemedBy: string | null;
  revokedAt: number | null;
  expiresAt: number | null;
  /** set aside for a checkout until then */
  heldUntil: number | null;
}

export type Found =
  | { kind: 'claim'; claim: ClaimLife }
  | { kind: 'none' }
  | { kind: 'no_campaign' }
  /** won by the gate, and not known to be durable */
  | { kind: 'unknown' }
  /** decided, not recorded yet, and asked for without naming its holder */
  | { kind: 'pending' }
  /** on its way: in line, or in the log's hands */
  | { kind: 'waiting'; pending: Pending }
  /** a try that did not win; `why`: what became of a place in line that was given up or ran out */
  | { kind: 'refused'; verdict: Refusal; campaign: Campaign; why: 'left' | 'expired' | null }
  /** only he who asked can be told, and nobody is named */
  | { kind: 'unnamed' }
  /** another's, or another campaign's */
  | { kind: 'mismatch' };
