/**
 * What a database of MySQL or MariaDB really is, for those who must know whether a promise holds on it. It changes
 * nothing. Words say what it means and what to change; the values beside them are as the server tells them.
 */

import type { RowDataPacket } from 'mysql2/promise';
import type { System } from '../../ports/system.ts';
import { recordFault } from './faults.ts';
import { NOW_MS } from './leases.ts';
import type { Mysql } from './open.ts';

/** Connections, whatever is in the tables. */
type Asked = Pick<Mysql, 'pool' | 'address'>;

export interface MysqlState {
  version: string;
  isMariaDb: boolean;
  /** innodb_flush_log_at_trx_commit: 1 when a commit is on the disk before it is answered */
  flushLogAtCommit: number;
  hasBinaryLog: boolean;
  /** sync_binlog; null without a binary log */
  syncBinlog: number | null;
  binlogFormat: string | null;
  /** of our own connections, as the server has understood them */
  isolation: string;
  sqlMode: string;
  isReadOnly: boolean;
  maxAllowedPacketBytes: number;
  maxConnections: number;
  /** of the database, not of our tables */
  charset: string;
  /** is what goes to and fro encrypted? */
  tls: boolean;
  /** how far its clock is ahead of ours; within the time that asking took */
  clockAheadMs: number;
  /** what can be done, and is not as good as it should be */
  warnings: string[];
  /** what breaks a promise, or does not work at all */
  problems: string[];
}

const VARIABLES = [
  'version',
  'innodb_flush_log_at_trx_commit',
  'log_bin',
  'sync_binlog',
  'binlog_format',
  'transaction_isolation',
  'tx_isolation',
  'sql_mode',
  'read_only',
  'super_read_only',
  'max_allowed_packet',
  'max_connections',
  'character_set_database',
];
/** A batch with the longest user ids and keys, and room. */
const PACKET_MIN = 1024 * 1024;
/** A campaign with a long list of people, dead letters with long payloads. */
const PACKET_ROOMY = 16 * 1024 * 1024;
const CONNECTIONS_MIN = 50;
const CLOCK_OFF_MAX_MS = 2_000;

/** Throws RecordFault when the database does not answer. */
export async function probeMysql(mysql: Asked, system: System): Promise<MysqlState> {
  try {
    const values = await readValues(mysql);
    const state = stateOf(values, await clockAhead(mysql, system));
    return { ...state, warnings: warningsOf(state), problems: problemsOf(state) };
  } catch (error) {
    throw recordFault(error, mysql.address);
  }
}

type Values = Map<string, string>;
type Facts = Omit<MysqlState, 'warnings' | 'problems'>;

/** SHOW, because the two name some variables differently, and a name that is not there must not be an error. */
async function readValues({ pool }: Asked): Promise<Values> {
  const [variables] = await pool.query<RowDataPacket[]>('SHOW VARIABLES WHERE Variable_name IN (?)', [
    VARIABLES,
  ]);
  const [status] = await pool.query<RowDataPacket[]>("SHOW STATUS LIKE 'Ssl_cipher'");
  return new Map(
    [...variables, ...status].map((row) => [String(row['Variable_name']), String(row['Value'])]),
  );
}

/** The quickest of some answers: what asking took is what the answer may be off by. */
async function clockAhead({ pool }: Asked, system: System): Promise<number> {
  let quickest = Number.POSITIVE_INFINITY;
  let ahead = 0;
  for (let i = 0; i < 5; i++) {
    const before = system.now();
    const [rows] = await pool.query<RowDataPacket[]>(`SELECT ${NOW_MS} AS now`);
    const took = system.now() - before;
    if (took >= quickest) continue;
    quickest = took;
    ahead = Math.round(Number(rows[0]?.['now']) - (before + took / 2));
  }
  return ahead;
}

const isOn = (value: string | undefined): boolean => value === 'ON' || value === '1';

function stateOf(values: Values, clockAheadMs: number): Facts {
  const version = values.get('version') ?? '';
  const hasBinaryLog = isOn(values.get('log_bin'));
  return {
    version,
    isMariaDb: /mariadb/i.test(version),
    flushLogAtCommit: Number(values.get('innodb_flush_log_at_trx_commit')),
    hasBinaryLog,
    syncBinlog: hasBinaryLog ? Number(values.get('sync_binlog')) : null,
    binlogFormat: hasBinaryLog ? (values.get('binlog_format') ?? null) : null,
    isolation: values.get('transaction_isolation') ?? values.get('tx_isolation') ?? '',
    sqlMode: values.get('sql_mode') ?? '',
    isReadOnly: isOn(values.get('read_only')) || isOn(values.get('super_read_only')),
    maxAllowedPacketBytes: Number(values.get('max_allowed_packet')),
    maxConnections: Number(values.get('max_connections')),
    charset: values.get('character_set_database') ?? '',
    tls: (values.get('Ssl_cipher') ?? '') !== '',
    clockAheadMs,
  };
}

export function problemsOf(state: Facts): string[] {
  const { flushLogAtCommit, isReadOnly, isolation, sqlMode, maxAllowedPacketBytes, binlogFormat } = state;
  return [
    flushLogAtCommit !== 1 &&
      `A power cut of the database's machine may take back the last second of the record, and epochs and leased numbers with it: innodb_flush_log_at_trx_commit is ${flushLogAtCommit}. SET GLOBAL innodb_flush_log_at_trx_commit = 1, and in its configuration.`,
    isReadOnly &&
      'It is read-only, so no win gets into the record. Name the primary in DIBS_DATABASE_URL, or SET GLOBAL read_only = 0.',
    isolation !== 'READ-COMMITTED' &&
      `Our connections are at ${isolation}, although they ask for READ COMMITTED: something in between drops what they set. Connect to the database itself, or to a proxy that keeps sessions apart.`,
    !/STRICT_ALL_TABLES/.test(sqlMode) &&
      `What does not fit would be cut instead of refused: sql_mode is "${sqlMode}", although our connections set STRICT_ALL_TABLES. Connect to the database itself, or to a proxy that keeps sessions apart.`,
    binlogFormat === 'STATEMENT' &&
      'It refuses our writes at READ COMMITTED, because binlog_format is STATEMENT. SET GLOBAL binlog_format = ROW, and in its configuration.',
    maxAllowedPacketBytes < PACKET_MIN &&
      `A batch may be larger than it takes: max_allowed_packet is ${maxAllowedPacketBytes}. Make it ${PACKET_ROOMY} or more.`,
  ].filter((words) => words !== false);
}

export function warningsOf(state: Facts): string[] {
  const { syncBinlog, maxAllowedPacketBytes, clockAheadMs, charset, maxConnections } = state;
  return [
    syncBinlog !== null &&
      syncBinlog !== 1 &&
      `After a power cut the binary log may lack what the database has, and with it replicas and backups: sync_binlog is ${syncBinlog}. SET GLOBAL sync_binlog = 1, and in its configuration.`,
    maxAllowedPacketBytes >= PACKET_MIN &&
      maxAllowedPacketBytes < PACKET_ROOMY &&
      `Campaigns with long lists of people may be larger than it takes: max_allowed_packet is ${maxAllowedPacketBytes}. Make it ${PACKET_ROOMY} or more.`,
    Math.abs(clockAheadMs) > CLOCK_OFF_MAX_MS &&
      `Its clock is ${Math.abs(clockAheadMs) / 1000} s ${clockAheadMs > 0 ? 'ahead of' : 'behind'} this machine's. Leases go by its clock alone, so nothing breaks; let both machines keep time by NTP.`,
    charset !== 'utf8mb4' &&
      `The database's own character set is ${charset}. Our tables have theirs; for new ones: ALTER DATABASE … CHARACTER SET utf8mb4.`,
    maxConnections < CONNECTIONS_MIN &&
      `It takes ${maxConnections} connections at once, and each process of Dibs may want 10. Raise max_connections.`,
  ].filter((words) => words !== false);
}
