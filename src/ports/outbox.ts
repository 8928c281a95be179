/** Facts left in the record with what they are about, until they have been sent on. */

import type { OutboxType } from '../core/event.ts';

export interface OutboxRow {
  id: number;
  type: OutboxType;
  campaignId: string;
  /** of facts about units: the run that the row stands for; null: it is about the campaign */
  seqs: { first: number; last: number } | null;
  data: Record<string, unknown>;
  /** epoch ms */
  at: number;
}

export interface Outbox {
  /** In the order in which they were left, at most `limit`; what was left in a transaction that ended late comes late. */
  unsent(limit: number): Promise<OutboxRow[]>;
  markSent(ids: readonly number[], now: number): Promise<void>;
  countUnsent(): Promise<number>;
  /** Forgets at most `limit` rows that were sent before `before`, oldest first. Resolves with how many. */
  trim(before: number, limit: number): Promise<number>;
}
