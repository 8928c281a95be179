/** ports/webhooks on SQL. */

import type { Kysely, Selectable } from 'kysely';
import type { FactFilter } from '../../core/webhook.ts';
import type { Endpoint, EndpointState, Webhooks } from '../../ports/webhooks.ts';
import { writeAuditLine } from './campaigns.ts';
import type { RecordTables } from './schema.ts';
import type { WebhookEndpointsTable } from './tables/webhooks.ts';

export function makeSqlWebhooks(db: Kysely<RecordTables>): Webhooks {
  return {
    add: (endpoint, most, audit) =>
      db.transaction().execute(async (tx) => {
        const { count } = await tx
          .selectFrom('webhook_endpoints')
          .select((at) => at.fn.countAll<number>().as('count'))
          .executeTakeFirstOrThrow();
        if (Number(count) >= most) return false;
        await tx.insertInto('webhook_endpoints').values(rowOf(endpoint)).execute();
        await writeAuditLine(tx, audit);
        return true;
      }),
    async list() {
      const rows = await db
        .selectFrom('webhook_endpoints')
        .selectAll()
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(endpointOf);
    },
    async get(id) {
      const row = await db
        .selectFrom('webhook_endpoints')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst();
      return row ? endpointOf(row) : null;
    },
    put: (endpoint, audit) =>
      db.transaction().execute(async (tx) => {
        const { id, ...row } = rowOf(endpoint);
        const { numUpdatedRows } = await tx
          .updateTable('webhook_endpoints')
          .set(row)
          .where('id', '=', id)
          .where('version', '=', endpoint.version - 1)
          .executeTakeFirst();
        if (numUpdatedRows !== 1n) return false;
        await writeAuditLine(tx, audit);
        return true;
      }),
    remove: (id, audit) =>
      db.transaction().execute(async (tx) => {
        const { numDeletedRows } = await tx
          .deleteFrom('webhook_endpoints')
          .where('id', '=', id)
          .executeTakeFirst();
        if (numDeletedRows !== 1n) return false;
        await writeAuditLine(tx, audit);
        return true;
      }),
  };
}

function rowOf(endpoint: Endpoint): WebhookEndpointsTable {
  const { id, version, url, description, facts, campaigns, secrets, state, why } = endpoint;
  return {
    ...{ id, version, url, description, secrets, state, why },
    filter: JSON.stringify({ facts, campaigns } satisfies FactFilter),
    disabled_at: endpoint.disabledAt,
    created_at: endpoint.createdAt,
    updated_at: endpoint.updatedAt,
  };
}

function endpointOf(row: Selectable<WebhookEndpointsTable>): Endpoint {
  const { facts, campaigns } = JSON.parse(row.filter) as FactFilter;
  return {
    // MySQL keeps ids as bytes.
    id: String(row.id),
    version: Number(row.version),
    url: row.url,
    description: row.description,
    ...{ facts, campaigns },
    secrets: row.secrets,
    state: row.state as EndpointState,
    why: row.why,
    disabledAt: row.disabled_at === null ? null : Number(row.disabled_at),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
  };
}
