/** The durable truth in SQL: who was given what. Written by the recorder, read by everybody who asks later. */

import type { Claim, ClaimStatus } from '../core/claim.ts';
import type { Ruling } from '../core/decider.ts';
import type { ClaimWon } from '../core/event.ts';
import type { LineFact } from '../core/line-fact.ts';

/** A win on its way into the record. */
export interface Win {
  fact: ClaimWon;
  /** what its code is found by (core/code `codeLookup`); null when the campaign has no codes */
  codeLookup: number | null;
}

/** Holders of a campaign in order of seq, in columns: a million of them cross a thread in one message. */
export interface Holders {
  seqs: Float64Array;
  wonAt: Float64Array;
  userIds: string[];
  /** null when no holder has a key */
  keys: (string | null)[] | null;
}

/** As the record has it. Codes are not stored: they follow from (campaign, seq), see flow/codes. */
export interface StoredClaim extends Omit<Claim, 'code'> {
  epoch: number;
  codeLookup: number | null;
  key: string | null;
  redeemedAt: number | null;
  redeemedBy: string | null;
  revokedAt: number | null;
  revokedReason: string | null;
  expiresAt: number | null;
}

export interface RecordBatch {
  /** which log the offsets belong to */
  source: string;
  /** where the recorder stood; the batch is refused when the record stands elsewhere */
  from: number;
  next: number;
  wins: Win[];
  /** of waiting lines, in order; the same one twice is kept twice (ports/line-history) */
  lines?: LineFact[];
  /** ordered mode: how the decider stands in the campaigns that this batch was about (ports/rulings) */
  rulings?: Ruling[];
  /** ordered mode: offsets of entries that could not be read */
  unreadableAt?: number[];
  unreadable: { at: string; reason: string; payload: string }[];
  now: number;
}

/** `zombie`: somebody else has moved on; this recorder must stop. */
export type StoreResult =
  | { kind: 'stored'; inserted: number; repeated: number; conflicts: number }
  | { kind: 'zombie'; next: number };

export type ClaimFilter = { seq: number } | { userId: string } | { codeLookup: number };

export type CouponChange =
  | { kind: 'changed'; claim: StoredClaim }
  | { kind: 'repeated'; claim: StoredClaim }
  | { kind: 'refused'; claim: StoredClaim; why: Exclude<ClaimStatus, 'won' | 'issued'> }
  | { kind: 'missing' };

export interface CouponAct {
  act: 'redeem' | 'revoke';
  /** who did it: an operator key's id, or `user` when the holder gives it back */
  by: string;
  reason: string | null;
  /** the same key again is the same act */
  key: string | null;
  now: number;
}

export interface RecordCounts {
  issued: number;
  redeemed: number;
  revoked: number;
  expired: number;
  lastSeq: number;
  distinctUsers: number;
  /** the largest number of units one user holds */
  perUserMax: number;
  distinctSeqs: number;
  withCode: number;
  distinctCodes: number;
  firstWonAt: number | null;
  lastWonAt: number | null;
}

export interface RecordStore {
  /** One transaction: rows, outbox, dead letters, the offset. Insert, read back, compare; never a silent conflict. */
  store(batch: RecordBatch): Promise<StoreResult>;
  /** Where the recorder goes on in this source; 0 at first. */
  next(source: string): Promise<number>;
  /** In order of seq, after `afterSeq`, at most `limit`. */
  page(campaignId: string, afterSeq: number, limit: number): Promise<StoredClaim[]>;
  /** By seq, user (all his units, oldest first; in every campaign when `campaignId` is null) or code. */
  find(campaignId: string | null, by: ClaimFilter): Promise<StoredClaim[]>;
  /** Redeems or takes back one unit in one statement: two at once, one wins. */
  change(id: { campaignId: string; seq: number }, act: CouponAct): Promise<CouponChange>;
  counts(campaignId: string, now: number): Promise<RecordCounts>;
  /** Who holds what, for filling a gate: after `afterSeq`, at most `limit`. */
  holders(campaignId: string, afterSeq: number, limit: number): Promise<Holders>;
}

/** For whoever sends wins to the record again until they are taken care of. */
export interface SettledSeqs {
  /**
   * Numbers from `first` to `last` of an epoch that need no sending any more: recorded, or set aside with a reason. What
   * was set aside of another epoch says nothing: a number that nobody was told may be given again.
   */
  settled(campaignId: string, epoch: number, first: number, last: number): Promise<Set<number>>;
}
