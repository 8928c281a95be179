/** ports/code-pool on SQL: what is there, and where it stands. */

import type { Kysely, Selectable } from 'kysely';
import type { CodePool, PoolRows } from '../../ports/code-pool.ts';
import type { RecordTables } from './schema.ts';
import type { PoolImportsTable } from './tables/pool.ts';

export type PoolImport = Selectable<PoolImportsTable> & { first_n: number; codes: number };

/** The imports that a campaign's pool is made of, in order. */
export async function poolImports(db: Kysely<RecordTables>, campaignNo: number): Promise<PoolImport[]> {
  const rows = await db
    .selectFrom('pool_imports')
    .selectAll()
    .where('campaign_no', '=', campaignNo)
    .where('first_n', 'is not', null)
    .orderBy('first_n')
    .execute();
  return rows as PoolImport[];
}

export async function campaignNo(db: Kysely<RecordTables>, campaignId: string): Promise<number | null> {
  const found = await db.selectFrom('campaigns').select('no').where('id', '=', campaignId).executeTakeFirst();
  return found?.no ?? null;
}

export function makeSqlCodePool(db: Kysely<RecordTables>): CodePool {
  const importsOf = async (campaignId: string): Promise<PoolImport[]> => {
    const no = await campaignNo(db, campaignId);
    return no === null ? [] : poolImports(db, no);
  };
  return {
    async rows(campaignId, first, max) {
      const seals: Uint8Array[] = [];
      for (const part of partsOf(await importsOf(campaignId), first, max)) {
        const rows = await rowsOf(db, part).select('sealed').execute();
        seals.push(...rows.map(({ sealed }) => sealed));
      }
      return packed(first, seals);
    },
    async counts(campaignId) {
      const imports = await importsOf(campaignId);
      return {
        imported: imports.reduce((all, { codes }) => all + codes, 0),
        imports: imports.length,
        lastImportAt: imports.reduce<number | null>(
          (last, { taken_at }) => Math.max(last ?? 0, taken_at ?? 0),
          null,
        ),
      };
    },
  };
}

export interface Part {
  importNo: number;
  /** places in the import, [from, to) */
  from: number;
  to: number;
}

/** Where rows `first` … `first + max - 1` stand; imports follow each other without a gap. */
export function partsOf(imports: readonly PoolImport[], first: number, max: number): Part[] {
  return imports.flatMap(({ no, first_n, codes }) => {
    const from = Math.max(1, first - first_n + 1);
    const to = Math.min(codes + 1, first + max - first_n + 1);
    return from < to ? [{ importNo: no, from, to }] : [];
  });
}

export function rowsOf(db: Kysely<RecordTables>, { importNo, from, to }: Part) {
  return db
    .selectFrom('pool_codes')
    .where('import_no', '=', importNo)
    .where('place', '>=', from)
    .where('place', '<', to)
    .orderBy('place');
}

function packed(first: number, seals: readonly Uint8Array[]): PoolRows {
  let at = 0;
  const ends = seals.map(({ length }) => {
    at += length;
    return at;
  });
  const bytes = new Uint8Array(at);
  for (const [i, seal] of seals.entries()) bytes.set(seal, (ends[i] as number) - seal.length);
  return { first, ends, bytes };
}
