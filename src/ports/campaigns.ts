/** Where campaigns are kept, each change with its line in the audit log in the same transaction. */

import type { Campaign } from '../core/campaign.ts';
import type { OutboxType } from '../core/event.ts';
import type { AuditLine } from './operators.ts';

/** A fact to be left in the outbox with a change. */
export interface OutboxFact {
  type: OutboxType;
  campaignId: string;
  data: Record<string, unknown>;
}

export interface Campaigns {
  /** False when the id is taken. */
  create(campaign: Campaign, audit: AuditLine): Promise<boolean>;
  /** Stores a changed campaign if its stored version is still `expected`; false when it is not. */
  update(campaign: Campaign, expected: number, audit: AuditLine, facts: OutboxFact[]): Promise<boolean>;
  get(id: string): Promise<Campaign | null>;
  /** In order of creation, newest first; `after` is the last one of the page before. */
  list(after: { createdAt: number; id: string } | null, limit: number): Promise<Campaign[]>;
}
