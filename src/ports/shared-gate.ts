/**
 * What a gate that many processes share can do beside deciding. It opens for nobody by itself: whoever has made sure of
 * what is in it lets an epoch decide, for as long as he renews that, and for numbers that were leased before use.
 */

import type { ClaimWon } from '../core/event.ts';
import type { Gate } from './gate.ts';

/** What the gate decides with from now on. */
export interface Arming {
  epoch: number;
  /** none yet, or those that `load` brought */
  holders: 'empty' | 'staged';
  /** numbers go on above it, whatever the holders say */
  lastSeq: number;
  /** units that count as given although nobody is known to hold them */
  reserved: number;
  bounds: Bounds;
}

/** null: no bound */
export interface Bounds {
  /** the highest seq that may be given out */
  blockEnd: number | null;
  /** epoch ms by the gate's clock; past it nothing is decided */
  leaseUntil: number | null;
}

export type Armed =
  | { kind: 'armed'; issued: number; lastSeq: number; holders: number }
  | { kind: 'refused'; why: 'unconfigured' | 'fenced' | 'live'; detail: string };

/** What is at the gate now. */
export interface InForce {
  epoch: number;
  /** of the campaign's rule */
  version: number;
  /** false: whatever is there, nobody has made sure of it since the gate last started */
  armed: boolean;
  quantity: number;
  issued: number;
  lastSeq: number;
  reserved: number;
  blockEnd: number | null;
  /** epoch ms, the gate's clock */
  now: number;
}

/** Wins decided together, that the log may not have yet. */
export interface LeftBehind {
  /** one campaign, one epoch, in order of seq without a gap */
  facts: ClaimWon[];
  /** epoch ms, the gate's clock */
  decidedAt: number;
}

export interface SharedGate extends Gate {
  /** Which epoch this process claims in, and the newest version it knows: what was remembered of older ones is dropped. */
  follow(campaignId: string, epoch: number, version: number): void;
}

/** For the one who looks after the gate. Each call names a campaign; none is executed twice by itself. */
export interface GateKeeper {
  /** null: no rule here */
  inForce(campaignId: string): Promise<InForce | null>;
  /** Lets an epoch decide, with the rule that `configure` brought. Refused when a later epoch has been there. */
  arm(campaignId: string, arming: Arming): Promise<Armed>;
  /** Extends bounds within an epoch; they never shrink. False when another epoch is in force, or it is not armed. */
  extend(campaignId: string, epoch: number, bounds: Bounds): Promise<boolean>;
  /** From now on nothing is decided in epochs before `epoch`, wherever they still can be reached. */
  freeze(campaignId: string, epoch: number): Promise<void>;
  /** Gives units back to the stock that had been counted without a holder. */
  unreserve(campaignId: string, epoch: number, count: number): Promise<void>;
  /** What the gate decided and has not been let go of, in order of seq, after `afterSeq`, at most `limit` batches. */
  leftBehind(campaignId: string, afterSeq: number, limit: number): Promise<LeftBehind[]>;
  /** Lets go of batches that end at `seq` or before it. */
  letGo(campaignId: string, seq: number): Promise<void>;
}
