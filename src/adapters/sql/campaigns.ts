/** ports/campaigns on SQL. A campaign's definition is one JSON column; what statements must compare stands beside it. */

import type { Kysely, Transaction } from 'kysely';
import type { Campaign } from '../../core/campaign.ts';
import { storedCampaign } from '../../core/campaign.ts';
import type { Campaigns, OutboxFact } from '../../ports/campaigns.ts';
import type { AuditLine } from '../../ports/operators.ts';
import type { RecordTables } from './schema.ts';

/** One line of the audit log, inside the change it tells of. */
export async function writeAuditLine(db: Kysely<RecordTables>, line: AuditLine): Promise<void> {
  const { at, actor, action, target, before, after, requestId } = line;
  await db
    .insertInto('audit')
    .values({
      at,
      actor,
      action,
      target,
      before: JSON.stringify(before ?? null),
      after: JSON.stringify(after ?? null),
      request_id: requestId,
    })
    .execute();
}

async function leaveFacts(
  tx: Transaction<RecordTables>,
  facts: OutboxFact[],
  no: number,
  at: number,
): Promise<void> {
  if (facts.length === 0) return;
  const rows = facts.map((fact) => ({
    type: fact.type,
    campaign_no: no,
    seq_first: null,
    seq_last: null,
    data: JSON.stringify(fact.data),
    created_at: at,
    sent_at: null,
  }));
  await tx.insertInto('outbox').values(rows).execute();
}

/** A change with its line and facts; its campaign's short number, or null when another version is stored. */
export async function updateCampaign(
  tx: Transaction<RecordTables>,
  campaign: Campaign,
  expected: number,
  audit: AuditLine,
  facts: OutboxFact[],
): Promise<number | null> {
  const found = await tx
    .selectFrom('campaigns')
    .select('no')
    .where('id', '=', campaign.id)
    .executeTakeFirst();
  if (!found) return null;
  const { numUpdatedRows } = await tx
    .updateTable('campaigns')
    .set({ version: campaign.version, quantity: campaign.quantity, body: JSON.stringify(campaign) })
    .where('no', '=', found.no)
    .where('version', '=', expected)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) return null;
  await writeAuditLine(tx, audit);
  await leaveFacts(tx, facts, found.no, audit.at);
  return found.no;
}

export function makeSqlCampaigns(db: Kysely<RecordTables>): Campaigns {
  const row = (campaign: Campaign) => ({
    id: campaign.id,
    version: campaign.version,
    quantity: campaign.quantity,
    created_at: campaign.createdAt,
    body: JSON.stringify(campaign),
  });
  const isTaken = async (at: Kysely<RecordTables>, id: string): Promise<boolean> =>
    (await at.selectFrom('campaigns').select('no').where('id', '=', id).executeTakeFirst()) !== undefined;
  return {
    async create(campaign, audit) {
      try {
        return await db.transaction().execute(async (tx) => {
          if (await isTaken(tx, campaign.id)) return false;
          await tx.insertInto('campaigns').values(row(campaign)).execute();
          await writeAuditLine(tx, audit);
          return true;
        });
      } catch (error) {
        // Somebody else was quicker by a moment.
        if (await isTaken(db, campaign.id)) return false;
        throw error;
      }
    },
    update: (campaign, expected, audit, facts) =>
      db
        .transaction()
        .execute(async (tx) => (await updateCampaign(tx, campaign, expected, audit, facts)) !== null),
    async get(id) {
      const found = await db.selectFrom('campaigns').select('body').where('id', '=', id).executeTakeFirst();
      return found ? storedCampaign(found.body) : null;
    },
    async list(after, limit) {
      let query = db
        .selectFrom('campaigns')
        .select('body')
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit);
      if (after !== null) {
        query = query.where((at) =>
          at.or([
            at('created_at', '<', after.createdAt),
            at.and([at('created_at', '=', after.createdAt), at('id', '<', after.id)]),
          ]),
        );
      }
      return (await query.execute()).map((found) => storedCampaign(found.body));
    },
  };
}
