/**
 * Opens a SQLite database so that a commit is on the disk when it returns, and proves it by reading the settings back.
 * What cannot be opened is told with what to do; nothing is changed in a file that is not ours.
 */

import Database from 'better-sqlite3';

export type Sqlite = Database.Database;

/** Why a database file cannot be used. `what to do` is part of the message. */
export class StorageFault extends Error {
  override name = 'StorageFault';
}

export interface OpenOptions {
  readonly?: boolean;
  /** what `PRAGMA user_version` this program understands at most; a higher one is refused */
  schemaMax: number;
}

export function openSqlite(path: string, options: OpenOptions): Sqlite {
  let db: Sqlite | undefined;
  try {
    db = new Database(path, { readonly: options.readonly ?? false, timeout: 5000 });
    const version = Number(db.pragma('user_version', { simple: true }));
    if (version > options.schemaMax) {
      throw new StorageFault(
        `${path} has schema ${version}, this program knows up to ${options.schemaMax}. ` +
          'Run the newer Dibs that wrote it, or choose another DIBS_DATA_DIR. Nothing was changed.',
      );
    }
    if (!options.readonly) makeDurable(db, path);
    return db;
  } catch (error) {
    db?.close();
    throw storageFault(error, path);
  }
}

function makeDurable(db: Sqlite, path: string): void {
  const mode = db.pragma('journal_mode = WAL', { simple: true });
  db.pragma('synchronous = FULL');
  const synchronous = db.pragma('synchronous', { simple: true });
  if (mode !== 'wal' || synchronous !== 2) {
    throw new StorageFault(
      `${path}: journal_mode is ${String(mode)} and synchronous is ${String(synchronous)}; ` +
        'a win could be lost in a power cut. Put DIBS_DATA_DIR on a local file system.',
    );
  }
  db.pragma('foreign_keys = ON');
}

/** Writes a file anew, so that no byte of it or of its WAL tells what was once there. Throws when somebody reads it. */
export function writeAnew(db: Sqlite, path: string): void {
  db.exec('VACUUM');
  const [left] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
  if (left?.busy !== 0) {
    throw new StorageFault(
      `${path} is being read by somebody else, and keeps what was taken out of it until then.`,
    );
  }
}

/** Turns SQLite's word for a fault into one that says what to do. */
export function storageFault(error: unknown, path: string): Error {
  if (error instanceof StorageFault || !(error instanceof Error)) return error as Error;
  const code = String((error as Error & { code?: string }).code ?? '');
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new StorageFault(
      `${path} is damaged (${error.message}). Nothing was changed. ` +
        'Restore the folder from a backup, or move it away and start empty: see docs/runbook/damaged-database.md.',
    );
  }
  if (code === 'SQLITE_FULL' || code.startsWith('SQLITE_IOERR')) {
    return new StorageFault(
      `${path} cannot be written (${error.message}). Free disk space; a running server then goes on by itself.`,
    );
  }
  if (code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_READONLY') || code === 'SQLITE_PERM') {
    return new StorageFault(
      `${path} cannot be opened for writing (${error.message}). Check DIBS_DATA_DIR and its rights.`,
    );
  }
  return error;
}
