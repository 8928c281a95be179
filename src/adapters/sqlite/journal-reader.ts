/** Reads the journal beside its writer (WAL lets it), for the recorder. */

import type { LogReader, LogSlice } from '../../ports/log.ts';
import { decodeRow, JOURNAL_SCHEMA } from './journal-file.ts';
import { openSqlite, storageFault } from './open.ts';

export interface JournalReader extends LogReader {
  close(): void;
}

export function openJournalReader(path: string): JournalReader {
  const db = openSqlite(path, { readonly: true, schemaMax: JOURNAL_SCHEMA });
  const rows = db.prepare<[number], { id: number; facts: string }>(
    'SELECT id, facts FROM entry WHERE id >= ? ORDER BY id',
  );
  return {
    async read(offset, max) {
      const slice: LogSlice = { facts: [], unreadable: [], next: offset };
      try {
        for (const row of rows.iterate(offset)) {
          decodeRow(row.id, row.facts, slice);
          slice.next = row.id + 1;
          if (slice.facts.length + (slice.lines?.length ?? 0) >= max) break;
        }
      } catch (error) {
        throw storageFault(error, path);
      }
      return slice;
    },
    close: () => db.close(),
  };
}
