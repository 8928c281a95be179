/** Which faults of a statement are its row's own, whoever writes it and whenever, in the words of both databases. */

/** MySQL and MariaDB */
export const DUPLICATE = [1062];
/**
 * null, unknown character, cut, out of range, too long, wrong value, CHECK in its two wordings, and what a trigger
 * refuses in words of its own
 */
export const BAD_DATA = [1048, 1264, 1265, 1292, 1366, 1406, 3819, 4025, 1644];
const SQLITE_DUPLICATE = ['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY'];
const SQLITE_BAD_DATA = /^SQLITE_(?:CONSTRAINT|MISMATCH|TOOBIG)/;

/** Null: the row is not to blame. */
export function rowFault(error: unknown): 'duplicate' | 'data' | null {
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  if (typeof errno === 'number') {
    if (DUPLICATE.includes(errno)) return 'duplicate';
    if (BAD_DATA.includes(errno)) return 'data';
  }
  if (typeof code !== 'string' || !SQLITE_BAD_DATA.test(code)) return null;
  return SQLITE_DUPLICATE.includes(code) ? 'duplicate' : 'data';
}
