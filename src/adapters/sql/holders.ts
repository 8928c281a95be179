/**
 * Who holds what, for filling a gate: those in the record, and those whose wins were set aside. A dead letter counts as
 * issued, so its unit must not be given again, and its user is told what he was told.
 */

import type { Holders } from '../../ports/record.ts';

/** [seq, wonAt, userId, key] */
export type HolderRow = [number, number, string, string | null];

/**
 * Both pages are in order of seq and begin after the same number; a full one ends where something may follow. What is in
 * both is the record's.
 */
export function mergedHolders(recorded: HolderRow[], letters: HolderRow[], limit: number): Holders {
  const upTo = Math.min(endOf(recorded, limit), endOf(letters, limit));
  const known = new Set(letters.length === 0 ? [] : recorded.map(([seq]) => seq));
  const aside: HolderRow[] = [];
  for (const row of letters) {
    if (row[0] > upTo || known.has(row[0])) continue;
    known.add(row[0]);
    aside.push(row);
  }
  const rows =
    letters.length === 0
      ? recorded
      : [...recorded.filter(([seq]) => seq <= upTo), ...aside].sort(([a], [b]) => a - b);
  return {
    seqs: Float64Array.from(rows, (row) => row[0]),
    wonAt: Float64Array.from(rows, (row) => row[1]),
    userIds: rows.map((row) => row[2]),
    keys: rows.some((row) => row[3] !== null) ? rows.map((row) => row[3]) : null,
    ...(aside.length === 0 ? {} : { setAside: aside.length }),
  };
}

const endOf = (rows: readonly HolderRow[], limit: number): number =>
  rows.length < limit ? Number.POSITIVE_INFINITY : (rows.at(-1) as HolderRow)[0];
