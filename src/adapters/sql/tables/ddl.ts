/** Tables of one area in the words of both databases. */

/** Statements in order, each of which can be run again: DDL is not transactional everywhere. */
export interface Ddl {
  sqlite: readonly string[];
  /** CREATE TABLE without its end: engine and character set are the same for all */
  mysql: readonly (string | Once)[];
}

/** What cannot be run again there (ALTER TABLE, CREATE INDEX): left out when what it makes is there. */
export interface Once {
  unless: { table: string; column: string } | { table: string; index: string };
  run: string;
}
