/** ports/retention on SQL: rows whose time is over. Units are tidied in retention-units, people erased in erasure. */

import type { Kysely, ReferenceExpression } from 'kysely';
import { sql } from 'kysely';
import type { OldKind } from '../../core/kept.ts';
import type { Retention, RowKey } from '../../ports/retention.ts';
import { dropFiles } from './drop-files.ts';
import { makeSqlErasure } from './erasure.ts';
import { makeSqlTidying } from './retention-units.ts';
import type { RecordTables } from './schema.ts';

type Db = Kysely<RecordTables>;

interface Kind {
  old(db: Db, before: number, after: RowKey | null, limit: number): Promise<RowKey[]>;
  drop(db: Db, keys: RowKey[]): Promise<number>;
}

/** A kind that is one table with an `id`. */
function rowsOf<T extends 'audit' | 'outbox' | 'webhook_deliveries' | 'job_runs' | 'files'>(
  table: T,
  endedAt: string,
  isOver?: { column: string; not: string },
): Kind {
  // One table at a time is known by name only: what stands here are its own columns.
  const column = (name: string) =>
    sql.ref<string>(`${table}.${name}`) as ReferenceExpression<RecordTables, T>;
  return {
    async old(db, before, after, limit) {
      let query = (db as Kysely<RecordTables>)
        .selectFrom(table as 'audit')
        .select('id')
        .where(column(endedAt) as never, '<', before as never)
        .orderBy('id')
        .limit(limit);
      if (isOver) query = query.where(column(isOver.column) as never, '!=', isOver.not as never);
      if (after !== null) query = query.where('id', '>', after as number);
      return (await query.execute()).map(({ id }) => keyOf(id));
    },
    async drop(db, keys) {
      const { numDeletedRows } = await db
        .deleteFrom(table as 'audit')
        .where('id', 'in', keys as number[])
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}

/** MySQL keeps some ids as bytes. */
function keyOf(id: unknown): RowKey {
  return typeof id === 'number' ? id : String(id);
}

/** Parts go with their file. */
const FILES: Kind = {
  async old(db, before, after, limit) {
    let query = db
      .selectFrom('files')
      .select('id')
      .where('touched_at', '<', before)
      .orderBy('id')
      .limit(limit);
    if (after !== null) query = query.where('id', '>', String(after));
    return (await query.execute()).map(({ id }) => String(id));
  },
  drop: (db, keys) => dropFiles(db, keys.map(String)),
};

/** A campaign's figures go together, when it was archived before then; what is told by its id. */
const FIGURES: Kind = {
  async old(db, before, after, limit) {
    let query = db
      .selectFrom('figure_sources')
      .innerJoin('campaigns', 'campaigns.id', 'figure_sources.campaign_id')
      .select('figure_sources.campaign_id as id')
      .distinct()
      .where(sql<number>`COALESCE(JSON_EXTRACT(campaigns.body, '$.archivedAt'), 0)`, '>', 0)
      .where(sql<number>`COALESCE(JSON_EXTRACT(campaigns.body, '$.archivedAt'), 0)`, '<', before)
      .orderBy('figure_sources.campaign_id')
      .limit(limit);
    if (after !== null) query = query.where('figure_sources.campaign_id', '>', String(after));
    return (await query.execute()).map(({ id }) => String(id));
  },
  drop: (db, keys) =>
    db.transaction().execute(async (tx) => {
      const ids = keys.map(String);
      await tx.deleteFrom('figure_sources').where('campaign_id', 'in', ids).execute();
      const { numDeletedRows } = await tx
        .deleteFrom('figure_counts')
        .where('campaign_id', 'in', ids)
        .executeTakeFirst();
      return Number(numDeletedRows);
    }),
};

/** Told by when they were last there: all of one moment go together. */
const FAULTS: Kind = {
  async old(db, before, after, limit) {
    const rows = await db
      .selectFrom('part_faults')
      .select('last_at')
      .distinct()
      .where('last_at', '<', before)
      .where('last_at', '>', Number(after ?? -1))
      .orderBy('last_at')
      .limit(limit)
      .execute();
    return rows.map(({ last_at }) => Number(last_at));
  },
  async drop(db, keys) {
    const { numDeletedRows } = await db
      .deleteFrom('part_faults')
      .where('last_at', 'in', keys as number[])
      .executeTakeFirst();
    return Number(numDeletedRows);
  },
};

const KINDS: Readonly<Record<OldKind, Kind>> = {
  audit: rowsOf('audit', 'at'),
  outbox: rowsOf('outbox', 'sent_at'),
  deliveries: rowsOf('webhook_deliveries', 'at', { column: 'state', not: 'pending' }),
  runs: rowsOf('job_runs', 'ended_at'),
  files: FILES,
  figures: FIGURES,
  faults: FAULTS,
};

export function makeSqlRetention(db: Kysely<RecordTables>): Retention {
  return {
    old: (kind, before, after, limit) => KINDS[kind].old(db, before, after, limit),
    drop: (kind, keys) => (keys.length === 0 ? Promise.resolve(0) : KINDS[kind].drop(db, [...keys])),
    ...makeSqlTidying(db),
    ...makeSqlErasure(db),
  };
}
