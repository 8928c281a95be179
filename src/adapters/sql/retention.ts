/** ports/retention on SQL: rows whose time is over. Units are tidied in retention-units, people erased in erasure. */

import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { OldKind } from '../../core/kept.ts';
import type { Retention, RowKey } from '../../ports/retention.ts';
import { dropFiles } from './drop-files.ts';
import { makeSqlErasure } from './erasure.ts';
import { keysAfter } from './keys-after.ts';
import { makeSqlTidying } from './retention-units.ts';
import type { RecordTables } from './schema.ts';

type Db = Kysely<RecordTables>;

interface Kind {
  old(db: Db, before: number, after: RowKey | null, limit: number): Promise<RowKey[]>;
  drop(db: Db, keys: RowKey[]): Promise<number>;
}

/** A kind that is one table with an `id`. */
function rowsOf(
  table: 'audit' | 'outbox' | 'webhook_deliveries' | 'job_runs',
  endedAt: string,
  isOver?: { column: string; not: string },
): Kind {
  return {
    old(db, before, after, limit) {
      // One table at a time is known by name only: what stands here are its own columns.
      let query = db.selectFrom(table as 'audit').where(sql.ref<number>(endedAt), '<', before);
      if (isOver) query = query.where(sql.ref<string>(isOver.column), '!=', isOver.not);
      return keysAfter(query, after, limit);
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

/** Parts go with their file. */
const FILES: Kind = {
  old: (db, before, after, limit) =>
    keysAfter(db.selectFrom('files').where('touched_at', '<', before), after, limit),
  drop: (db, keys) => dropFiles(db, keys.map(String)),
};

/** A campaign's figures go together, when it was archived before then; what is told by its id. */
const FIGURES: Kind = {
  old(db, before, after, limit) {
    const query = db
      .selectFrom('figure_sources')
      .innerJoin('campaigns', 'campaigns.id', 'figure_sources.campaign_id')
      .distinct()
      .where(sql<number>`COALESCE(JSON_EXTRACT(campaigns.body, '$.archivedAt'), 0)`, '>', 0)
      .where(sql<number>`COALESCE(JSON_EXTRACT(campaigns.body, '$.archivedAt'), 0)`, '<', before);
    return keysAfter(query, after, limit, 'figure_sources.campaign_id');
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
  old: (db, before, after, limit) =>
    keysAfter(db.selectFrom('part_faults').distinct().where('last_at', '<', before), after, limit, 'last_at'),
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
