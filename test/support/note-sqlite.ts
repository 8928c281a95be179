// Says that a test ran on SQLite, in whichever process: all of them load the one that is asked here.

import { createRequire } from 'node:module';
import Database from 'better-sqlite3';
import { noteRan } from '../../scripts/services/ran.ts';

let noted = false;

/** To be called where a test opens a record in SQLite or starts a server that does. */
export function noteSqlite(): void {
  if (noted) return;
  noted = true;
  const database = new Database(':memory:');
  const { version } = database.prepare('select sqlite_version() as version').get() as { version: string };
  database.close();
  const manifest = createRequire(import.meta.url)('better-sqlite3/package.json') as { version: string };
  noteRan(`SQLite ${version} (better-sqlite3 ${manifest.version})`);
}
