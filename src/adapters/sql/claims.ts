/** What both databases share of ports/record: looking units up, counting them, using them and taking them back. */

import type { Kysely, Selectable, SelectQueryBuilder, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Campaign } from '../../core/campaign.ts';
import type { ClaimStatus } from '../../core/claim.ts';
import { claimId } from '../../core/claim.ts';
import type { CouponAct, CouponChange, RecordStore, StoredClaim } from '../../ports/record.ts';
import type { ClaimsTable, RecordTables } from './schema.ts';

/** A unit with the definition of its campaign. */
export type UnitRow = Selectable<ClaimsTable> & { body: string };

function statusAt(row: UnitRow, expiresAt: number | null, now: number): ClaimStatus {
  if (row.revoked_at !== null) return 'revoked';
  if (row.redeemed_at !== null) return 'redeemed';
  return expiresAt !== null && now >= expiresAt ? 'expired' : 'issued';
}

export function storedUnit(row: UnitRow, now: number): StoredClaim {
  const campaign = JSON.parse(row.body) as Campaign;
  return {
    id: claimId(campaign.id, row.seq),
    campaignId: campaign.id,
    userId: String(row.user_id),
    seq: row.seq,
    status: statusAt(row, campaign.couponExpiresAt, now),
    wonAt: row.won_at,
    durability: campaign.durability,
    epoch: row.epoch,
    codeLookup: row.code_lookup,
    key: row.idem_key,
    redeemedAt: row.redeemed_at,
    redeemedBy: row.redeemed_by,
    revokedAt: row.revoked_at,
    revokedReason: row.revoked_reason,
    expiresAt: campaign.couponExpiresAt,
  };
}

function joined(db: Kysely<RecordTables>): SelectQueryBuilder<RecordTables, 'claims' | 'campaigns', UnitRow> {
  return db
    .selectFrom('claims')
    .innerJoin('campaigns', 'campaigns.no', 'claims.campaign_no')
    .selectAll('claims')
    .select('campaigns.body');
}

type UnitId = { campaignId: string; seq: number };

async function readUnit(
  db: Kysely<RecordTables>,
  { campaignId, seq }: UnitId,
  now: number,
): Promise<StoredClaim | null> {
  const row = await joined(db)
    .where('campaigns.id', '=', campaignId)
    .where('seq', '=', seq)
    .executeTakeFirst();
  return row ? storedUnit(row, now) : null;
}

type SharedRecord = Pick<RecordStore, 'next' | 'page' | 'find' | 'change' | 'counts'>;

export function makeSqlClaims(db: Kysely<RecordTables>, now: () => number): SharedRecord {
  return {
    async next(source) {
      const row = await db
        .selectFrom('recorder')
        .select('next')
        .where('source', '=', source)
        .executeTakeFirst();
      return row?.next ?? 0;
    },
    async page(campaignId, afterSeq, limit) {
      const rows = await joined(db)
        .where('campaigns.id', '=', campaignId)
        .where('seq', '>', afterSeq)
        .orderBy('seq')
        .limit(limit)
        .execute();
      return rows.map((row) => storedUnit(row, now()));
    },
    async find(campaignId, by) {
      let query = joined(db).orderBy('campaign_no').orderBy('seq').limit(10_000);
      if (campaignId !== null) query = query.where('campaigns.id', '=', campaignId);
      if ('seq' in by) query = query.where('seq', '=', by.seq);
      else if ('userId' in by) query = query.where('user_id', '=', by.userId);
      else query = query.where('code_lookup', '=', by.codeLookup);
      return (await query.execute()).map((row) => storedUnit(row, now()));
    },
    change: (id, act) => db.transaction().execute((tx) => changeUnit(tx, id, act)),
    counts: (campaignId, at) => countUnits(db, campaignId, at),
  };
}

/**
 * One statement decides: its WHERE holds all that must be true, so of two at once one changes the row. The fact for the
 * outside world is left in the same transaction.
 */
async function changeUnit(tx: Transaction<RecordTables>, id: UnitId, act: CouponAct): Promise<CouponChange> {
  const before = await readUnit(tx, id, act.now);
  if (before === null) return { kind: 'missing' };
  if (before.status === 'issued' || (before.status === 'expired' && act.act === 'revoke')) {
    const { no } = await tx
      .selectFrom('campaigns')
      .select('no')
      .where('id', '=', id.campaignId)
      .executeTakeFirstOrThrow();
    const { numUpdatedRows } = await tx
      .updateTable('claims')
      .set(
        act.act === 'redeem'
          ? { redeemed_at: act.now, redeemed_by: act.by, act_key: act.key }
          : { revoked_at: act.now, revoked_by: act.by, revoked_reason: act.reason, act_key: act.key },
      )
      .where('campaign_no', '=', no)
      .where('seq', '=', id.seq)
      .where('redeemed_at', 'is', null)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    const claim = (await readUnit(tx, id, act.now)) ?? before;
    if (numUpdatedRows === 1n) {
      await leaveUnitFact(tx, no, id.seq, act);
      return { kind: 'changed', claim };
    }
    return { kind: 'refused', claim, why: claim.status as 'redeemed' | 'revoked' };
  }
  if (await isRepeat(tx, id, act)) return { kind: 'repeated', claim: before };
  return { kind: 'refused', claim: before, why: before.status as 'redeemed' | 'revoked' | 'expired' };
}

async function leaveUnitFact(
  tx: Transaction<RecordTables>,
  no: number,
  seq: number,
  act: CouponAct,
): Promise<void> {
  await tx
    .insertInto('outbox')
    .values({
      type: act.act === 'redeem' ? 'coupon.redeemed' : 'coupon.revoked',
      campaign_no: no,
      seq_first: seq,
      seq_last: seq,
      data: JSON.stringify({ by: act.by, reason: act.reason }),
      created_at: act.now,
      sent_at: null,
    })
    .execute();
}

/** Is this the act that was done already, sent again? */
async function isRepeat(db: Kysely<RecordTables>, id: UnitId, act: CouponAct): Promise<boolean> {
  if (act.key === null) return false;
  const row = await db
    .selectFrom('claims')
    .innerJoin('campaigns', 'campaigns.no', 'claims.campaign_no')
    .select(['act_key', 'redeemed_by', 'revoked_by'])
    .where('campaigns.id', '=', id.campaignId)
    .where('seq', '=', id.seq)
    .executeTakeFirst();
  const by = act.act === 'redeem' ? row?.redeemed_by : row?.revoked_by;
  return row?.act_key === act.key && by === act.by;
}

async function countUnits(
  db: Kysely<RecordTables>,
  campaignId: string,
  at: number,
): ReturnType<RecordStore['counts']> {
  const campaign = await db
    .selectFrom('campaigns')
    .select(['no', 'body'])
    .where('id', '=', campaignId)
    .executeTakeFirst();
  const no = campaign?.no ?? -1;
  const expiresAt = campaign ? (JSON.parse(campaign.body) as Campaign).couponExpiresAt : null;
  const all = await db
    .selectFrom('claims')
    .where('campaign_no', '=', no)
    .select((x) => [
      x.fn.countAll<number>().as('issued'),
      x.fn.count<number>('redeemed_at').as('redeemed'),
      x.fn.count<number>('revoked_at').as('revoked'),
      x.fn.count<number>('code_lookup').as('withCode'),
      sql<number>`count(distinct seq)`.as('distinctSeqs'),
      sql<number>`count(distinct code_lookup)`.as('distinctCodes'),
      x.fn.max('seq').as('lastSeq'),
      x.fn.min('won_at').as('firstWonAt'),
      x.fn.max('won_at').as('lastWonAt'),
    ])
    .executeTakeFirstOrThrow();
  const users = await db
    .selectFrom((x) =>
      x
        .selectFrom('claims')
        .where('campaign_no', '=', no)
        .groupBy('user_id')
        .select((y) => y.fn.countAll<number>().as('held'))
        .as('users'),
    )
    .select((x) => [x.fn.countAll<number>().as('distinctUsers'), x.fn.max('held').as('perUserMax')])
    .executeTakeFirstOrThrow();
  const issued = Number(all.issued);
  const open = issued - Number(all.redeemed) - Number(all.revoked);
  return {
    issued,
    redeemed: Number(all.redeemed),
    revoked: Number(all.revoked),
    expired: expiresAt !== null && at >= expiresAt ? open : 0,
    lastSeq: Number(all.lastSeq ?? 0),
    distinctUsers: Number(users.distinctUsers),
    perUserMax: Number(users.perUserMax ?? 0),
    distinctSeqs: Number(all.distinctSeqs),
    withCode: Number(all.withCode),
    distinctCodes: Number(all.distinctCodes),
    firstWonAt: all.firstWonAt === null ? null : Number(all.firstWonAt),
    lastWonAt: all.lastWonAt === null ? null : Number(all.lastWonAt),
  };
}
