/**
 * What is let go of: rows whose time is over, and the names of people in campaigns that are over. Every call may be made
 * again with the same arguments and then finds less to do, or nothing.
 *
 * Deliberately absent: taking claims away. What was given stays counted, whoever it was.
 */

import type { OldKind, PersonalPlace } from '../core/kept.ts';

/** What a row is told by, within its kind. */
export type RowKey = string | number;

/** What there is to be tidied among units of a campaign with these numbers. */
export interface UntidyUnits {
  /** expired, and nobody has been told */
  expired: number[];
  /** set aside for a checkout that ended without a word */
  held: number[];
  /** the highest number looked at; null: there is none above */
  last: number | null;
}

export interface Retention {
  /** Rows that ended before `before`, after the row `after` in the order of their keys, at most `limit`. */
  old(kind: OldKind, before: number, after: RowKey | null, limit: number): Promise<RowKey[]>;
  /** Takes rows away with all that hangs on them. Resolves with how many there were. */
  drop(kind: OldKind, keys: readonly RowKey[]): Promise<number>;
  /** Looks at `limit` numbers above `afterSeq`; `heldBefore`: a hold that ended before then. */
  untidy(
    campaignId: string,
    afterSeq: number,
    limit: number,
    at: { now: number; heldBefore: number },
  ): Promise<UntidyUnits>;
  /**
   * Leaves `coupon.expired` in the outbox, once for each unit, in runs, and takes the holds away. Units that were used, taken
   * back or told of since are left out. Resolves with how many of them were told of at `now` and how many have no hold any
   * more: asked once more with the same `now`, with the same counts.
   */
  tidy(
    campaignId: string,
    units: Pick<UntidyUnits, 'expired' | 'held'>,
    now: number,
  ): Promise<{ expired: number; held: number }>;
  /** Rows of a campaign that tell of people, after the row `after` in the order of their keys, at most `limit`. */
  personal(place: PersonalPlace, campaignId: string, after: RowKey | null, limit: number): Promise<RowKey[]>;
  /**
   * Takes the people out of these rows: user ids become keyed hashes (core/erased, `key` in hex), what else they said or
   * is said of them is forgotten. Resolves with how many rows were changed.
   */
  erase(place: PersonalPlace, campaignId: string, keys: readonly RowKey[], key: string): Promise<number>;
}
