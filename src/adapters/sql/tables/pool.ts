/**
 * Imported codes, and those that are being imported. A row belongs to its import, and the import to its campaign: what is
 * staged becomes part of the pool by one row that says so, however many codes it has.
 */

import type { Generated } from 'kysely';
import type { Ddl } from './ddl.ts';

export const POOL_DDL: Ddl = {
  sqlite: [
    `CREATE TABLE pool_imports (
      no INTEGER PRIMARY KEY AUTOINCREMENT,
      campaign_no INTEGER NOT NULL,
      begun_at INTEGER NOT NULL,
      taken_at INTEGER,
      dropped INTEGER NOT NULL DEFAULT 0,
      first_n INTEGER,
      codes INTEGER
    )`,
    'CREATE INDEX pool_imports_campaign ON pool_imports (campaign_no, first_n)',
    `CREATE TABLE pool_codes (
      import_no INTEGER NOT NULL,
      place INTEGER NOT NULL,
      line INTEGER NOT NULL,
      lookup INTEGER NOT NULL,
      mark INTEGER NOT NULL,
      sealed BLOB NOT NULL,
      PRIMARY KEY (import_no, place)
    ) WITHOUT ROWID`,
  ],
  mysql: [
    `CREATE TABLE IF NOT EXISTS pool_imports (
      no INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
      campaign_no INT NOT NULL,
      begun_at BIGINT NOT NULL,
      taken_at BIGINT,
      dropped TINYINT NOT NULL DEFAULT 0,
      first_n BIGINT,
      codes BIGINT,
      INDEX pool_imports_campaign (campaign_no, first_n)
    )`,
    `CREATE TABLE IF NOT EXISTS pool_codes (
      import_no INT NOT NULL,
      place INT NOT NULL,
      line INT NOT NULL,
      lookup BIGINT NOT NULL,
      mark BIGINT NOT NULL,
      sealed VARBINARY(400) NOT NULL,
      PRIMARY KEY (import_no, place)
    )`,
  ],
};

export interface PoolImportsTable {
  no: Generated<number>;
  campaign_no: number;
  begun_at: number;
  /** null: it is being staged */
  taken_at: number | null;
  /** 1: given up, its codes are being forgotten */
  dropped: Generated<number>;
  /** number of its first code in the campaign's pool; null until it is taken in */
  first_n: number | null;
  codes: number | null;
}

export interface PoolCodesTable {
  import_no: number;
  /** in its import: 1, 2, 3 … */
  place: number;
  /** in the file that it came in */
  line: number;
  /** with `mark`: what codes are compared by (core/pool-code). No index: see core/pool-lookups */
  lookup: number;
  mark: number;
  sealed: Uint8Array;
}

export interface PoolTables {
  pool_imports: PoolImportsTable;
  pool_codes: PoolCodesTable;
}
