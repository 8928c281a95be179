/** Which numbers need no sending any more, on SQL: those in the record, and those that were set aside. */

import type { Kysely } from 'kysely';
import type { SettledSeqs } from '../../ports/record.ts';
import type { RecordTables } from './schema.ts';

/** What was late counts for no campaign, and is found by how its reason begins. */
const LATE = 'late: %';

export function makeSqlSettled(db: Kysely<RecordTables>): SettledSeqs {
  return {
    async settled(campaignId, epoch, first, last) {
      const recorded = await db
        .selectFrom('claims')
        .innerJoin('campaigns', 'campaigns.no', 'claims.campaign_no')
        .select('seq')
        .where('campaigns.id', '=', campaignId)
        .where('seq', '>=', first)
        .where('seq', '<=', last)
        .execute();
      const letters = await db
        .selectFrom('dead_letters')
        .select('payload')
        .where((at) =>
          at.or([
            at('campaign_id', '=', campaignId),
            at.and([at('campaign_id', 'is', null), at('reason', 'like', LATE)]),
          ]),
        )
        .execute();
      const seqs = new Set(recorded.map(({ seq }) => seq));
      for (const { payload } of letters) {
        const seq = seqOf(payload, campaignId, epoch);
        if (seq !== null && seq >= first && seq <= last) seqs.add(seq);
      }
      return seqs;
    },
  };
}

/** Of a fact that was set aside; null when it is another campaign's or epoch's, or was cut because it was too long. */
function seqOf(payload: string, campaignId: string, epoch: number): number | null {
  try {
    const fact = JSON.parse(payload) as { campaignId?: unknown; epoch?: unknown; seq?: unknown };
    const isIts = fact.campaignId === campaignId && fact.epoch === epoch;
    return isIts && typeof fact.seq === 'number' ? fact.seq : null;
  } catch {
    return null;
  }
}
