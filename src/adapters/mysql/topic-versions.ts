/**
 * ports/topic-versions on MySQL and MariaDB: a row for each version. Without rows there is the first one and no other.
 * A version is closed in the transaction that closes the offsets of its deciders: nobody decides in it afterwards, and
 * nobody in the next one before.
 */

import type { Pool, PoolConnection, RowDataPacket } from 'mysql2/promise';
import type { TopicVersion } from '../../core/topic-version.ts';
import {
  CLOSED_AT,
  currentOf,
  drainingOf,
  FIRST_VERSION,
  versionsProblem,
} from '../../core/topic-version.ts';
import type { System } from '../../ports/system.ts';
import type { TopicVersions } from '../../ports/topic-versions.ts';
import { faultKind } from './faults.ts';
import type { Mysql } from './open.ts';
import { steady } from './steady.ts';

/** What is stored of the versions cannot be. */
export class VersionsFault extends Error {
  override name = 'VersionsFault';
}

const SELECT = 'SELECT version, partitions, state, since FROM topic_versions ORDER BY version';
const INSERT = 'INSERT INTO topic_versions (version, partitions, state, since) VALUES (?, ?, ?, ?)';
const SET = 'UPDATE topic_versions SET state = ?, since = ? WHERE version = ?';
const CLOSE =
  'INSERT INTO recorder (source, `next`) VALUES ? ON DUPLICATE KEY UPDATE `next` = VALUES(`next`)';

export function makeMysqlTopicVersions({ pool, address }: Mysql, system: System): TopicVersions {
  const versions: TopicVersions = {
    all: () => readTopicVersions(pool),
    begin: (next, now) => inTransaction(pool, (connection) => begin(connection, next, now)),
    close: (version, stands, now) =>
      inTransaction(pool, (connection) => close(connection, version, stands, now)),
  };
  return steady(versions, address, system);
}

/** Throws VersionsFault. */
export async function readTopicVersions(from: Pick<Pool, 'query'>, lock = ''): Promise<TopicVersion[]> {
  const [rows] = await from.query<RowDataPacket[]>(`${SELECT} ${lock}`);
  if (rows.length === 0) return [FIRST_VERSION];
  const versions = rows.map((row) => ({
    version: Number(row['version']),
    partitions: Number(row['partitions']),
    state: String(row['state']) as TopicVersion['state'],
    since: Number(row['since']),
  }));
  const problem = versionsProblem(versions);
  if (problem === null) return versions;
  throw new VersionsFault(
    `The table topic_versions cannot be as it is: ${problem}. Bring it back from a backup; see docs/operating.md.`,
  );
}

/** Undone when `run` says false. */
async function inTransaction(
  pool: Pool,
  run: (connection: PoolConnection) => Promise<boolean>,
): Promise<boolean> {
  const connection = await pool.getConnection();
  try {
    await connection.beginTransaction();
    const done = await run(connection);
    await (done ? connection.commit() : connection.rollback());
    connection.release();
    return done;
  } catch (error) {
    // Whatever it was in the middle of, nobody goes on with it.
    connection.destroy();
    throw error;
  }
}

async function begin(
  connection: PoolConnection,
  { version, partitions }: Pick<TopicVersion, 'version' | 'partitions'>,
  now: number,
): Promise<boolean> {
  const stored = await readTopicVersions(connection, 'FOR UPDATE');
  const before = currentOf(stored);
  if (before.version !== version - 1 || drainingOf(stored) !== null) return false;
  try {
    if (before === FIRST_VERSION) {
      const { partitions: first, state, since } = FIRST_VERSION;
      await connection.query(INSERT, [before.version, first, state, since]);
    }
    await connection.query(SET, ['draining', now, before.version]);
    await connection.query(INSERT, [version, partitions, 'current', now]);
    return true;
  } catch (error) {
    if (faultKind(error) === 'duplicate') return false;
    throw error;
  }
}

async function close(
  connection: PoolConnection,
  version: number,
  stands: readonly { source: string; next: number }[],
  now: number,
): Promise<boolean> {
  const stored = await readTopicVersions(connection, 'FOR UPDATE');
  if (drainingOf(stored)?.version !== version) return false;
  const sources = stands.map(({ source }) => source);
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT source, `next` FROM recorder WHERE source IN (?) FOR UPDATE',
    [sources],
  );
  const found = new Map(rows.map((row) => [String(row['source']), Number(row['next'])]));
  if (stands.some(({ source, next }) => (found.get(source) ?? 0) !== next)) return false;
  await connection.query(CLOSE, [sources.map((source) => [source, CLOSED_AT])]);
  await connection.query(SET, ['drained', now, version]);
  return true;
}
