/**
 * From the record's outbox to whoever else wants to know (coupons issued, redeemed, taken back; campaigns sold out), at
 * least once and for each claim in order. What was sent is marked only when it is durable; whoever dies in between sends
 * it again, with the same ids.
 */

import { claimId } from '../core/claim.ts';
import type { Announcement, Announcements } from '../ports/announcements.ts';
import type { Outbox, OutboxRow } from '../ports/outbox.ts';
import type { RecordStore } from '../ports/record.ts';
import type { System } from '../ports/system.ts';

export interface AnnounceParts {
  outbox: Outbox;
  announcements: Pick<Announcements, 'send'>;
  record: Pick<RecordStore, 'page'>;
  system: Pick<System, 'now'>;
  /** whether to go on: the lease is still held */
  goOn(): boolean;
}

const ROWS_MAX = 200;
const CLAIMS_PAGE = 1000;

/** Sends what is there. Resolves with the number of facts sent. */
export async function announce(parts: AnnounceParts): Promise<number> {
  const { outbox, system, goOn } = parts;
  let sent = 0;
  while (goOn()) {
    const rows = await outbox.unsent(ROWS_MAX);
    if (rows.length === 0) break;
    for (const row of rows) sent += await announceRow(parts, row);
    await outbox.markSent(
      rows.map(({ id }) => id),
      system.now(),
    );
    if (rows.length < ROWS_MAX) break;
  }
  return sent;
}

async function announceRow({ announcements, record }: AnnounceParts, row: OutboxRow): Promise<number> {
  const { type, campaignId, seqs, at, data } = row;
  if (seqs === null) {
    const { version = row.id } = data as { version?: number };
    const id = `${campaignId}:${version}:${type}`;
    await announcements.send([{ id, type, campaignId, claimId: null, at, data: { campaignId, ...data } }]);
    return 1;
  }
  let sent = 0;
  for (let after = seqs.first - 1; after < seqs.last; ) {
    const page = await record.page(campaignId, after, Math.min(CLAIMS_PAGE, seqs.last - after));
    const some = page.filter(({ seq }) => seq <= seqs.last);
    const last = some.at(-1);
    if (last === undefined) break;
    await announcements.send(some.map((claim) => ofClaim(row, claim)));
    sent += some.length;
    after = last.seq;
  }
  return sent;
}

type StoredClaim = Awaited<ReturnType<RecordStore['page']>>[number];

/** Its code is nobody's business but the holder's: whoever may know it asks for it. */
function ofClaim({ type, campaignId, at, data }: OutboxRow, claim: StoredClaim): Announcement {
  const { seq, epoch, userId, wonAt } = claim;
  const id = claimId(campaignId, seq);
  return {
    id: `${campaignId}:${epoch}:${seq}:${type}`,
    type,
    campaignId,
    claimId: id,
    at,
    data: { claimId: id, campaignId, userId, seq, wonAt: new Date(wonAt).toISOString(), ...data },
  };
}
