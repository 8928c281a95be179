/** ports/rulings on SQL, and what a ruling is as a row. */

import type { Kysely, Selectable, SelectQueryBuilder } from 'kysely';
import { sql } from 'kysely';
import type { Ruling } from '../../core/decider.ts';
import type { RecordBatch } from '../../ports/record.ts';
import type { Rulings, StoredRuling } from '../../ports/rulings.ts';
import type { RecordTables, RulingsTable } from './schema.ts';

/** Of a decider's offsets that nobody could read, the newest are kept. */
const UNREADABLE_MAX = 10_000;

/** Is it a decider's batch? */
export function isDeciders({ rulings, unreadableAt }: RecordBatch): boolean {
  return rulings !== undefined || unreadableAt !== undefined;
}

/** The rulings of a batch, the last one of each campaign. */
export function rulingsIn({ rulings = [] }: RecordBatch): Map<string, Ruling> {
  return new Map(rulings.map((ruling) => [ruling.campaignId, ruling]));
}

export function isSoldOut({ issued, rule }: Ruling): boolean {
  return issued >= rule.quantity;
}

/** What leaves by the outbox when a campaign has nothing left. */
export function soldOutData({ rule }: Ruling): string {
  return JSON.stringify({ version: rule.version, quantity: rule.quantity });
}

export function rulingRow(ruling: Ruling, no: number, { source, next }: RecordBatch): RulingsTable {
  const { rule, clock, phases, earlier, issued, lastSeq } = ruling;
  return {
    campaign_no: no,
    source,
    changed: next,
    quantity: rule.quantity,
    issued,
    last_seq: lastSeq,
    body: JSON.stringify({ rule, clock, phases, earlier }),
  };
}

/** The stored list of offsets with newer ones at its end. */
export function withUnreadable(stored: string, offsets: readonly number[]): string {
  return JSON.stringify([...(JSON.parse(stored) as number[]), ...offsets].slice(-UNREADABLE_MAX));
}

function rulingOf(row: Selectable<RulingsTable>): StoredRuling {
  const body = JSON.parse(row.body) as Pick<Ruling, 'rule' | 'clock' | 'phases' | 'earlier'>;
  return {
    campaignId: body.rule.campaignId,
    ...body,
    issued: row.issued,
    lastSeq: row.last_seq,
    source: String(row.source),
    changed: row.changed,
  };
}

type RulingRows = SelectQueryBuilder<RecordTables, 'rulings' | 'campaigns', Selectable<RulingsTable>>;

function joined(db: Kysely<RecordTables>): RulingRows {
  return db
    .selectFrom('rulings')
    .innerJoin('campaigns', 'campaigns.no', 'rulings.campaign_no')
    .selectAll('rulings');
}

/** True in every database that we have, whatever it makes of a null in JSON. */
const NOT_ARCHIVED = sql<boolean>`COALESCE(JSON_EXTRACT(campaigns.body, '$.archivedAt') > 0, 0) = 0`;

export function makeSqlRulings(db: Kysely<RecordTables>): Rulings {
  return {
    async deciders() {
      const rows = await db
        .selectFrom('deciders')
        .innerJoin('recorder', 'recorder.source', 'deciders.source')
        .select(['deciders.source', 'next', 'unreadable'])
        .orderBy('deciders.source')
        .execute();
      return rows.map(({ source, next, unreadable }) => {
        return { source: String(source), next, unreadable: JSON.parse(unreadable) as number[] };
      });
    },
    async changed(known) {
      const sources = known.map(({ source }) => source);
      const rows = await joined(db)
        .where((is) => {
          const behind = known.map(({ source, next }) =>
            is.and([is('source', '=', source), is('changed', '>', next)]),
          );
          const others = sources.length === 0 ? [] : [is('source', 'not in', sources)];
          return is.or([...behind, is.and([...others, NOT_ARCHIVED])]);
        })
        .orderBy('source')
        .orderBy('changed')
        .execute();
      return rows.map(rulingOf);
    },
    async of(campaignId) {
      const row = await joined(db).where('campaigns.id', '=', campaignId).executeTakeFirst();
      return row ? rulingOf(row) : null;
    },
  };
}
