/** Tables of one area in the words of both databases. */

/** Statements in order, each of which can be run again: DDL is not transactional everywhere. */
export interface Ddl {
  sqlite: readonly string[];
  /** CREATE TABLE without its end: engine and character set are the same for all */
  mysql: readonly string[];
}
