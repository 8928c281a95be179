/**
 * Coupons after the win, beside what ports/record answers at the counter: given out by a job, and freed so that their
 * units go out again.
 *
 * Deliberately absent: changing whose a unit is.
 */

import type { Campaign } from '../core/campaign.ts';
import type { OutboxFact } from './campaigns.ts';
import type { AuditLine } from './operators.ts';

export interface IssuedUnit {
  seq: number;
  /** what its code is found by from now on; null: the campaign has no codes */
  codeLookup: number | null;
}

/** Units on their way back to the stock. */
export interface UnitsBack {
  /** units in the record that were given back or taken back before they were used */
  units: number;
  /** dead letters that were discarded: units that nobody holds */
  letters: number;
}

export interface Coupons {
  /**
   * Gives out the coupons of units of a campaign that issues by job, in one transaction with `coupon.issued` in the
   * outbox. Units that have theirs, were taken back, or are not in the record are left as they are, so the same ones
   * again change nothing. At most 1,000 units. Answers with the seqs that were issued by this call.
   */
  issue(campaignId: string, units: readonly IssuedUnit[], now: number): Promise<number[]>;
  /** What is on its way back, by campaign: units of these campaigns only, letters of all. */
  comingBack(campaignIds: readonly string[]): Promise<Record<string, UnitsBack>>;
  /**
   * Puts units back: stores `next`, which counts `back` more, and takes exactly those off the way back, in one
   * transaction with audit line and facts. At most 1,000 units. False, and nothing done, when somebody else has changed
   * the campaign or there are not so many.
   */
  putBack(
    next: Campaign,
    expected: number,
    back: UnitsBack,
    audit: AuditLine,
    facts: OutboxFact[],
  ): Promise<boolean>;
}
