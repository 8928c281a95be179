/**
 * From the record's outbox to whoever else wants to know (coupons issued, redeemed, taken back; campaigns sold out), at
 * least once and for each claim in order. What was sent is marked only when every sink has it durably; whoever dies in
 * between sends it again, with the same ids. A row that nobody wants is marked without being looked into.
 */

import { claimId } from '../core/claim.ts';
import type { OutboxType } from '../core/event.ts';
import type { Announcement, Announcements } from '../ports/announcements.ts';
import type { Outbox, OutboxRow } from '../ports/outbox.ts';
import type { RecordStore } from '../ports/record.ts';
import type { System } from '../ports/system.ts';

/** One of those that facts go to. */
export interface Sink extends Pick<Announcements, 'send'> {
  /** Called when there is something to send, after it was read. False: it takes nothing now; it stays where it is. */
  ready?(): Promise<boolean>;
  /** Whether it wants facts like this one at all. */
  wants(type: OutboxType, campaignId: string): boolean;
}

export interface AnnounceParts {
  outbox: Outbox;
  sinks: readonly Sink[];
  record: Pick<RecordStore, 'page'>;
  system: Pick<System, 'now'>;
  /** units of one run that are read and sent at a time */
  pageMax: number;
  /** whether to go on: the lease is still held */
  goOn(): boolean;
}

const ROWS_MAX = 200;

/** Sends what is there. Resolves with the number of facts sent. */
export async function announce(parts: AnnounceParts): Promise<number> {
  const { outbox, sinks, system, goOn } = parts;
  let sent = 0;
  while (goOn()) {
    const rows = await outbox.unsent(ROWS_MAX);
    if (rows.length === 0 || !(await allReady(sinks))) break;
    const done: number[] = [];
    for (const row of rows) {
      if (!goOn()) break;
      sent += await announceRow(parts, row);
      done.push(row.id);
    }
    if (done.length > 0) await outbox.markSent(done, system.now());
    if (rows.length < ROWS_MAX) break;
  }
  return sent;
}

/** Each is asked, also after one has said no. */
async function allReady(sinks: readonly Sink[]): Promise<boolean> {
  const ready = await Promise.all(sinks.map(async (sink) => (await sink.ready?.()) ?? true));
  return ready.every((one) => one);
}

async function announceRow({ sinks, record, pageMax }: AnnounceParts, row: OutboxRow): Promise<number> {
  const { type, campaignId, seqs, at, data } = row;
  const wanting = sinks.filter((sink) => sink.wants(type, campaignId));
  if (wanting.length === 0) return 0;
  const sendAll = async (facts: Announcement[]): Promise<void> => {
    for (const sink of wanting) await sink.send(facts);
  };
  if (seqs === null) {
    const { version = row.id } = data as { version?: number };
    const id = `${campaignId}:${version}:${type}`;
    await sendAll([{ id, type, campaignId, claimId: null, at, data: { campaignId, ...data } }]);
    return 1;
  }
  let sent = 0;
  for (let after = seqs.first - 1; after < seqs.last; ) {
    const page = await record.page(campaignId, after, Math.min(pageMax, seqs.last - after));
    const some = page.filter(({ seq }) => seq <= seqs.last);
    const last = some.at(-1);
    if (last === undefined) break;
    await sendAll(some.map((claim) => ofClaim(row, claim)));
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
