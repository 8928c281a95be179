/** Facts on the log: what happened, in the past tense, with an id that follows from the fact itself (contract §8). */

import type { LineFact } from './line-fact.ts';
import { lineFactId } from './line-fact.ts';

export interface ClaimWon {
  type: 'claim.won';
  campaignId: string;
  epoch: number;
  seq: number;
  userId: string;
  /** which unit of this user it is: 1 … perUserLimit. The record is unique by it, so that I2 holds there too */
  nth: number;
  /** the Idempotency-Key of the winning try; null when there was none or it does not matter */
  key: string | null;
  /** epoch ms, the gate's clock */
  wonAt: number;
}

/** What the log takes: wins, and what happens in waiting lines. */
export type Fact = ClaimWon | LineFact;

/** Twice is once: the same fact always has the same id. */
export function factId(fact: Fact): string {
  if (fact.type !== 'claim.won') return lineFactId(fact);
  return `${fact.campaignId}:${fact.epoch}:${fact.seq}:${fact.type}`;
}

/** The facts that leave the record by its outbox. */
export const OUTBOX_TYPES = [
  'coupon.issued',
  'coupon.redeemed',
  'coupon.revoked',
  'coupon.expired',
  'campaign.opened',
  'campaign.paused',
  'campaign.resumed',
  'campaign.closed',
  'campaign.changed',
  'campaign.archived',
  'campaign.sold_out',
] as const;
export type OutboxType = (typeof OUTBOX_TYPES)[number];
