/** ports/code-pool on SQL: imports. What is staged is taken in by one row, so that no statement grows with the import. */

import type { Kysely } from 'kysely';
import { CompiledQuery, sql } from 'kysely';
import type { PoolMarks } from '../../core/pool-lookups.ts';
import type { CodeImports, StagedCodes } from '../../ports/code-pool.ts';
import { writeAuditLine } from './campaigns.ts';
import type { PoolImport } from './code-pool.ts';
import { campaignNo, partsOf, poolImports, rowsOf } from './code-pool.ts';
import type { RecordTables } from './schema.ts';
import type { PoolCodesTable } from './tables/pool.ts';

/** Rows in one statement: what is made of larger ones outlives the young generation, and memory grows by it. */
const ROWS_MAX = 250;
/** Rows forgotten at once. */
const DROP_ROWS = 10_000;
const STALE_MAX = 100;

export function makeSqlCodeImports(db: Kysely<RecordTables>): CodeImports {
  return {
    async begin(campaignId, now) {
      const no = await campaignNo(db, campaignId);
      if (no === null) return null;
      const row = { campaign_no: no, begun_at: now, taken_at: null, first_n: null, codes: null };
      const { insertId } = await db.insertInto('pool_imports').values(row).executeTakeFirstOrThrow();
      return Number(insertId);
    },
    stage: (importNo, codes) => stageCodes(db, importNo, codes),
    async lookups(importNo, from, to) {
      const rows = await rowsOf(db, { importNo, from, to }).select('lookup').execute();
      return Float64Array.from(rows, ({ lookup }) => lookup);
    },
    async staged(importNo, from, to) {
      const rows = await rowsOf(db, { importNo, from, to })
        .select(['place', 'line', 'lookup', 'mark'])
        .execute();
      return {
        ...marksOf(rows),
        places: Uint32Array.from(rows, ({ place }) => place),
        lines: Uint32Array.from(rows, ({ line }) => line),
      };
    },
    async known(importNo, first, max) {
      const rows: MarkRow[] = [];
      for (const part of partsOf(await importsBehind(db, importNo), first, max)) {
        rows.push(...(await rowsOf(db, part).select(['lookup', 'mark']).execute()));
      }
      return marksOf(rows);
    },
    async copy(importNo, to, range) {
      const { numAffectedRows } = await sql`
        INSERT INTO pool_codes (import_no, place, line, lookup, mark, sealed)
        SELECT ${to}, ${range.first} - 1 + ROW_NUMBER() OVER (ORDER BY place), line, lookup, mark, sealed
        FROM pool_codes
        WHERE import_no = ${importNo} AND place >= ${range.from} AND place < ${range.to}`.execute(db);
      return Number(numAffectedRows ?? 0);
    },
    async leaveOut(importNo, places) {
      for (let at = 0; at < places.length; at += ROWS_MAX) {
        const some = places.slice(at, at + ROWS_MAX);
        await db
          .deleteFrom('pool_codes')
          .where('import_no', '=', importNo)
          .where('place', 'in', some)
          .execute();
      }
    },
    take: (importNo, counts, audit) => db.transaction().execute((tx) => takeIn(tx, importNo, counts, audit)),
    drop: (importNo) => forgetSome(db, importNo),
    async stale(before) {
      const rows = await db
        .selectFrom('pool_imports')
        .select('no')
        .where('first_n', 'is', null)
        .where((at) => at.or([at('begun_at', '<', before), at('dropped', '=', 1)]))
        .limit(STALE_MAX)
        .execute();
      return rows.map(({ no }) => no);
    },
  };
}

type MarkRow = Pick<PoolCodesTable, 'lookup' | 'mark'>;

const marksOf = (rows: readonly MarkRow[]): PoolMarks => ({
  lookups: Float64Array.from(rows, ({ lookup }) => lookup),
  marks: Uint32Array.from(rows, ({ mark }) => mark),
});

/** What the pool is made of that an import is for. */
async function importsBehind(db: Kysely<RecordTables>, importNo: number): Promise<PoolImport[]> {
  const own = await db
    .selectFrom('pool_imports')
    .select('campaign_no')
    .where('no', '=', importNo)
    .executeTakeFirst();
  const imports = own ? await poolImports(db, own.campaign_no) : [];
  // Whoever was broken off after it was taken in looks once more.
  return imports.filter(({ no }) => no !== importNo);
}

/** As text that stays the same, for so many rows: nothing is built for it again. */
const insertRows = (count: number): string =>
  `INSERT INTO pool_codes (import_no, place, line, lookup, mark, sealed) VALUES ${Array(count)
    .fill('(?, ?, ?, ?, ?, ?)')
    .join(', ')}`;
const INSERT_FULL = insertRows(ROWS_MAX);

async function stageCodes(db: Kysely<RecordTables>, importNo: number, codes: StagedCodes): Promise<void> {
  const { length } = codes.lines;
  await db.transaction().execute(async (tx) => {
    for (let at = 0; at < length; at += ROWS_MAX) {
      const to = Math.min(at + ROWS_MAX, length);
      const text = to - at === ROWS_MAX ? INSERT_FULL : insertRows(to - at);
      await tx.executeQuery(CompiledQuery.raw(text, valuesOf(importNo, codes, at, to)));
    }
  });
}

function valuesOf(importNo: number, codes: StagedCodes, from: number, to: number): unknown[] {
  const { first, lines, lookups, marks, ends, bytes } = codes;
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const values: unknown[] = [];
  for (let i = from; i < to; i++) {
    const sealed = all.subarray(i === 0 ? 0 : ends[i - 1], ends[i]);
    values.push(importNo, first + i, lines[i], lookups[i], marks[i], sealed);
  }
  return values;
}

async function takeIn(
  tx: Kysely<RecordTables>,
  importNo: number,
  { codes, behind }: { codes: number; behind: number },
  audit: Parameters<CodeImports['take']>[2],
): ReturnType<CodeImports['take']> {
  const own = await tx.selectFrom('pool_imports').selectAll().where('no', '=', importNo).executeTakeFirst();
  if (!own || own.dropped === 1) return 'gone';
  if (own.first_n !== null) return own.codes === codes ? 'taken' : 'gone';
  // The campaign's row is held until this is done: of two imports one comes after the other.
  await tx
    .updateTable('campaigns')
    .set((at) => ({ issued: at.ref('issued') }))
    .where('no', '=', own.campaign_no)
    .execute();
  const there = (await poolImports(tx, own.campaign_no)).reduce((all, one) => all + one.codes, 0);
  if (there !== behind) return 'moved';
  const { numUpdatedRows } = await tx
    .updateTable('pool_imports')
    .set({ taken_at: audit.at, first_n: behind + 1, codes })
    .where('no', '=', importNo)
    .where('dropped', '=', 0)
    .where('first_n', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) return 'gone';
  await writeAuditLine(tx, audit);
  return 'taken';
}

async function forgetSome(db: Kysely<RecordTables>, importNo: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('pool_imports')
    .set({ dropped: 1 })
    .where('no', '=', importNo)
    .where('first_n', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) {
    // MySQL counts rows that changed: it may have been said before.
    const known = await db
      .selectFrom('pool_imports')
      .select('dropped')
      .where('no', '=', importNo)
      .executeTakeFirst();
    if (known?.dropped !== 1) return false;
  }
  const { place } = await db
    .selectFrom('pool_codes')
    .select((at) => at.fn.min<number | null>('place').as('place'))
    .where('import_no', '=', importNo)
    .executeTakeFirstOrThrow();
  if (place === null) {
    await db.deleteFrom('pool_imports').where('no', '=', importNo).where('dropped', '=', 1).execute();
    return false;
  }
  await db
    .deleteFrom('pool_codes')
    .where('import_no', '=', importNo)
    .where('place', '<', place + DROP_ROWS)
    .execute();
  return true;
}
