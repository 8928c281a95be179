/** ports/outbox on SQL. */

import type { Kysely } from 'kysely';
import type { OutboxType } from '../../core/event.ts';
import type { Outbox } from '../../ports/outbox.ts';
import type { RecordTables } from './schema.ts';

export function makeSqlOutbox(db: Kysely<RecordTables>): Outbox {
  return {
    async unsent(limit) {
      const rows = await db
        .selectFrom('outbox')
        .innerJoin('campaigns', 'campaigns.no', 'outbox.campaign_no')
        .select([
          'outbox.id as id',
          'outbox.type as type',
          'campaigns.id as campaignId',
          'outbox.seq_first as first',
          'outbox.seq_last as last',
          'outbox.data as data',
          'outbox.created_at as at',
        ])
        .where('outbox.sent_at', 'is', null)
        .orderBy('outbox.id')
        .limit(limit)
        .execute();
      return rows.map(({ id, type, campaignId, first, last, data, at }) => ({
        id: Number(id),
        type: type as OutboxType,
        // MySQL keeps ids as bytes.
        campaignId: String(campaignId),
        seqs: first === null || last === null ? null : { first: Number(first), last: Number(last) },
        data: data === null ? {} : (JSON.parse(data) as Record<string, unknown>),
        at: Number(at),
      }));
    },
    async markSent(ids, now) {
      if (ids.length === 0) return;
      await db
        .updateTable('outbox')
        .set({ sent_at: now })
        .where('id', 'in', [...ids])
        .execute();
    },
    async countUnsent() {
      const found = await db
        .selectFrom('outbox')
        .select((at) => at.fn.countAll<number>().as('count'))
        .where('sent_at', 'is', null)
        .executeTakeFirstOrThrow();
      return Number(found.count);
    },
    async trim(before, limit) {
      const rows = await db
        .selectFrom('outbox')
        .select('id')
        .where('sent_at', '<', before)
        .orderBy('sent_at')
        .limit(limit)
        .execute();
      if (rows.length === 0) return 0;
      const ids = rows.map(({ id }) => Number(id));
      await db.deleteFrom('outbox').where('id', 'in', ids).execute();
      return ids.length;
    },
  };
}
