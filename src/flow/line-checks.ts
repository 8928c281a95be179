/** What is always true of a waiting line (core/audit-line, core/audit-shared-line), asked of what the record has of it. */

import type { Check } from '../core/audit.ts';
import { auditLine } from '../core/audit-line.ts';
import { SharedLineAudit } from '../core/audit-shared-line.ts';
import type { LineHistory } from '../ports/line-history.ts';
import type { RecordStore } from '../ports/record.ts';
import { linePast, wholeLinePast } from './line-past.ts';

type Record = Pick<RecordStore, 'holders'>;

const HOLDERS_PAGE = 10_000;

/** L1–L6. Of a line whose facts one process has logged, in the order in which they happened. */
export async function lineChecks(history: LineHistory, record: Record, campaignId: string): Promise<Check[]> {
  const facts = await wholeLinePast(history, campaignId);
  // Read after the line's facts: whoever won by them is among the holders.
  const wins: { seq: number; userId: string }[] = [];
  for await (const { seqs, userIds } of holdersOf(record, campaignId))
    for (const [i, userId] of userIds.entries()) wins.push({ seq: seqs[i] as number, userId });
  return auditLine(campaignId, { facts, wins }).checks;
}

/** L4 and L6. Of a line whose facts many processes have logged; a page of it at a time. */
export async function sharedLineChecks(
  history: LineHistory,
  record: Record,
  campaignId: string,
): Promise<Check[]> {
  const audit = new SharedLineAudit(campaignId);
  for await (const facts of linePast(history, campaignId)) audit.won(facts);
  for await (const { seqs, userIds } of holdersOf(record, campaignId)) audit.held(seqs, userIds);
  for await (const facts of linePast(history, campaignId)) audit.placed(facts);
  return audit.checks();
}

async function* holdersOf(
  record: Record,
  campaignId: string,
): AsyncGenerator<Awaited<ReturnType<Record['holders']>>> {
  for (let last = 0; ; ) {
    const page = await record.holders(campaignId, last, HOLDERS_PAGE);
    yield page;
    if (page.userIds.length < HOLDERS_PAGE) return;
    last = page.seqs.at(-1) as number;
  }
}
