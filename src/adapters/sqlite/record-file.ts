/** The record on disk: opens it, brings its tables up to date, and puts kysely over it for the shared queries. */

import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { MIGRATIONS } from '../sql/migrations.ts';
import type { RecordTables } from '../sql/schema.ts';
import type { Sqlite } from './open.ts';
import { openSqlite, storageFault } from './open.ts';

export interface RecordFile {
  sqlite: Sqlite;
  db: Kysely<RecordTables>;
}

const SCHEMA = Object.keys(MIGRATIONS).length;

export async function openRecordFile(path: string): Promise<RecordFile> {
  const sqlite = openSqlite(path, { schemaMax: SCHEMA });
  sqlite.pragma('cache_size = -32768');
  // Users and codes fall on random pages of their indexes: fewer checkpoints write each of them fewer times.
  sqlite.pragma('wal_autocheckpoint = 16384');
  const db = new Kysely<RecordTables>({ dialect: new SqliteDialect({ database: sqlite }) });
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    sqlite.close();
    throw storageFault(error, path);
  }
  sqlite.pragma(`user_version = ${SCHEMA}`);
  return { sqlite, db };
}
