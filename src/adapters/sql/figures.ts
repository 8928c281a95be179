/** ports/figures on SQL. Notes are totals, so a row takes the place of the one before it, in both databases alike. */

import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { StoredHistogram } from '../../core/latency-histogram.ts';
import type { FigureBatch, Figures, UnitAct } from '../../ports/figures.ts';
import type { RecordTables } from './schema.ts';

/** The column that says when it happened to a unit. */
const TIME_OF: Readonly<
  Record<UnitAct, 'won_at' | 'issued_at' | 'redeemed_at' | 'revoked_at' | 'returned_at'>
> = {
  won: 'won_at',
  issued: 'issued_at',
  redeemed: 'redeemed_at',
  revoked: 'revoked_at',
  returned: 'returned_at',
  unused: 'issued_at',
};

export function makeSqlFigures(db: Kysely<RecordTables>): Figures {
  return {
    note: (batch) => note(db, batch),
    async counts(campaignId) {
      const rows = await db
        .selectFrom('figure_counts')
        .select((row) => ['starts_at', 'width_ms', 'name', row.fn.sum<number>('total').as('total')])
        .where('campaign_id', '=', campaignId)
        .groupBy(['starts_at', 'width_ms', 'name'])
        .orderBy('starts_at')
        .execute();
      return rows.map((row) => ({
        at: Number(row.starts_at),
        widthMs: Number(row.width_ms),
        // MySQL keeps names as bytes.
        name: String(row.name),
        count: Number(row.total),
      }));
    },
    async sources(campaignId, after, limit) {
      const rows = await db
        .selectFrom('figure_sources')
        .selectAll()
        .where('campaign_id', '=', campaignId)
        .where('source', '>', after)
        .orderBy('source')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        source: String(row.source),
        startedAt: Number(row.started_at),
        notedAt: Number(row.noted_at),
        latency: JSON.parse(row.latency) as StoredHistogram,
        people: row.people === null ? null : new Uint8Array(row.people),
      }));
    },
    faults: (...asked) => faults(db, ...asked),
    acts: (...asked) => acts(db, ...asked),
  };
}

/** Three statements without a transaction: each is true by itself, and whatever is missing is told again. */
async function note(db: Kysely<RecordTables>, batch: FigureBatch): Promise<void> {
  const { source, startedAt, now, counts, measures, faults: broken } = batch;
  if (measures.length > 0) {
    const rows = measures.map(({ campaignId, latency, people }) => ({
      campaign_id: campaignId,
      source,
      started_at: startedAt,
      noted_at: now,
      latency: JSON.stringify(latency),
      people: people === null ? null : Buffer.from(people),
    }));
    await db.replaceInto('figure_sources').values(rows).execute();
  }
  if (counts.length > 0) {
    const rows = counts.map(({ campaignId, at, widthMs, name, count }) => ({
      ...{ campaign_id: campaignId, starts_at: at, width_ms: widthMs, name, source },
      total: count,
    }));
    await db.replaceInto('figure_counts').values(rows).execute();
  }
  if (broken.length > 0) {
    const rows = broken.map(({ part, campaignId, since, until, over, what }) => ({
      ...{ source, part, campaign_id: campaignId, since, what },
      last_at: until,
      ended: over ? 1 : 0,
    }));
    await db.replaceInto('part_faults').values(rows).execute();
  }
}

async function faults(
  db: Kysely<RecordTables>,
  ...[campaignId, from, to, limit]: Parameters<Figures['faults']>
): ReturnType<Figures['faults']> {
  const rows = await db
    .selectFrom('part_faults')
    .selectAll()
    .where('last_at', '>=', from)
    .where('since', '<', to)
    .where('campaign_id', 'in', ['', campaignId])
    .orderBy('since')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    source: String(row.source),
    part: String(row.part),
    campaignId: String(row.campaign_id),
    since: Number(row.since),
    until: Number(row.last_at),
    over: Number(row.ended) === 1,
    what: row.what,
  }));
}

async function acts(
  db: Kysely<RecordTables>,
  ...[campaignId, act, { from, to, widthMs }]: Parameters<Figures['acts']>
): ReturnType<Figures['acts']> {
  const column = sql.ref(`claims.${TIME_OF[act]}`);
  const time = act === 'unused' ? sql`COALESCE(${column}, claims.won_at)` : column;
  let query = db
    .selectFrom('claims')
    .innerJoin('campaigns', 'campaigns.no', 'claims.campaign_no')
    .select((row) => [
      sql<number>`FLOOR((${time} - ${sql.lit(from)}) / ${sql.lit(widthMs)})`.as('stretch'),
      row.fn.countAll<number>().as('count'),
    ])
    .where('campaigns.id', '=', campaignId)
    .where(sql<boolean>`${time} >= ${sql.lit(from)} AND ${time} < ${sql.lit(to)}`)
    .groupBy('stretch')
    .orderBy('stretch');
  if (act === 'unused') query = query.where('redeemed_at', 'is', null).where('revoked_at', 'is', null);
  const rows = await query.execute();
  return rows.map(({ stretch, count }) => ({ at: from + Number(stretch) * widthMs, count: Number(count) }));
}
