/** The record on disk: opens it, brings its tables up to date, and puts kysely over it for the shared queries. */

import type { SqliteDatabase, SqliteStatement } from 'kysely';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Recent } from '../../core/recent.ts';
import { MIGRATIONS } from '../sql/migrations.ts';
import type { RecordTables } from '../sql/schema.ts';
import type { Sqlite } from './open.ts';
import { openSqlite, storageFault } from './open.ts';

export interface RecordFile {
  sqlite: Sqlite;
  db: Kysely<RecordTables>;
}

/** Statements of the shared queries that stay prepared. */
const STATEMENTS_MAX = 100;

const SCHEMA = Object.keys(MIGRATIONS).length;

export async function openRecordFile(path: string): Promise<RecordFile> {
  const sqlite = openSqlite(path, { schemaMax: SCHEMA });
  sqlite.pragma('cache_size = -32768');
  // Users and codes fall on random pages of their indexes: fewer checkpoints write each of them fewer times.
  sqlite.pragma('wal_autocheckpoint = 16384');
  const db = new Kysely<RecordTables>({ dialect: new SqliteDialect({ database: prepared(sqlite) }) });
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    sqlite.close();
    throw storageFault(error, path);
  }
  sqlite.pragma(`user_version = ${SCHEMA}`);
  return { sqlite, db };
}

/** Each of the shared queries is prepared once: preparing one takes longer than finding a row by it. Nothing streams. */
function prepared(sqlite: Sqlite): SqliteDatabase {
  const statements = new Recent<string, SqliteStatement>(STATEMENTS_MAX);
  return {
    close: () => void sqlite.close(),
    prepare(sql) {
      const known = statements.get(sql);
      if (known !== undefined) return known;
      const statement = sqlite.prepare(sql) as SqliteStatement;
      statements.set(sql, statement);
      return statement;
    },
  };
}
