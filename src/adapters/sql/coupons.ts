/** ports/coupons on SQL. */

import type { Kysely, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Coupons, IssuedUnit, UnitsBack } from '../../ports/coupons.ts';
import { updateCampaign } from './campaigns.ts';
import type { RecordTables } from './schema.ts';
import { takeUnitsBack } from './units-back.ts';

/** Seqs in one statement. */
const SEQS_MAX = 500;

export function makeSqlCoupons(db: Kysely<RecordTables>): Coupons {
  return {
    issue: (campaignId, units, now) => db.transaction().execute((tx) => issue(tx, campaignId, units, now)),
    async comingBack(campaignIds) {
      const [units, letters] = await Promise.all([
        campaignIds.length === 0 ? [] : countBack(db, 'units', campaignIds),
        countBack(db, 'letters', null),
      ]);
      const back: Record<string, UnitsBack> = {};
      for (const { id, count } of units) back[String(id)] = { units: Number(count), letters: 0 };
      for (const { id, count } of letters) {
        back[String(id)] = { units: back[String(id)]?.units ?? 0, letters: Number(count) };
      }
      return back;
    },
    async putBack(next, expected, back, audit, facts) {
      try {
        return await db.transaction().execute(async (tx) => {
          const no = await updateCampaign(tx, next, expected, audit, facts);
          if (no === null) return false;
          const units = await takeUnitsBack(tx, no, 'units', back.units);
          const letters = await takeUnitsBack(tx, no, 'letters', back.letters);
          if (units.length !== back.units || letters.length !== back.letters) throw new NotSoMany();
          await markReturned(
            tx,
            no,
            units.map(({ seq }) => Number(seq)),
            audit.at,
          );
          return true;
        });
      } catch (error) {
        if (error instanceof NotSoMany) return false;
        throw error;
      }
    },
  };
}

/** Somebody else has put some of them back: nothing of this is done. */
class NotSoMany extends Error {}

function countBack(db: Kysely<RecordTables>, sort: 'units' | 'letters', ids: readonly string[] | null) {
  const all = db
    .selectFrom('units_back')
    .innerJoin('campaigns', 'campaigns.no', 'units_back.campaign_no')
    .select((x) => ['campaigns.id as id', x.fn.countAll<number>().as('count')])
    .where('seq', sort === 'units' ? 'is not' : 'is', null)
    .groupBy('campaigns.id');
  return (ids === null ? all : all.where('campaigns.id', 'in', [...ids])).execute();
}

async function markReturned(
  tx: Transaction<RecordTables>,
  no: number,
  seqs: number[],
  at: number,
): Promise<void> {
  for (let from = 0; from < seqs.length; from += SEQS_MAX) {
    await tx
      .updateTable('claims')
      .set({ returned_at: at })
      .where('campaign_no', '=', no)
      .where('seq', 'in', seqs.slice(from, from + SEQS_MAX))
      .execute();
  }
}

async function issue(
  tx: Transaction<RecordTables>,
  campaignId: string,
  units: readonly IssuedUnit[],
  now: number,
): Promise<number[]> {
  const campaign = await tx
    .selectFrom('campaigns')
    .select('no')
    .where('id', '=', campaignId)
    .executeTakeFirst();
  if (campaign === undefined || units.length === 0) return [];
  const { no } = campaign;
  const issued = await unissued(tx, no, units);
  for (let from = 0; from < issued.length; from += SEQS_MAX) {
    await giveOut(tx, no, issued.slice(from, from + SEQS_MAX), now);
  }
  const rows = runsOf(issued.map(({ seq }) => seq)).map(([first, last]) => ({
    type: 'coupon.issued',
    campaign_no: no,
    seq_first: first,
    seq_last: last,
    data: null,
    created_at: now,
    sent_at: null,
  }));
  if (rows.length > 0) await tx.insertInto('outbox').values(rows).execute();
  return issued.map(({ seq }) => seq);
}

/** Of these units those that wait for their coupons, in order of seq. */
async function unissued(
  tx: Transaction<RecordTables>,
  no: number,
  units: readonly IssuedUnit[],
): Promise<IssuedUnit[]> {
  const rows = await tx
    .selectFrom('claims')
    .select('seq')
    .where('campaign_no', '=', no)
    .where(
      'seq',
      'in',
      units.map(({ seq }) => seq),
    )
    .where('issued_at', 'is', null)
    .where('revoked_at', 'is', null)
    .execute();
  const waiting = new Set(rows.map(({ seq }) => Number(seq)));
  return units.filter(({ seq }) => waiting.has(seq)).toSorted((a, b) => a.seq - b.seq);
}

async function giveOut(
  tx: Transaction<RecordTables>,
  no: number,
  units: readonly IssuedUnit[],
  now: number,
): Promise<void> {
  const found = units.filter(({ codeLookup }) => codeLookup !== null);
  const cases = sql.join(
    found.map(({ seq, codeLookup }) => sql`WHEN ${seq} THEN ${codeLookup}`),
    sql` `,
  );
  const codes = found.length === 0 ? {} : { code_lookup: sql<number>`CASE seq ${cases} END` };
  const { numUpdatedRows } = await tx
    .updateTable('claims')
    .set({ issued_at: now, ...codes })
    .where('campaign_no', '=', no)
    .where(
      'seq',
      'in',
      units.map(({ seq }) => seq),
    )
    .where('issued_at', 'is', null)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (Number(numUpdatedRows) !== units.length) throw new Error('a unit was taken back meanwhile: once more');
}

/** Runs of numbers in order: 1–3, 5–6. */
function runsOf(seqs: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const seq of seqs) {
    const run = runs.at(-1);
    if (run !== undefined && seq === run[1] + 1) run[1] = seq;
    else runs.push([seq, seq]);
  }
  return runs;
}
