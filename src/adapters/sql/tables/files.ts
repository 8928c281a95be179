/** Files that jobs read and write, in pieces: `no` is the order of the parts, with gaps between pieces. */

import type { Ddl } from './ddl.ts';

export const FILES_DDL: Ddl = {
  sqlite: [
    `CREATE TABLE IF NOT EXISTS files (
      id TEXT NOT NULL PRIMARY KEY,
      name TEXT NOT NULL,
      type TEXT NOT NULL,
      role TEXT NOT NULL,
      made_by TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      touched_at INTEGER NOT NULL,
      finished_at INTEGER,
      bytes INTEGER NOT NULL DEFAULT 0,
      sha256 TEXT
    )`,
    'CREATE INDEX IF NOT EXISTS files_newest ON files (created_at, id)',
    `CREATE TABLE IF NOT EXISTS file_parts (
      file_id TEXT NOT NULL,
      no INTEGER NOT NULL,
      data BLOB NOT NULL,
      PRIMARY KEY (file_id, no)
    )`,
  ],
  mysql: [
    `CREATE TABLE IF NOT EXISTS files (
      id VARBINARY(96) NOT NULL PRIMARY KEY,
      name VARCHAR(255) NOT NULL,
      type VARCHAR(64) NOT NULL,
      role VARCHAR(16) NOT NULL,
      made_by VARCHAR(255) NOT NULL,
      created_at BIGINT NOT NULL,
      touched_at BIGINT NOT NULL,
      finished_at BIGINT,
      bytes BIGINT NOT NULL DEFAULT 0,
      sha256 VARCHAR(64),
      INDEX files_newest (created_at, id)
    )`,
    `CREATE TABLE IF NOT EXISTS file_parts (
      file_id VARBINARY(96) NOT NULL,
      no BIGINT NOT NULL,
      data MEDIUMBLOB NOT NULL,
      PRIMARY KEY (file_id, no)
    )`,
  ],
};

export interface FilesTable {
  id: string;
  name: string;
  type: string;
  /** the least role that may read what is in it */
  role: string;
  made_by: string;
  created_at: number;
  /** when a piece last came: one that nobody goes on with is swept */
  touched_at: number;
  /** null: it is not whole yet */
  finished_at: number | null;
  bytes: number;
  sha256: string | null;
}

export interface FilePartsTable {
  file_id: string;
  /** piece × 4096 + its part */
  no: number;
  data: Uint8Array;
}

export interface FileTables {
  files: FilesTable;
  file_parts: FilePartsTable;
}
