/**
 * Opens a database of MySQL or MariaDB for the record, with tables that are up to date. What cannot be used is told with
 * what to do; nothing is changed in it.
 */

import { Kysely, MysqlDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import type { Pool, RowDataPacket } from 'mysql2/promise';
import type { RecordTables } from '../sql/schema.ts';
import { type MysqlAddress, parseMysqlUrl } from './address.ts';
import { type MysqlOptions, makePool } from './connect.ts';
import { DatabaseFault, faultText } from './faults.ts';
import { MYSQL_MIGRATIONS } from './migrations.ts';

export interface Mysql {
  address: MysqlAddress;
  /** for statements written by hand */
  pool: Pool;
  /** the same connections, for the shared queries */
  db: Kysely<RecordTables>;
  close(): Promise<void>;
}

const NO_SUCH_TABLE = 1146;

/** Throws DatabaseFault. */
export async function openMysql(url: string, options: MysqlOptions = {}): Promise<Mysql> {
  const parsed = parseMysqlUrl(url);
  if (parsed.kind === 'invalid') throw new DatabaseFault(parsed.why);
  const { address } = parsed;
  const callbackPool = makePool(address, options);
  const pool = callbackPool.promise();
  const db = new Kysely<RecordTables>({ dialect: new MysqlDialect({ pool: callbackPool }) });
  try {
    await checkVersion(pool, address);
    await bringUpToDate(pool, db, address);
  } catch (error) {
    await pool.end();
    throw error instanceof DatabaseFault
      ? error
      : new DatabaseFault(faultText(error, address), { cause: error });
  }
  return { address, pool, db, close: () => pool.end() };
}

/** MySQL from 8.0 and MariaDB from 10.6 on; the text is what `SELECT VERSION()` says. */
export function versionProblem(text: string): string | null {
  const isMaria = /mariadb/i.test(text);
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(text.replace(/^5\.5\.5-/, '')) ?? [];
  const version = Number(major) * 1000 + Number(minor);
  if (version >= (isMaria ? 10_011 : 8_000)) return null;
  return `It is ${isMaria ? 'MariaDB' : 'MySQL'} ${text}; Dibs needs MySQL 8.0 or MariaDB 10.11, or newer.`;
}

async function checkVersion(pool: Pool, { host, port }: MysqlAddress): Promise<void> {
  const [rows] = await pool.query<RowDataPacket[]>('SELECT VERSION() AS version');
  const problem = versionProblem(String(rows[0]?.['version']));
  if (problem !== null) throw new DatabaseFault(`The database at ${host}:${port} is too old. ${problem}`);
}

/** Under a lock of the server's (GET_LOCK), so that of many who start at once one does it. */
async function bringUpToDate(pool: Pool, db: Kysely<RecordTables>, address: MysqlAddress): Promise<void> {
  const done = await migrationsDone(pool);
  const unknown = done.filter((name) => !(name in MYSQL_MIGRATIONS));
  if (unknown.length > 0) {
    throw new DatabaseFault(
      `The database "${address.database}" has schema ${done.length}, this program knows up to ` +
        `${Object.keys(MYSQL_MIGRATIONS).length}. Run the newer Dibs that wrote it, or choose another database. Nothing was changed.`,
    );
  }
  // Then neither the lock nor the rights to make tables are needed.
  if (done.length === Object.keys(MYSQL_MIGRATIONS).length) return;
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MYSQL_MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error as Error;
}

async function migrationsDone(pool: Pool): Promise<string[]> {
  try {
    const [rows] = await pool.query<RowDataPacket[]>('SELECT name FROM kysely_migration ORDER BY name');
    return rows.map((row) => String(row['name']));
  } catch (error) {
    if ((error as { errno?: number }).errno === NO_SUCH_TABLE) return [];
    throw error;
  }
}
