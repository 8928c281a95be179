/** What the database's faults mean: whether to try again, whose fault it is, and what a person can do about it. */

import type { MysqlAddress } from './address.ts';

/** The database cannot be used as it is; found when it is opened. `what to do` is part of the message. */
export class DatabaseFault extends Error {
  override name = 'DatabaseFault';
}

/** The database did not do what it was asked, and may do it later. */
export class RecordFault extends Error {
  override name = 'RecordFault';
}

/**
 * `contention`: rolled back because of somebody else's lock. `refused`: nothing was done, and may be later (read-only,
 * full, too many connections, nobody there). `lost`: the connection broke; what was under way is done or not.
 * `duplicate`, `data`: a row's own fault. `other`: ours.
 */
export type FaultKind = 'contention' | 'refused' | 'lost' | 'duplicate' | 'data' | 'other';

const BY_NUMBER: Record<Exclude<FaultKind, 'other'>, number[]> = {
  // lock wait, deadlock, changed since it was read (MariaDB)
  contention: [1205, 1213, 1020],
  // connections, disk full, table full, read-only in its three wordings
  refused: [1040, 1203, 1226, 3, 1021, 1114, 1290, 1792, 1836],
  // shutdown, error at commit, cut packets, interrupted, killed
  lost: [1053, 1180, 1152, 1158, 1159, 1160, 1161, 1184, 1317, 1927],
  duplicate: [1062],
  // null, unknown character, cut, out of range, too long, wrong value, CHECK in its two wordings
  data: [1048, 1264, 1265, 1292, 1366, 1406, 3819, 4025],
};
const NOBODY = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];
const CUT = ['PROTOCOL_CONNECTION_LOST', 'PROTOCOL_SEQUENCE_TIMEOUT', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'];
const READ_ONLY = [1290, 1792, 1836];
const FULL = [3, 1021, 1114];
const NO_RIGHT = [1142, 1143, 1227, 1370];

interface MysqlError extends Error {
  errno?: number;
  code?: string;
  /** the connection is of no use any more */
  fatal?: boolean;
}

export function faultKind(error: unknown): FaultKind {
  const { errno = 0, code = '', fatal, message } = error as MysqlError;
  if (NOBODY.includes(code) || message === 'Queue limit reached.') return 'refused';
  for (const [kind, numbers] of Object.entries(BY_NUMBER)) {
    if (numbers.includes(errno)) return kind as FaultKind;
  }
  if (CUT.includes(code)) return 'lost';
  // A refused login is fatal to its connection too, and carries the server's number.
  return fatal === true && errno <= 0 ? 'lost' : 'other';
}

/** What happened and what to do, without the password. */
export function faultText(error: unknown, address: MysqlAddress): string {
  const { host, port, user, database } = address;
  const { errno = 0, code = '', message } = error as MysqlError;
  const at = `${host}:${port}`;
  if (NOBODY.includes(code) || code === 'ETIMEDOUT') {
    return `No database answers at ${at} (${code}). Check DIBS_DATABASE_URL, and that the server runs.`;
  }
  if (errno === 1045 || errno === 1698) {
    return `The database at ${at} refuses the user "${user}" or the password. Check DIBS_DATABASE_URL.`;
  }
  if (errno === 1049 || errno === 1044) {
    return `At ${at} there is no database "${database}" that the user "${user}" may use. CREATE DATABASE and GRANT, or check DIBS_DATABASE_URL.`;
  }
  if (NO_RIGHT.includes(errno)) {
    return `The user "${user}" lacks a right on the database "${database}" at ${at} (${message}). See docs/reference/mysql.md for the rights it needs.`;
  }
  if (READ_ONLY.includes(errno)) {
    return `The database at ${at} is read-only. Name the primary in DIBS_DATABASE_URL, or make it writable; a running server then goes on by itself.`;
  }
  if (FULL.includes(errno)) {
    return `The database at ${at} is full (${message}). Free disk space; a running server then goes on by itself.`;
  }
  return `The database "${database}" at ${at}: ${message}`;
}

/** For whoever asked: a fault that may pass is a RecordFault, all else stays what it is. */
export function recordFault(error: unknown, address: MysqlAddress): Error {
  const kind = faultKind(error);
  if (kind === 'duplicate' || kind === 'data' || kind === 'other') return error as Error;
  return new RecordFault(faultText(error, address), { cause: error });
}
