/** ports/deliveries on SQL. */

import type { Insertable, Kysely, Selectable, Transaction } from 'kysely';
import type { DeliveryState, WebhookAnswer } from '../../core/webhook.ts';
import type { Backlog, Deliveries, Delivery, LeftFact, SettledTry } from '../../ports/deliveries.ts';
import { writeAuditLine } from './campaigns.ts';
import type { RecordTables } from './schema.ts';
import type { WebhookDeliveriesTable } from './tables/webhooks.ts';

export function makeSqlDeliveries(db: Kysely<RecordTables>): Deliveries {
  return {
    leave: (endpointIds, facts, now) =>
      db.transaction().execute(async (tx) => {
        for (const endpointId of endpointIds) await leaveFor(tx, endpointId, facts, now);
      }),
    due: (endpointId, now, limit) => readDue(db, endpointId, now, limit),
    settle: (tries) =>
      db.transaction().execute(async (tx) => {
        // In one order, so that two who settle at once wait for each other instead of for ever.
        for (const one of tries.toSorted((a, b) => a.id - b.id)) await settleOne(tx, one);
      }),
    backlog: (endpointId, most) => readBacklog(db, endpointId, most),
    async list(endpointId, state, before, limit) {
      let query = db
        .selectFrom('webhook_deliveries')
        .selectAll()
        .where('endpoint_id', '=', endpointId)
        .orderBy('id', 'desc')
        .limit(limit);
      if (state !== null) query = query.where('state', '=', state);
      if (before !== null) query = query.where('id', '<', before);
      return (await query.execute()).map(deliveryOf);
    },
    resend: (endpointId, id, now, audit) =>
      db.transaction().execute(async (tx) => {
        const { numUpdatedRows } = await tx
          .updateTable('webhook_deliveries')
          .set({ state: 'pending', tries: 0, at: now })
          .where('endpoint_id', '=', endpointId)
          .where('id', '=', id)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) return false;
        await writeAuditLine(tx, audit);
        return true;
      }),
    async forget(endpointId, limit) {
      const rows = await db
        .selectFrom('webhook_deliveries')
        .select('id')
        .where('endpoint_id', '=', endpointId)
        .limit(limit)
        .execute();
      const ids = rows.map(({ id }) => id);
      if (ids.length > 0) await db.deleteFrom('webhook_deliveries').where('id', 'in', ids).execute();
      return ids.length;
    },
  };
}

async function readDue(
  db: Kysely<RecordTables>,
  endpointId: string,
  now: number,
  limit: number,
): Promise<Delivery[]> {
  const rows = await db
    .selectFrom('webhook_deliveries as one')
    .selectAll('one')
    .where('one.endpoint_id', '=', endpointId)
    .where('one.state', '=', 'pending')
    .where('one.at', '<=', now)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('webhook_deliveries as earlier')
            .select('earlier.id')
            .where('earlier.endpoint_id', '=', endpointId)
            .whereRef('earlier.order_key', '=', 'one.order_key')
            .where('earlier.state', '=', 'pending')
            .whereRef('earlier.id', '<', 'one.id'),
        ),
      ),
    )
    .orderBy('one.at')
    .orderBy('one.id')
    .limit(limit)
    .execute();
  return rows.map(deliveryOf);
}

async function readBacklog(db: Kysely<RecordTables>, endpointId: string, most: number): Promise<Backlog> {
  const { count } = await db
    .selectFrom((at) =>
      at
        .selectFrom('webhook_deliveries')
        .select('id')
        .where('endpoint_id', '=', endpointId)
        .where('state', '=', 'pending')
        .limit(most)
        .as('some'),
    )
    .select((at) => at.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const last = await db
    .selectFrom('webhook_deliveries')
    .select('at')
    .where('endpoint_id', '=', endpointId)
    .where('state', '=', 'delivered')
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return { pending: Number(count), lastDeliveredAt: last ? Number(last.at) : null };
}

/** What is there already was left before by somebody who did not come to say so. */
async function leaveFor(
  tx: Transaction<RecordTables>,
  endpointId: string,
  facts: readonly LeftFact[],
  now: number,
): Promise<void> {
  if (facts.length === 0) return;
  const there = await tx
    .selectFrom('webhook_deliveries')
    .select('event_id')
    .where('endpoint_id', '=', endpointId)
    .where(
      'event_id',
      'in',
      facts.map(({ eventId }) => eventId),
    )
    .execute();
  const known = new Set(there.map(({ event_id }) => String(event_id)));
  const rows = facts.filter(({ eventId }) => !known.has(eventId)).map((fact) => rowOf(endpointId, fact, now));
  if (rows.length > 0) await tx.insertInto('webhook_deliveries').values(rows).execute();
}

function rowOf(endpointId: string, fact: LeftFact, now: number): Insertable<WebhookDeliveriesTable> {
  return {
    endpoint_id: endpointId,
    event_id: fact.eventId,
    type: fact.type,
    campaign_id: fact.campaignId,
    order_key: fact.orderKey,
    body: fact.body,
    state: 'pending',
    tries: 0,
    at: now,
    answers: '[]',
    created_at: now,
  };
}

function deliveryOf(row: Selectable<WebhookDeliveriesTable>): Delivery {
  return {
    id: Number(row.id),
    // MySQL keeps these as bytes.
    endpointId: String(row.endpoint_id),
    eventId: String(row.event_id),
    type: String(row.type),
    campaignId: String(row.campaign_id),
    orderKey: String(row.order_key),
    body: row.body,
    state: String(row.state) as DeliveryState,
    tries: Number(row.tries),
    at: Number(row.at),
    answers: JSON.parse(row.answers) as WebhookAnswer[],
    createdAt: Number(row.created_at),
  };
}

async function settleOne(tx: Transaction<RecordTables>, one: SettledTry): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('webhook_deliveries')
    .set({
      state: one.state,
      tries: one.triesBefore + 1,
      at: one.at,
      answers: JSON.stringify(one.answers),
    })
    .where('id', '=', one.id)
    .where('state', '=', 'pending')
    .where('tries', '=', one.triesBefore)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n || one.state !== 'pending') return;
  const { endpoint_id, order_key } = await tx
    .selectFrom('webhook_deliveries')
    .select(['endpoint_id', 'order_key'])
    .where('id', '=', one.id)
    .executeTakeFirstOrThrow();
  await tx
    .updateTable('webhook_deliveries')
    .set({ at: one.at })
    .where('endpoint_id', '=', endpoint_id)
    .where('order_key', '=', order_key)
    .where('state', '=', 'pending')
    .where('id', '>', one.id)
    .where('at', '<', one.at)
    .execute();
}
