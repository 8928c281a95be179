/** Keys of rows a page at a time, for those who go through a table and must be able to go on where they were. */

import type { SelectQueryBuilder } from 'kysely';
import { sql } from 'kysely';
import type { RowKey } from '../../ports/retention.ts';
import type { RecordTables } from './schema.ts';

/** What `query` finds after the row `after`, in the order of `column`, at most `limit`. */
export async function keysAfter<T extends keyof RecordTables>(
  query: SelectQueryBuilder<RecordTables, T, object>,
  after: RowKey | null,
  limit: number,
  column = 'id',
): Promise<RowKey[]> {
  const key = sql.ref<RowKey>(column);
  let asked = query.select(key.as('key')).orderBy(key).limit(limit);
  if (after !== null) asked = asked.where(key, '>', after);
  // MySQL keeps some ids as bytes.
  return (await asked.execute()).map(({ key }) => (typeof key === 'number' ? key : String(key)));
}
