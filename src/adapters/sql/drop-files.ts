/** Files taken away with their parts: for the sweep, which takes many. */

import type { Kysely } from 'kysely';
import type { RecordTables } from './schema.ts';

export function dropFiles(db: Kysely<RecordTables>, ids: string[]): Promise<number> {
  return db.transaction().execute(async (tx) => {
    await tx.deleteFrom('file_parts').where('file_id', 'in', ids).execute();
    const { numDeletedRows } = await tx.deleteFrom('files').where('id', 'in', ids).executeTakeFirst();
    return Number(numDeletedRows);
  });
}
