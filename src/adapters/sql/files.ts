/** ports/files on SQL: parts of 256 KiB, a row each. */

import type { Kysely, Selectable } from 'kysely';
import type { FileType } from '../../core/file.ts';
import type { Role } from '../../core/role.ts';
import type { FileFilter, Files, StoredFile } from '../../ports/files.ts';
import { FILE_PART_BYTES, FILE_PIECE_BYTES_MAX } from '../../ports/files.ts';
import { writeAuditLine } from './campaigns.ts';
import type { RecordTables } from './schema.ts';
import type { FilesTable } from './tables/files.ts';

const PARTS_A_PIECE = 4096;

/** MySQL keeps ids as bytes. */
function storedFile(row: Selectable<FilesTable>): StoredFile {
  return {
    id: String(row.id),
    name: row.name,
    type: row.type as FileType,
    role: row.role as Role,
    by: row.made_by,
    createdAt: Number(row.created_at),
    finishedAt: row.finished_at === null ? null : Number(row.finished_at),
    bytes: Number(row.bytes),
    sha256: row.sha256,
  };
}

export function makeSqlFiles(db: Kysely<RecordTables>): Files {
  return {
    ...writing(db),
    async find(id) {
      const row = await db.selectFrom('files').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? storedFile(row) : null;
    },
    async read(id, at) {
      const row = await db
        .selectFrom('file_parts')
        .select(['no', 'data'])
        .where('file_id', '=', id)
        .where('no', '>', at ?? -1)
        .orderBy('no')
        .limit(1)
        .executeTakeFirst();
      return row ? { data: new Uint8Array(row.data), at: Number(row.no) } : null;
    },
    list: (filter, limit) => listFiles(db, filter, limit),
    remove: (id, audit) =>
      db.transaction().execute(async (tx) => {
        const { numDeletedRows } = await tx.deleteFrom('files').where('id', '=', id).executeTakeFirst();
        if (numDeletedRows !== 1n) return false;
        await tx.deleteFrom('file_parts').where('file_id', '=', id).execute();
        if (audit !== null) await writeAuditLine(tx, audit);
        return true;
      }),
  };
}

function writing(db: Kysely<RecordTables>): Pick<Files, 'begin' | 'write' | 'finish'> {
  return {
    async begin({ id, name, type, role, by, createdAt }) {
      const times = { created_at: createdAt, touched_at: createdAt, finished_at: null };
      const row = { id, name, type, role, made_by: by, ...times, bytes: 0, sha256: null };
      try {
        await db.insertInto('files').values(row).execute();
        return true;
      } catch (error) {
        const taken = await db.selectFrom('files').select('id').where('id', '=', id).executeTakeFirst();
        if (taken) return false;
        throw error;
      }
    },
    write: (id, no, data, now) =>
      db.transaction().execute(async (tx) => {
        if (data.length > FILE_PIECE_BYTES_MAX) throw new RangeError(`a piece of ${data.length} bytes`);
        // First the row of the file: two who write the same piece come one after the other.
        const { numUpdatedRows } = await tx
          .updateTable('files')
          .set({ touched_at: now })
          .where('id', '=', id)
          .where('finished_at', 'is', null)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) return false;
        const first = no * PARTS_A_PIECE;
        await tx
          .deleteFrom('file_parts')
          .where('file_id', '=', id)
          .where('no', '>=', first)
          .where('no', '<', first + PARTS_A_PIECE)
          .execute();
        for (let at = 0; at < data.length; at += FILE_PART_BYTES) {
          const part = Buffer.from(data.subarray(at, at + FILE_PART_BYTES));
          await tx
            .insertInto('file_parts')
            .values({ file_id: id, no: first + at / FILE_PART_BYTES, data: part })
            .execute();
        }
        return true;
      }),
    finish: (id, { bytes, sha256, now }, audit) =>
      db.transaction().execute(async (tx) => {
        const found = await tx
          .selectFrom('files')
          .select('finished_at')
          .where('id', '=', id)
          .executeTakeFirst();
        if (!found) return false;
        const { numUpdatedRows } = await tx
          .updateTable('files')
          .set({ bytes, sha256, finished_at: now })
          .where('id', '=', id)
          .where('finished_at', 'is', null)
          .executeTakeFirst();
        if (numUpdatedRows === 1n && audit !== null) await writeAuditLine(tx, audit);
        return true;
      }),
  };
}

async function listFiles(
  db: Kysely<RecordTables>,
  { before, untouchedSince }: FileFilter,
  limit: number,
): Promise<StoredFile[]> {
  let query = db
    .selectFrom('files')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit);
  if (untouchedSince === undefined) query = query.where('finished_at', 'is not', null);
  else query = query.where('finished_at', 'is', null).where('touched_at', '<', untouchedSince);
  if (before !== null) {
    query = query.where((at) =>
      at.or([
        at('created_at', '<', before.createdAt),
        at.and([at('created_at', '=', before.createdAt), at('id', '<', before.id)]),
      ]),
    );
  }
  return (await query.execute()).map(storedFile);
}
