/**
 * The statements of a batch. A whole batch of wins goes in by one prepared statement, which the server reads once for each
 * connection; what is left over, and all else, is plain text.
 */

import type { PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import type { Campaign } from '../../core/campaign.ts';
import type { RecordBatch, StoreResult, Win } from '../../ports/record.ts';
import type { Letter, WinColumns } from '../sql/letter-rows.ts';
import { COUNTS_AS_ISSUED, LETTER_COLUMNS, letterValues } from '../sql/letter-rows.ts';
import { LEAVE_SOLD_OUT, STOCK_SQL, type StockRow, soldOutBy } from '../sql/sold-out.ts';
import { faultKind } from './faults.ts';

export interface StoredRow extends RowDataPacket {
  seq: number;
  epoch: number;
  user_id: Buffer;
  nth: number;
  idem_key: string | null;
  code_lookup: number | null;
  won_at: number;
}

/** As many as are in a batch by default (DIBS_RECORDER_BATCH). */
const ROWS_MAX = 1000;
const SEQS_MAX = 5_000;
const LETTERS_MAX = 25;

const INSERT =
  'INSERT INTO claims (campaign_no, seq, epoch, user_id, nth, idem_key, code_lookup, won_at) VALUES ';
const INSERT_FULL = INSERT + Array(ROWS_MAX).fill('(?, ?, ?, ?, ?, ?, ?, ?)').join(', ');

export async function insertWins(connection: PoolConnection, no: number, wins: Win[]): Promise<void> {
  for (const some of chunks(wins, ROWS_MAX)) {
    const rows = some.map(({ fact, codeLookup }) => [
      no,
      fact.seq,
      fact.epoch,
      fact.userId,
      fact.nth,
      fact.key,
      codeLookup,
      fact.wonAt,
    ]);
    if (some.length === ROWS_MAX) await connection.execute(INSERT_FULL, rows.flat());
    else await connection.query(`${INSERT} ?`, [rows]);
  }
}

/** Runs of units for the outside world: 1–3, 5–6. */
export function runsOf(wins: Win[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const { fact } of wins) {
    const run = runs.at(-1);
    if (run && fact.seq === run[1] + 1) run[1] = fact.seq;
    else runs.push([fact.seq, fact.seq]);
  }
  return runs;
}

export async function insertRuns(
  connection: PoolConnection,
  no: number,
  wins: Win[],
  at: number,
): Promise<void> {
  // The wins of one campaign are issued in one way, all of them.
  if (wins[0]?.byJob) return;
  for (const some of chunks(runsOf(wins), ROWS_MAX)) {
    const rows = some.map(([first, last]) => ['coupon.issued', no, first, last, at]);
    await connection.query(
      'INSERT INTO outbox (type, campaign_no, seq_first, seq_last, created_at) VALUES ?',
      [rows],
    );
  }
}

/** When these `raised` units were the last ones. */
export async function leaveSoldOut(
  connection: PoolConnection,
  no: number,
  raised: number,
  at: number,
): Promise<void> {
  const [rows] = await connection.query<RowDataPacket[]>(STOCK_SQL, [no]);
  const data = soldOutBy(rows[0] as StockRow | undefined, raised);
  if (data !== null) await connection.query(LEAVE_SOLD_OUT, [no, data, at]);
}

/** The same letter once more changes nothing. */
export async function insertLetters(
  connection: PoolConnection,
  letters: readonly Letter[],
  at: number,
): Promise<void> {
  for (const some of chunks([...letters], LETTERS_MAX)) {
    await connection.query(
      `INSERT INTO dead_letters (${LETTER_COLUMNS.join(', ')}) VALUES ? ON DUPLICATE KEY UPDATE fact_key = fact_key`,
      [some.map((letter) => letterValues(letter, at))],
    );
  }
}

export interface LetterRow extends RowDataPacket, WinColumns {
  seq: number;
  /** 1: it counts as issued */
  counts: number;
}

/** Letters of a campaign with these numbers that were not replayed. */
export async function lettersAt(
  connection: PoolConnection,
  campaignId: string,
  seqs: number[],
): Promise<Map<number, LetterRow[]>> {
  const found: LetterRow[] = [];
  for (const some of chunks(seqs, SEQS_MAX)) {
    const [rows] = await connection.query<LetterRow[]>(
      `SELECT seq, epoch, user_id, nth, idem_key, won_at, ${COUNTS_AS_ISSUED} AS counts FROM dead_letters
       WHERE campaign_id = ? AND seq IN (?) AND state <> 'replayed'`,
      [campaignId, some],
    );
    found.push(...rows);
  }
  return Map.groupBy(found, ({ seq }) => Number(seq));
}

/** What is there with these numbers, by number. */
export async function readBack(
  connection: PoolConnection,
  no: number,
  seqs: number[],
): Promise<Map<number, StoredRow>> {
  const found = new Map<number, StoredRow>();
  for (const some of chunks(seqs, SEQS_MAX)) {
    const [rows] = await connection.query<StoredRow[]>(
      `SELECT seq, epoch, user_id, nth, idem_key, code_lookup, won_at FROM claims
       WHERE campaign_no = ? AND seq IN (?)`,
      [no, some],
    );
    for (const row of rows) found.set(row.seq, row);
  }
  return found;
}

/** The epoch may be another: a unit that was told again under a later one is the same unit. */
export function sameRow(row: StoredRow, { fact, codeLookup, byJob }: Win): boolean {
  return (
    row.user_id.toString() === fact.userId &&
    row.nth === fact.nth &&
    row.idem_key === fact.key &&
    (byJob === true || row.code_lookup === codeLookup) &&
    row.won_at === fact.wonAt
  );
}

const campaignIdOf = ([win]: readonly Win[]): string => (win as Win).fact.campaignId;

function boundsOf(wins: readonly Win[], what: 'epoch' | 'seq'): { least: number; most: number } {
  let least = Number.MAX_SAFE_INTEGER;
  let most = 0;
  for (const { fact } of wins) {
    if (fact[what] < least) least = fact[what];
    if (fact[what] > most) most = fact[what];
  }
  return { least, most };
}

/** `last`: it may have been the last unit; whether it was is to be looked at. */
export type Raised = 'raised' | 'last' | 'refused';

/**
 * Units that are left, as the id of what was inserted last: the answer to an update says it, and nobody has to ask. What
 * was discarded is among what was returned.
 */
const LEFT = `LAST_INSERT_ID(GREATEST(0, quantity - issued - ? - COALESCE(JSON_EXTRACT(body, '$.returned'), 0)))`;

const raisedBy = ({ affectedRows, insertId }: ResultSetHeader): Raised => {
  if (affectedRows !== 1) return 'refused';
  return insertId === 0 ? 'last' : 'raised';
};

/**
 * Raises what the campaign has given, unless that were more than there is (I1), a win is of an epoch that does not
 * count, or, where nobody has looked at that, something was set aside among its numbers. From here to the end of the
 * transaction no epoch of the campaign is opened.
 */
export async function raiseIssued(
  connection: PoolConnection,
  no: number,
  wins: Win[],
  lookedAt = false,
): Promise<Raised> {
  const epochs = boundsOf(wins, 'epoch');
  const seqs = boundsOf(wins, 'seq');
  const [answer] = await connection.query<ResultSetHeader>(
    `UPDATE campaigns SET issued = issued + ? + 0 * ${LEFT}
     WHERE no = ? AND issued + ? <= quantity AND opened_epoch <= ? AND epoch >= ? AND (? OR NOT EXISTS (
       SELECT 1 FROM dead_letters WHERE campaign_id = ? AND seq BETWEEN ? AND ?))`,
    [
      wins.length,
      wins.length,
      no,
      wins.length,
      epochs.least,
      epochs.most,
      lookedAt,
      campaignIdOf(wins),
      seqs.least,
      seqs.most,
    ],
  );
  return raisedBy(answer);
}

/**
 * The same for late wins, out of what was set aside for them when their epoch ended: numbers that had been leased and
 * that the record did not have.
 */
export async function raiseFromReserve(connection: PoolConnection, no: number, wins: Win[]): Promise<Raised> {
  const highest = wins.reduce((most, { fact }) => Math.max(most, fact.seq), 0);
  const [answer] = await connection.query<ResultSetHeader>(
    // In this order: MySQL reads a column that was set before as it is now.
    `UPDATE campaigns
     SET issued = issued + ? + 0 * ${LEFT}, reserved_until = IF(reserved = ?, NULL, reserved_until), reserved = reserved - ?
     WHERE no = ? AND reserved >= ? AND reserved_until IS NOT NULL AND floor_seq >= ?
       AND issued + ? <= quantity`,
    [wins.length, wins.length, wins.length, wins.length, no, wins.length, highest, wins.length],
  );
  return raisedBy(answer);
}

/** Which epochs count now and, by the lock on the row, until the end of the transaction. */
export async function lockEpochs(
  connection: PoolConnection,
  no: number,
): Promise<{ present: number; opened: number }> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT epoch, opened_epoch FROM campaigns WHERE no = ? FOR UPDATE',
    [no],
  );
  return { present: Number(rows[0]?.['epoch']), opened: Number(rows[0]?.['opened_epoch']) };
}

/** Is a win told to nobody before it is on the log? */
export async function isLogged(connection: PoolConnection, no: number): Promise<boolean> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT body FROM campaigns WHERE no = ?', [no]);
  return (JSON.parse(String(rows[0]?.['body'])) as Campaign).durability === 'logged';
}

/** The campaigns' short numbers, by id. */
export async function campaignNumbers(
  connection: PoolConnection,
  ids: string[],
): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const [rows] = await connection.query<RowDataPacket[]>('SELECT id, no FROM campaigns WHERE id IN (?)', [
    ids,
  ]);
  return new Map(rows.map((row) => [String(row['id']), Number(row['no'])]));
}

/**
 * Moves the recorder on from where the batch begins; its row stays locked until the end, so recorders of one source come
 * one after the other. Null when it moved; else where it stands: somebody else has moved on.
 */
export async function moveOn(
  connection: PoolConnection,
  { source, from, next }: RecordBatch,
): Promise<Extract<StoreResult, { kind: 'zombie' }> | null> {
  const [{ affectedRows }] = await connection.query<ResultSetHeader>(
    'UPDATE recorder SET `next` = ? WHERE source = ? AND `next` = ?',
    [next, source, from],
  );
  if (affectedRows === 1) return null;
  let stands = await standsAt(connection, source);
  if (stands === null && from === 0) {
    try {
      await connection.query('INSERT INTO recorder (source, `next`) VALUES (?, ?)', [source, next]);
      return null;
    } catch (error) {
      if (faultKind(error) !== 'duplicate') throw error;
      stands = await standsAt(connection, source);
    }
  }
  return { kind: 'zombie', next: stands ?? 0 };
}

async function standsAt(connection: PoolConnection, source: string): Promise<number | null> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT `next` FROM recorder WHERE source = ?', [
    source,
  ]);
  return rows[0] === undefined ? null : Number(rows[0]['next']);
}

export function* chunks<T>(all: T[], size: number): Generator<T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}
