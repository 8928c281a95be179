/** What the database's faults mean: whether to try again, whose fault it is, and what a person can do about it. */

import { BAD_DATA, DUPLICATE } from '../sql/row-faults.ts';
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
  // lock wait, deadlock, changed since it was read (MariaDB), another node was quicker (MySQL's group replication)
  contention: [1205, 1213, 1020, 3101],
  // connections, disk full, table full, read-only in its three wordings; who may come in, and what he may do there;
  // not ready (Galera, MySQL), a statement that the server allows no longer
  refused: [
    1040, 1203, 1226, 3, 1021, 1114, 1290, 1792, 1836, 1044, 1045, 1049, 1129, 1130, 1142, 1143, 1227, 1251,
    1370, 1524, 1698, 3159, 1047, 3168, 1969, 3024,
  ],
  // shutdown, error at commit, cut packets, interrupted, killed, idle for too long
  lost: [1053, 1180, 1152, 1158, 1159, 1160, 1161, 1184, 1317, 1927, 3169, 4031],
  duplicate: DUPLICATE,
  data: BAD_DATA,
};
const NOBODY = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];
const CUT = ['PROTOCOL_CONNECTION_LOST', 'PROTOCOL_SEQUENCE_TIMEOUT', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'];
const READ_ONLY = [1290, 1792, 1836];
const FULL = [3, 1021, 1114];
const NO_RIGHT = [1142, 1143, 1227, 1370];
const CROWDED = [1040, 1203, 1226];
const NOT_FROM_HERE = [1129, 1130];
/** the server wants TLS: MySQL's number; MariaDB says that the password is wrong */
const WANTS_TLS = 3159;
const HAS_NO_TLS = 'HANDSHAKE_NO_SSL_SUPPORT';
/** Node's names for a certificate that does not hold; `HANDSHAKE_SSL_ERROR` is mysql2's for whatever went wrong there */
const BAD_CERTIFICATE =
  /CERT|SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)|^ERR_(?:TLS|SSL)|^HANDSHAKE_SSL_ERROR$|^EPROTO$/;

/** mysql2's words when too many wait for a connection */
const QUEUE_FULL = 'Queue limit reached.';

interface MysqlError extends Error {
  errno?: number;
  code?: string;
  /** the connection is of no use any more */
  fatal?: boolean;
}

export function faultKind(error: unknown): FaultKind {
  const { errno = 0, code = '', fatal, message } = error as MysqlError;
  if (NOBODY.includes(code) || message === QUEUE_FULL || code === HAS_NO_TLS) return 'refused';
  for (const [kind, numbers] of Object.entries(BY_NUMBER)) {
    if (numbers.includes(errno)) return kind as FaultKind;
  }
  if (CUT.includes(code)) return 'lost';
  if (BAD_CERTIFICATE.test(code)) return 'refused';
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
  const tls = tlsText(errno, code, message);
  if (tls !== null) return `The database at ${at} ${tls}`;
  if (NOT_FROM_HERE.includes(errno)) {
    return `The database at ${at} lets nobody in from this machine (${message}). CREATE USER '${user}' for its address, or FLUSH HOSTS after too many broken connections.`;
  }
  if (CROWDED.includes(errno) || message === QUEUE_FULL) {
    return `The database at ${at} has no connection left (${message}). Raise max_connections, or have fewer processes; a running server then goes on by itself.`;
  }
  if (errno === 1045 || errno === 1698) {
    return `The database at ${at} refuses the user "${user}" or the password. Check DIBS_DATABASE_URL${address.tls ? '' : ', and say mysqls:// there if the server wants TLS'}.`;
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

function tlsText(errno: number, code: string, message: string): string | null {
  if (errno === WANTS_TLS) return 'lets nobody in without TLS. Say mysqls:// in DIBS_DATABASE_URL.';
  if (code === HAS_NO_TLS) {
    return 'has no TLS. Give it a certificate, or say mysql:// in DIBS_DATABASE_URL if nobody can listen in between.';
  }
  if (!BAD_CERTIFICATE.test(code)) return null;
  return `cannot prove what it is: ${message} (${code}). Name its authority by tls-ca in DIBS_DATABASE_URL, and its host as the certificate has it.`;
}

/** For whoever asked: a fault that may pass is a RecordFault, all else stays what it is. */
export function recordFault(error: unknown, address: MysqlAddress): Error {
  const kind = faultKind(error);
  if (kind === 'duplicate' || kind === 'data' || kind === 'other') return error as Error;
  return new RecordFault(faultText(error, address), { cause: error });
}
