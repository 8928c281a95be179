// What a record has left for the outside world about a campaign, oldest first, as it is stored.

import type { Kysely } from 'kysely';
import type { RecordTables } from '../../src/adapters/sql/schema.ts';
import type { OutboxRow } from './contract/record-bench.ts';

export async function leftInOutbox(db: Kysely<RecordTables>, campaignId: string): Promise<OutboxRow[]> {
  const rows = await db
    .selectFrom('outbox')
    .innerJoin('campaigns', 'campaigns.no', 'outbox.campaign_no')
    .select(['type', 'seq_first', 'seq_last', 'data'])
    .where('campaigns.id', '=', campaignId)
    .orderBy('outbox.id')
    .execute();
  return rows.map((row) => ({
    type: row.type,
    seqFirst: row.seq_first,
    seqLast: row.seq_last,
    data: row.data === null ? null : (JSON.parse(row.data) as unknown),
  }));
}
