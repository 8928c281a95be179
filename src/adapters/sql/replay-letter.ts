/**
 * A fact that was set aside, on its way into the record: the comparisons of the recorder, on one fact, in the caller's
 * transaction. Its unit has counted as issued all the time, whichever gate decided since, so it is never late.
 */

import type { Transaction } from 'kysely';
import { CompiledQuery, sql } from 'kysely';
import type { DeadLetter, Replayed } from '../../ports/dead-letters.ts';
import type { Win } from '../../ports/record.ts';
import { OVER, refusedBy, STRANGE, TAKEN, type Why } from './letter-rows.ts';
import { rowFault } from './row-faults.ts';
import type { RecordTables } from './schema.ts';
import { LEAVE_SOLD_OUT, STOCK_SQL, type StockRow, soldOutBy } from './sold-out.ts';

/** The record refuses it: whatever was done in this transaction is to be undone. */
export class StaysDead extends Error {
  readonly why: Why;
  constructor(why: Why) {
    super(why.reason);
    this.why = why;
  }
}

const NO_WIN: Why = {
  reason: 'it is no win of a campaign',
  causes: [{ message: 'it is no win of a campaign', code: 'no_win' }],
};

/** Throws {@link StaysDead}. */
export async function takeIn(
  tx: Transaction<RecordTables>,
  { type, campaignId, reason, causes }: DeadLetter,
  win: Win,
  now: number,
): Promise<Exclude<Replayed, { kind: 'stays' }>> {
  if (type !== 'claim.won') throw new StaysDead(NO_WIN);
  // What was late counts for nothing: its unit went to somebody else, or back to the stock.
  if (campaignId === null) throw new StaysDead({ reason, causes });
  const found = await tx.selectFrom('campaigns').select('no').where('id', '=', campaignId).executeTakeFirst();
  if (found === undefined) throw new StaysDead(STRANGE);
  const { no } = found;
  const there = await isThere(tx, no, win);
  if (there === 'another') throw new StaysDead(TAKEN);
  if (there === 'same') return { kind: 'already_there' };
  await insert(tx, no, win);
  const { numUpdatedRows } = await tx
    .updateTable('campaigns')
    .set({ issued: sql`issued + 1` })
    .where('no', '=', no)
    .where(sql<boolean>`issued + 1 <= quantity`)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw new StaysDead(OVER);
  if (!win.byJob) await leaveIssued(tx, no, win.fact.seq, now);
  await leaveSoldOut(tx, no, now);
  return { kind: 'issued' };
}

async function isThere(
  tx: Transaction<RecordTables>,
  no: number,
  { fact, codeLookup, byJob }: Win,
): Promise<'free' | 'same' | 'another'> {
  const row = await tx
    .selectFrom('claims')
    .select(['user_id', 'nth', 'idem_key', 'code_lookup', 'won_at'])
    .where('campaign_no', '=', no)
    .where('seq', '=', fact.seq)
    .executeTakeFirst();
  if (row === undefined) return 'free';
  const isSame =
    String(row.user_id) === fact.userId &&
    Number(row.nth) === fact.nth &&
    row.idem_key === fact.key &&
    (byJob === true || row.code_lookup === codeLookup) &&
    Number(row.won_at) === fact.wonAt;
  return isSame ? 'same' : 'another';
}

async function insert(tx: Transaction<RecordTables>, no: number, { fact, codeLookup }: Win): Promise<void> {
  const { seq, epoch, userId, nth, key, wonAt } = fact;
  try {
    await sql`INSERT INTO claims (campaign_no, seq, epoch, user_id, nth, idem_key, code_lookup, won_at)
      VALUES (${no}, ${seq}, ${epoch}, ${userId}, ${nth}, ${key}, ${codeLookup}, ${wonAt})`.execute(tx);
  } catch (error) {
    if (rowFault(error) === null) throw error;
    throw new StaysDead(refusedBy(error));
  }
}

async function leaveIssued(
  tx: Transaction<RecordTables>,
  no: number,
  seq: number,
  now: number,
): Promise<void> {
  const row = { campaign_no: no, seq_first: seq, seq_last: seq, data: null, created_at: now, sent_at: null };
  await tx
    .insertInto('outbox')
    .values({ type: 'coupon.issued', ...row })
    .execute();
}

/** When it was the last unit. */
async function leaveSoldOut(tx: Transaction<RecordTables>, no: number, now: number): Promise<void> {
  const { rows } = await tx.executeQuery<StockRow>(CompiledQuery.raw(STOCK_SQL, [no]));
  const data = soldOutBy(rows[0], 1);
  if (data !== null) await tx.executeQuery(CompiledQuery.raw(LEAVE_SOLD_OUT, [no, data, now]));
}
