/** What is always true of a waiting line (core/audit-line), asked of what the record has of it. */

import type { Check } from '../core/audit.ts';
import { auditLine } from '../core/audit-line.ts';
import type { LineHistory } from '../ports/line-history.ts';
import type { RecordStore } from '../ports/record.ts';
import { wholeLinePast } from './line-past.ts';

const HOLDERS_PAGE = 10_000;

/** L1–L6. Of a line whose facts one process has logged, in the order in which they happened. */
export async function lineChecks(
  history: LineHistory,
  record: Pick<RecordStore, 'holders'>,
  campaignId: string,
): Promise<Check[]> {
  const facts = await wholeLinePast(history, campaignId);
  // Read after the line's facts: whoever won by them is among the holders.
  const wins: { seq: number; userId: string }[] = [];
  for (let last = 0; ; ) {
    const { seqs, userIds } = await record.holders(campaignId, last, HOLDERS_PAGE);
    for (const [i, userId] of userIds.entries()) wins.push({ seq: seqs[i] as number, userId });
    if (userIds.length < HOLDERS_PAGE) break;
    last = seqs.at(-1) as number;
  }
  return auditLine(campaignId, { facts, wins }).checks;
}
