/** What happened in the waiting lines, as the recorder has stored it from the log: what a line is made anew from. */

import type { LineFact } from '../core/line-fact.ts';

export interface LineHistory {
  /** In the order in which they were stored, after `after` (0 at first); `next` null: that was all. */
  page(campaignId: string, after: number): Promise<{ facts: LineFact[]; next: number | null }>;
}
