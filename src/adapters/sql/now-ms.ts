/** The database's clock, epoch ms: what many processes compare is read from one of them. */

import type { Kysely, RawBuilder } from 'kysely';
import { MysqlAdapter, sql } from 'kysely';

export function isMysql<T>(db: Kysely<T>): boolean {
  return db.getExecutor().adapter instanceof MysqlAdapter;
}

export function nowMs<T>(db: Kysely<T>): RawBuilder<number> {
  return isMysql(db)
    ? sql<number>`(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)`
    : sql<number>`CAST(unixepoch('subsec') * 1000 AS INTEGER)`;
}
