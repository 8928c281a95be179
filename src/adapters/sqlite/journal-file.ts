/**
 * The journal on disk: one row a batch of facts, appended and never changed. A row is a JSON array, so that a batch of
 * any size is one insert and one fsync. A win in it is an array of columns, [campaignId, epoch, seq, userId, nth, key,
 * wonAt]; what happened in a waiting line is an object, as core/line-fact has it. The log of requests is a file of the
 * same form with other things in its rows, see requests-file.
 */

import type { ClaimWon } from '../../core/event.ts';
import { type LineFact, lineFactOf } from '../../core/line-fact.ts';
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

/** One win as it stands in a row, without the brackets around the batch. */
export function encodeWin(fact: ClaimWon): string {
  return JSON.stringify([fact.campaignId, fact.epoch, fact.seq, fact.userId, fact.nth, fact.key, fact.wonAt]);
}

/** As it stands in a row. */
export const encodeLineFact = (fact: LineFact): string => JSON.stringify(fact);

function decodeWin(row: unknown): ClaimWon | null {
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

function addLine(into: LogSlice, line: LineFact): void {
  if (into.lines === undefined) into.lines = [line];
  else into.lines.push(line);
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
    const won = decodeWin(row);
    const line = won === null ? lineFactOf(row) : null;
    if (won) into.facts.push(won);
    else if (line) addLine(into, line);
    else into.unreadable.push({ at: `journal:${id}`, reason: 'not a fact', payload: JSON.stringify(row) });
  }
}
