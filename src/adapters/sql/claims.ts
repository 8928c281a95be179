/** What both databases share of ports/record: looking units up and counting them. What is done to them is coupon-acts. */

import type { Kysely, SelectQueryBuilder } from 'kysely';
import { sql } from 'kysely';
import type { Campaign } from '../../core/campaign.ts';
import { DAY_MS, isIssuedByJob, storedCampaign } from '../../core/campaign.ts';
import type { RecordStore } from '../../ports/record.ts';
import { makeCouponActs } from './coupon-acts.ts';
import type { RecordTables } from './schema.ts';
import { together } from './together.ts';
import { storedUnit, type UnitRow } from './units.ts';

function joined(db: Kysely<RecordTables>): SelectQueryBuilder<RecordTables, 'claims' | 'campaigns', UnitRow> {
  return db
    .selectFrom('claims')
    .innerJoin('campaigns', 'campaigns.no', 'claims.campaign_no')
    .selectAll('claims')
    .select('campaigns.body');
}

/** Codes that are shown at the counter, looked up together. */
const LOOKUPS = { most: 100, lanes: 1 };

async function findByLookups(db: Kysely<RecordTables>, lookups: readonly number[]): Promise<UnitRow[][]> {
  const rows = await joined(db)
    .where('code_lookup', 'in', [...new Set(lookups)])
    .orderBy('campaign_no')
    .orderBy('seq')
    .limit(10_000)
    .execute();
  const found = Map.groupBy(rows, (row) => Number(row.code_lookup));
  return lookups.map((lookup) => found.get(lookup) ?? []);
}

type SharedRecord = Pick<RecordStore, 'next' | 'page' | 'find' | 'change' | 'counts' | 'tally'>;

export function makeSqlClaims(db: Kysely<RecordTables>, now: () => number): SharedRecord {
  const acts = makeCouponActs(db);
  const byLookup = together(LOOKUPS, (lookups: readonly number[]) => findByLookups(db, lookups));
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
      if ('codeLookup' in by) {
        const rows = await byLookup(by.codeLookup);
        const found = rows.map((row) => storedUnit(row, now()));
        return campaignId === null ? found : found.filter((unit) => unit.campaignId === campaignId);
      }
      let query = joined(db).orderBy('campaign_no').orderBy('seq').limit(10_000);
      if (campaignId !== null) query = query.where('campaigns.id', '=', campaignId);
      if ('seq' in by) query = query.where('seq', '=', by.seq);
      else query = query.where('user_id', '=', by.userId);
      return (await query.execute()).map((row) => storedUnit(row, now()));
    },
    change: (id, act) => acts.change(id, act),
    counts: (campaignId, at) => countUnits(db, campaignId, at),
    tally: (campaignId) => tallyUnits(db, campaignId),
  };
}

async function tallyUnits(db: Kysely<RecordTables>, campaignId: string): ReturnType<RecordStore['tally']> {
  const campaign = await db
    .selectFrom('campaigns')
    .select(['no', 'body'])
    .where('id', '=', campaignId)
    .executeTakeFirst();
  const all = await db
    .selectFrom('claims')
    .where('campaign_no', '=', campaign?.no ?? -1)
    .select((x) => [
      x.fn.countAll<number>().as('recorded'),
      x.fn.count<number>('redeemed_at').as('redeemed'),
      x.fn.count<number>('revoked_at').as('revoked'),
      x.fn.count<number>('issued_at').as('issuedByJob'),
    ])
    .executeTakeFirstOrThrow();
  const issued = Number(all.recorded);
  const byJob = campaign !== undefined && isIssuedByJob(storedCampaign(campaign.body));
  return {
    issued,
    redeemed: Number(all.redeemed),
    revoked: Number(all.revoked),
    unissued: byJob ? issued - Number(all.issuedByJob) : 0,
  };
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
  const definition = campaign ? storedCampaign(campaign.body) : null;
  const all = await db
    .selectFrom('claims')
    .where('campaign_no', '=', no)
    .select((x) => [
      x.fn.countAll<number>().as('issued'),
      x.fn.count<number>('redeemed_at').as('redeemed'),
      x.fn.count<number>('revoked_at').as('revoked'),
      x.fn.count<number>('returned_at').as('returned'),
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
  return {
    issued,
    redeemed: Number(all.redeemed),
    revoked: Number(all.revoked),
    expired: definition === null ? 0 : await countExpired(db, no, definition, at),
    returned: Number(all.returned),
    unissued: definition !== null && isIssuedByJob(definition) ? await countUnissued(db, no) : 0,
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

/** Units that nobody has used or taken back, and whose coupons are past their time. */
async function countExpired(
  db: Kysely<RecordTables>,
  no: number,
  campaign: Campaign,
  at: number,
): Promise<number> {
  const { couponExpiresAt, validDays } = campaign;
  const allAre = couponExpiresAt !== null && at >= couponExpiresAt;
  if (!allAre && validDays === null) return 0;
  const issuedAt = isIssuedByJob(campaign)
    ? sql<number>`issued_at`
    : sql<number>`coalesce(issued_at, won_at)`;
  const before = allAre ? Number.MAX_SAFE_INTEGER : at - (validDays ?? 0) * DAY_MS;
  const { count } = await db
    .selectFrom('claims')
    .select((x) => x.fn.countAll<number>().as('count'))
    .where('campaign_no', '=', no)
    .where('redeemed_at', 'is', null)
    .where('revoked_at', 'is', null)
    .where(issuedAt, '<=', before)
    .executeTakeFirstOrThrow();
  return Number(count);
}

async function countUnissued(db: Kysely<RecordTables>, no: number): Promise<number> {
  const { count } = await db
    .selectFrom('claims')
    .select((x) => x.fn.countAll<number>().as('count'))
    .where('campaign_no', '=', no)
    .where('issued_at', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(count);
}
