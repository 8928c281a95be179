/** Where facts of the record go on: to whoever else wants to know. */

import type { OutboxType } from '../core/event.ts';

export interface Announcement {
  /** follows from the fact: sent twice, it is the same one */
  id: string;
  type: OutboxType;
  campaignId: string;
  /** of the claim that it is about; null: about the campaign. Those of one claim arrive in the order they were sent in */
  claimId: string | null;
  /** epoch ms */
  at: number;
  data: Record<string, unknown>;
}

export interface Announcements {
  /** Resolves when all of them are durable. Rejects when that is not known; they may be sent again. */
  send(announcements: readonly Announcement[]): Promise<void>;
  close(): Promise<void>;
}
