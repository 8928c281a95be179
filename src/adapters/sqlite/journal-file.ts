/**
 * The journal on disk: one row a batch of facts, appended and never changed. A row is a JSON array of facts in columns,
 * [campaignId, epoch, seq, userId, nth, key, wonAt], so that a batch of any size is one insert and one fsync.
 */

import type { ClaimWon } from '../../core/event.ts';
import type { LogSlice } from '../../ports/log.ts';
import type { Sqlite } from './open.ts';
import { openSqlite } from './open.ts';

export const JOURNAL_SCHEMA = 1;

const CREATE = `
  CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY,
    facts TEXT NOT NULL
  );
  PRAGMA user_version = ${JOURNAL_SCHEMA};
`;

export function openJournalFile(path: string): Sqlite {
  const db = openSqlite(path, { schemaMax: JOURNAL_SCHEMA });
  db.exec(CREATE);
  return db;
}

/** One fact as it stands in a row, without the brackets around the batch. */
export function encodeFact(fact: ClaimWon): string {
  return JSON.stringify([fact.campaignId, fact.epoch, fact.seq, fact.userId, fact.nth, fact.key, fact.wonAt]);
}

function decodeFact(row: unknown): ClaimWon | null {
  if (!Array.isArray(row)) return null;
  const [campaignId, epoch, seq, userId, nth, key, wonAt] = row as unknown[];
  const numbers = [epoch, seq, nth, wonAt].every((value) => Number.isSafeInteger(value));
  if (!numbers || typeof campaignId !== 'string' || typeof userId !== 'string') return null;
  if (key !== null && typeof key !== 'string') return null;
  return {
    type: 'claim.won',
    campaignId,
    epoch: epoch as number,
    seq: seq as number,
    userId,
    nth: nth as number,
    key,
    wonAt: wonAt as number,
  };
}

/** Reads one row; what is no fact is set aside with its reason. */
export function decodeRow(id: number, text: string, into: LogSlice): void {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch (error) {
    into.unreadable.push({
      at: `journal:${id}`,
      reason: `not JSON: ${(error as Error).message}`,
      payload: text,
    });
    return;
  }
  for (const row of Array.isArray(rows) ? rows : [rows]) {
    const fact = decodeFact(row);
    if (fact) into.facts.push(fact);
    else into.unreadable.push({ at: `journal:${id}`, reason: 'not a fact', payload: JSON.stringify(row) });
  }
}
