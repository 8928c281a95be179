/** Reads the log of requests beside its writer (WAL lets it), for the decider. */

import type { RequestReader, RequestSlice } from '../../ports/requests.ts';
import { JOURNAL_SCHEMA } from './journal-file.ts';
import { openSqlite, storageFault } from './open.ts';
import { decodeRequestRow } from './requests-file.ts';

export interface RequestJournalReader extends RequestReader {
  close(): void;
}

/** Throws a StorageFault when the file is not there or cannot be used: its writer makes it. */
export function openRequestJournalReader(path: string): RequestJournalReader {
  const db = openSqlite(path, { readonly: true, schemaMax: JOURNAL_SCHEMA });
  const rows = db.prepare<[number], { id: number; facts: string }>(
    'SELECT id, facts FROM entry WHERE id >= ? ORDER BY id',
  );
  return {
    async read(offset, max) {
      const slice: RequestSlice = { requests: [], unreadable: [], next: offset };
      try {
        for (const row of rows.iterate(offset)) {
          decodeRequestRow(row.id, row.facts, slice);
          slice.next = row.id + 1;
          if (slice.requests.length >= max) break;
        }
      } catch (error) {
        throw storageFault(error, path);
      }
      return slice;
    },
    close: () => db.close(),
  };
}
