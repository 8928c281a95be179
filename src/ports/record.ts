/** The durable truth in SQL: who was given what. Written by the recorder, read by everybody who asks later. */

import type { Claim } from '../core/claim.ts';
import type { CouponRefusal, CouponTry } from '../core/coupon.ts';
import type { Ruling } from '../core/decider.ts';
import type { ClaimWon } from '../core/event.ts';
import type { LineFact } from '../core/line-fact.ts';

/** A win on its way into the record. */
export interface Win {
  fact: ClaimWon;
  /** what its code is found by (core/code `codeLookup`); null when the campaign has no codes, or not yet */
  codeLookup: number | null;
  /** its coupon is issued by a job: until then nothing finds it by a code, and nobody is told that it was issued */
  byJob?: true;
}

/** Holders of a campaign in order of seq, in columns: a million of them cross a thread in one message. */
export interface Holders {
  seqs: Float64Array;
  wonAt: Float64Array;
  userIds: string[];
  /** null when no holder has a key */
  keys: (string | null)[] | null;
  /** how many of them are not in the record but in letters that count as issued (ports/dead-letters); absent: none */
  setAside?: number;
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
  /** when its coupon was issued: with the win, or by a job; null: not yet */
  issuedAt: number | null;
  /** until when its coupon is good, from when it was issued */
  expiresAt: number | null;
  /** set aside for a checkout until then; null: nobody has it in his hands */
  heldUntil: number | null;
  /** when its unit went back to the stock */
  returnedAt: number | null;
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
  | { kind: 'refused'; claim: StoredClaim; why: CouponRefusal }
  | { kind: 'missing' };

export interface CouponAct extends CouponTry {
  reason: string | null;
  /** of `reserve`: how long it is set aside */
  ttlMs?: number;
  /** of the call, for the audit log */
  requestId: string | null;
}

export interface RecordCounts {
  issued: number;
  redeemed: number;
  revoked: number;
  expired: number;
  /** of those revoked, units that went back to the stock */
  returned: number;
  /** units whose coupon a job is to issue, and has not; those among them that were taken back will never have one */
  unissued: number;
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

export type RecordTally = Pick<RecordCounts, 'issued' | 'redeemed' | 'revoked' | 'unissued'>;

export interface RecordStore {
  /** One transaction: rows, outbox, dead letters, the offset. Insert, read back, compare; never a silent conflict. */
  store(batch: RecordBatch): Promise<StoreResult>;
  /** Where the recorder goes on in this source; 0 at first. */
  next(source: string): Promise<number>;
  /** In order of seq, after `afterSeq`, at most `limit`. */
  page(campaignId: string, afterSeq: number, limit: number): Promise<StoredClaim[]>;
  /** By seq, user (all his units, oldest first; in every campaign when `campaignId` is null) or code. */
  find(campaignId: string | null, by: ClaimFilter): Promise<StoredClaim[]>;
  /** Does something to one unit, by the rule of core/coupon and with its line in the audit log: of two at once, one wins. */
  change(id: { campaignId: string; seq: number }, act: CouponAct): Promise<CouponChange>;
  counts(campaignId: string, now: number): Promise<RecordCounts>;
  /** Of these the few that somebody watches while a drop goes on, in one pass over the units. */
  tally(campaignId: string): Promise<RecordTally>;
  /**
   * Who holds what, for filling a gate, those of dead letters among them: after `afterSeq`, in order of seq. Fewer than
   * `limit`: there are no more.
   */
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
