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
      for (const one of await importsOf(campaignId)) {
        const next = first + seals.length;
        const left = max - seals.length;
        if (left <= 0) break;
        if (next < one.first_n || next >= one.first_n + one.codes) continue;
        seals.push(...(await sealedOf(db, one.no, next - one.first_n + 1, left)));
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

async function sealedOf(
  db: Kysely<RecordTables>,
  importNo: number,
  place: number,
  max: number,
): Promise<Uint8Array[]> {
  const rows = await db
    .selectFrom('pool_codes')
    .select('sealed')
    .where('import_no', '=', importNo)
    .where('place', '>=', place)
    .where('place', '<', place + max)
    .orderBy('place')
    .execute();
  return rows.map(({ sealed }) => sealed);
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
