/**
 * Units on their way back to the stock. Whatever frees a unit says so in its own transaction, and flow/return-units takes
 * it from there, so that neither a crash nor doing it twice changes how many go out again.
 */

import type { Kysely, Transaction } from 'kysely';
import type { RecordTables } from './schema.ts';
import type { UnitsBackTable } from './tables/coupons.ts';

/** In the transaction that frees them: fails, and so undoes it, for one that was freed before. */
export async function leaveUnitsBack(
  tx: Transaction<RecordTables>,
  units: readonly UnitsBackTable[],
): Promise<void> {
  if (units.length === 0) return;
  await tx
    .insertInto('units_back')
    .values([...units])
    .execute();
}

/**
 * Frees the unit of a dead letter, in the transaction in which the letter is discarded: somebody else can win it a moment
 * later (flow/return-units), whatever the campaign's `returnUnits` says, because nobody holds it. Once for each letter; a
 * campaign that is not there has nothing to be returned to.
 */
export async function freeLetter(
  tx: Transaction<RecordTables>,
  letter: { id: number; campaignId: string; now: number },
): Promise<void> {
  const found = await tx
    .selectFrom('campaigns')
    .select('no')
    .where('id', '=', letter.campaignId)
    .executeTakeFirst();
  if (found === undefined) return;
  const unit = `letter:${letter.id}`;
  await leaveUnitsBack(tx, [{ campaign_no: found.no, unit, seq: null, created_at: letter.now }]);
}

/** The oldest units on their way back to a campaign, of one sort. */
export async function takeUnitsBack(
  tx: Kysely<RecordTables>,
  no: number,
  sort: 'units' | 'letters',
  limit: number,
): Promise<{ unit: string; seq: number | null }[]> {
  if (limit === 0) return [];
  const all = tx
    .selectFrom('units_back')
    .select(['unit', 'seq'])
    .where('campaign_no', '=', no)
    .orderBy('unit')
    .limit(limit);
  const rows = await all.where('seq', sort === 'units' ? 'is not' : 'is', null).execute();
  if (rows.length === 0) return [];
  const units = rows.map(({ unit }) => String(unit));
  await tx.deleteFrom('units_back').where('campaign_no', '=', no).where('unit', 'in', units).execute();
  return rows;
}
