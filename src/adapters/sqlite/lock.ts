/**
 * One owner of a data folder. The lock is SQLite's own exclusive lock on a small file: the system lets go of it when the
 * process dies, however it dies, so that there is never a stale lock to remove by hand.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StorageFault, storageFault } from './open.ts';

export interface FolderLock {
  release(): void;
}

/** A handle that nobody points at is collected, and its lock goes with it: what is held is held here until released. */
const held = new Set<Database.Database>();

/** Takes the folder for this process. Throws a StorageFault that names the owner when there is one. */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, 'dibs.lock');
  const pidFile = join(folder, 'dibs.pid');
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { timeout: 0 });
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
    writeFileSync(pidFile, `${process.pid}\n`);
  } catch (error) {
    db?.close();
    throw lockFault(error, folder, path, pidFile);
  }
  const owned = db;
  held.add(owned);
  return {
    release() {
      held.delete(owned);
      owned.exec('ROLLBACK');
      owned.close();
    },
  };
}

function lockFault(error: unknown, folder: string, path: string, pidFile: string): Error {
  if ((error as { code?: string }).code === 'SQLITE_BUSY') {
    return new StorageFault(
      `${folder} is in use by another Dibs, process ${ownerOf(pidFile)}. ` +
        'Stop that one, or start this one with another DIBS_DATA_DIR.',
    );
  }
  const told = storageFault(error, path);
  if (told instanceof StorageFault) return told;
  return new StorageFault(
    `The data folder ${folder} cannot be used (${told.message}). Check DIBS_DATA_DIR, its rights and its free space.`,
  );
}

function ownerOf(pidFile: string): string {
  try {
    return readFileSync(pidFile, 'utf8').trim() || 'unknown';
  } catch {
    return 'unknown';
  }
}
