/** The statements for the rest of a batch beside its wins: what happened in waiting lines, and how a decider stands. */

import type { PoolConnection, RowDataPacket } from 'mysql2/promise';
import type { LineFact } from '../../core/line-fact.ts';
import type { RecordBatch } from '../../ports/record.ts';
import { lineTexts } from '../sql/line-history.ts';
import { isSoldOut, rulingRow, rulingsIn, soldOutData, withUnreadable } from '../sql/rulings.ts';
import { chunks } from './rows.ts';

/** Characters of lines in one statement, about: it stays below 1 MiB whatever they are. */
const LINES_MAX = 200_000;
const RULINGS_MAX = 100;

const RULING = ['campaign_no', 'source', 'changed', 'quantity', 'issued', 'last_seq', 'body'] as const;
const PUT_RULINGS = `INSERT INTO rulings (${RULING.join(', ')}) VALUES ?
  ON DUPLICATE KEY UPDATE ${RULING.map((column) => `${column} = VALUES(${column})`).join(', ')}`;

/** In order of `numbers`, the campaigns' short ones by id; facts of campaigns that are not among them are left. */
export async function insertLines(
  connection: PoolConnection,
  numbers: ReadonlyMap<string, number>,
  lines: ReadonlyMap<string, LineFact[]>,
): Promise<void> {
  let rows: [number, number, string][] = [];
  let size = 0;
  const insert = async (): Promise<void> => {
    if (rows.length === 0) return;
    await connection.query('INSERT INTO line_facts (campaign_no, size, facts) VALUES ?', [rows]);
    rows = [];
    size = 0;
  };
  for (const [id, no] of numbers) {
    for (const text of lineTexts(lines.get(id) ?? [])) {
      if (size + text.length > LINES_MAX) await insert();
      rows.push([no, text.length, text]);
      size += text.length;
    }
  }
  await insert();
}

/** Says that the batch's source has a decider, and which of its entries nobody could read. */
export async function beDecider(
  connection: PoolConnection,
  { source, unreadableAt = [] }: RecordBatch,
): Promise<void> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT unreadable FROM deciders WHERE source = ?', [
    source,
  ]);
  const stored = rows[0]?.['unreadable'] as string | undefined;
  const next = withUnreadable(stored ?? '[]', unreadableAt);
  if (stored === undefined) {
    await connection.query('INSERT INTO deciders (source, unreadable) VALUES (?, ?)', [source, next]);
  } else if (unreadableAt.length > 0) {
    await connection.query('UPDATE deciders SET unreadable = ? WHERE source = ?', [next, source]);
  }
}

/** Rulings about campaigns that are not among `numbers` are left out: their wins are set aside. */
export async function storeRulings(
  connection: PoolConnection,
  numbers: ReadonlyMap<string, number>,
  batch: RecordBatch,
): Promise<void> {
  const rulings = rulingsIn(batch);
  const there = [...numbers].flatMap(([id, no]) => {
    const ruling = rulings.get(id);
    return ruling === undefined ? [] : [{ no, ruling }];
  });
  const soldOut = there.filter(({ ruling }) => isSoldOut(ruling));
  const before = await soldOutBefore(
    connection,
    soldOut.map(({ no }) => no),
  );
  for (const some of chunks(there, RULINGS_MAX)) {
    const rows = some.map(({ no, ruling }) => {
      const row = rulingRow(ruling, no, batch);
      return RULING.map((column) => row[column]);
    });
    await connection.query(PUT_RULINGS, [rows]);
  }
  const told = soldOut.filter(({ no }) => !before.has(no));
  if (told.length === 0) return;
  const rows = told.map(({ no, ruling }) => ['campaign.sold_out', no, soldOutData(ruling), batch.now]);
  await connection.query('INSERT INTO outbox (type, campaign_no, data, created_at) VALUES ?', [rows]);
}

/** Which of these campaigns were sold out by what is stored. */
async function soldOutBefore(connection: PoolConnection, numbers: number[]): Promise<Set<number>> {
  if (numbers.length === 0) return new Set();
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT campaign_no FROM rulings WHERE campaign_no IN (?) AND issued >= quantity FOR UPDATE',
    [numbers],
  );
  return new Set(rows.map((row) => Number(row['campaign_no'])));
}
