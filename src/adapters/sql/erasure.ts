/**
 * ports/retention on SQL: the people of a campaign. What is compared later is replaced by a keyed hash, the same one
 * everywhere in the campaign; whatever else somebody said or wrote about them is forgotten.
 */

import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { type Eraser, makeEraser } from '../../core/erased.ts';
import type { PersonalPlace } from '../../core/kept.ts';
import type { LineFact } from '../../core/line-fact.ts';
import type { Retention, RowKey } from '../../ports/retention.ts';
import { dropFiles } from './drop-files.ts';
import { keysAfter } from './keys-after.ts';
import type { RecordTables } from './schema.ts';

type Db = Kysely<RecordTables>;

interface Place {
  /** keys of rows after `after` that are this campaign's */
  list(db: Db, of: Of, after: RowKey | null, limit: number): Promise<RowKey[]>;
  erase(db: Db, of: Of, keys: RowKey[], eraser: Eraser): Promise<number>;
}

/** The campaign, by its name and by its number. */
interface Of {
  id: string;
  no: number;
  /** epoch ms */
  createdAt: number;
}

const numbers = (keys: readonly RowKey[]): number[] => keys.map(Number);

const CLAIMS: Place = {
  list: (db, { no }, after, limit) =>
    keysAfter(db.selectFrom('claims').where('campaign_no', '=', no), after, limit, 'seq'),
  async erase(db, { no }, keys, eraser) {
    const rows = await db
      .selectFrom('claims')
      .select(['seq', 'user_id'])
      .where('campaign_no', '=', no)
      .where('seq', 'in', numbers(keys))
      .execute();
    if (rows.length === 0) return 0;
    const cases = rows.map(({ seq, user_id }) => sql`WHEN ${seq} THEN ${eraser(String(user_id))}`);
    // One statement for all of them: a round trip a row would take minutes for a million.
    await sql`UPDATE claims SET user_id = CASE seq ${sql.join(cases, sql` `)} END,
        idem_key = NULL, act_key = NULL, held_key = NULL, revoked_reason = NULL
      WHERE campaign_no = ${no} AND seq IN (${sql.join(rows.map(({ seq }) => seq))})`.execute(db);
    return rows.length;
  },
};

const LINE: Place = {
  list: (db, { no }, after, limit) =>
    keysAfter(db.selectFrom('line_facts').where('campaign_no', '=', no), after, limit),
  erase: (db, _of, keys, eraser) =>
    db.transaction().execute(async (tx) => {
      const rows = await tx
        .selectFrom('line_facts')
        .select(['id', 'facts'])
        .where('id', 'in', numbers(keys))
        .execute();
      for (const { id, facts } of rows) {
        const text = JSON.stringify(
          (JSON.parse(facts) as LineFact[]).map((fact) => erasedFact(fact, eraser)),
        );
        await tx
          .updateTable('line_facts')
          .set({ facts: text, size: text.length })
          .where('id', '=', id)
          .execute();
      }
      return rows.length;
    }),
};

function erasedFact(fact: LineFact, eraser: Eraser): LineFact {
  return fact.type === 'line.joined' ? { ...fact, userIds: fact.userIds.map(eraser), keys: null } : fact;
}

/** Those of no campaign too when they name it: what could not be read may be about anybody. */
const LETTERS: Place = {
  list: (db, { id }, after, limit) =>
    keysAfter(
      db
        .selectFrom('dead_letters')
        .where((at) =>
          at.or([
            at('campaign_id', '=', id),
            at.and([at('campaign_id', 'is', null), at('payload', 'like', `%"${id}"%`)]),
          ]),
        ),
      after,
      limit,
    ),
  erase: (db, _of, keys, eraser) =>
    db.transaction().execute(async (tx) => {
      const rows = await tx
        .selectFrom('dead_letters')
        .select(['id', 'user_id', 'payload', 'reason'])
        .where('id', 'in', numbers(keys))
        .execute();
      for (const { id, user_id, payload, reason } of rows) {
        await tx
          .updateTable('dead_letters')
          .set({
            user_id: user_id === null ? null : eraser(String(user_id)),
            payload: erasedPayload(payload, eraser),
            // What a database says of a row has its values in it, and so may whoever decided what becomes of it.
            reason: reason.split(':', 1)[0] as string,
            ...{ causes: null, idem_key: null, resolved_reason: null },
            // A hash without a key: who knows the rest of the fact could try names.
            fact_key: null,
          })
          .where('id', '=', id)
          .execute();
      }
      return rows.length;
    }),
};

/** A win stays one, of somebody nobody knows; of anything else nothing is kept. */
function erasedPayload(payload: string, eraser: Eraser): string {
  try {
    const fact = JSON.parse(payload) as { type?: unknown; userId?: unknown };
    if (fact.type === 'claim.won' && typeof fact.userId === 'string') {
      return JSON.stringify({ ...fact, userId: eraser(fact.userId), key: null });
    }
  } catch {
    // It never could be read.
  }
  return '{"erased":true}';
}

/** Facts about units say by whom and why; those about the campaign say nothing of people. */
const OUTBOX: Place = {
  list: (db, { no }, after, limit) =>
    keysAfter(
      db.selectFrom('outbox').where('campaign_no', '=', no).where('seq_first', 'is not', null),
      after,
      limit,
    ),
  async erase(db, _of, keys) {
    const { numUpdatedRows } = await db
      .updateTable('outbox')
      .set({ data: null })
      .where('id', 'in', numbers(keys))
      .executeTakeFirst();
    return Number(numUpdatedRows);
  },
};

/** Lines about the campaign itself keep what it was, without its lists of people; those about its units keep nothing. */
const AUDIT: Place = {
  list: (db, { id }, after, limit) =>
    keysAfter(
      db.selectFrom('audit').where((at) => at.or([at('target', '=', id), at('target', 'like', `${id}.%`)])),
      after,
      limit,
    ),
  erase: (db, { id: campaignId }, keys) =>
    db.transaction().execute(async (tx) => {
      const rows = await tx
        .selectFrom('audit')
        .select(['id', 'target', 'action', 'before', 'after'])
        .where('id', 'in', numbers(keys))
        .execute();
      for (const { id, target, action, before, after } of rows) {
        const isDefinition = target === campaignId && action.startsWith('campaign.');
        const told = (text: string): string => (isDefinition ? withoutLists(text) : 'null');
        await tx
          .updateTable('audit')
          .set({ before: told(before), after: told(after) })
          .where('id', '=', id)
          .execute();
      }
      return rows.length;
    }),
};

function withoutLists(text: string): string {
  const value = JSON.parse(text) as Record<string, unknown> | null;
  if (value === null || typeof value !== 'object' || !('eligibility' in value)) return text;
  return JSON.stringify({ ...value, eligibility: null });
}

/** What was sent is known elsewhere; what is still to be sent is not sent any more. */
const DELIVERIES: Place = {
  list: (db, { id }, after, limit) =>
    keysAfter(db.selectFrom('webhook_deliveries').where('campaign_id', '=', id), after, limit),
  async erase(db, _of, keys) {
    const { numDeletedRows } = await db
      .deleteFrom('webhook_deliveries')
      .where('id', 'in', numbers(keys))
      .executeTakeFirst();
    return Number(numDeletedRows);
  },
};

/** What runs about the campaign were told and said: a bad line of a list may have a name in it. */
const RUNS: Place = {
  list: (db, of, after, limit) => keysAfter(runsAbout(db, of), after, limit),
  erase: (db, _of, keys) =>
    db.transaction().execute(async (tx) => {
      const rows = await tx
        .selectFrom('job_runs')
        .select(['id', 'steps'])
        .where('id', 'in', keys.map(String))
        .execute();
      for (const { id, steps } of rows) {
        const kept = (JSON.parse(steps) as object[]).map((step) => ({ ...step, lastError: null }));
        await tx
          .updateTable('job_runs')
          .set({ last_error: null, result: '{}', steps: JSON.stringify(kept) })
          .where('id', '=', id)
          .execute();
      }
      return rows.length;
    }),
};

/** Clocks of processes that differ by no more than this are taken for one. */
const CLOCKS_MS = 60_000;

/** Those that name it, and lists of what operators did in all campaigns, made since there is this one. */
const runsAbout = (db: Db, { id, createdAt }: Of) =>
  db
    .selectFrom('job_runs')
    .where('ended_at', 'is not', null)
    .where((at) =>
      at.or([
        at('params', 'like', `%"${id}"%`),
        at.and([
          at('params', 'like', '%"what":"audit"%'),
          at('params', 'not like', '%"campaign":%'),
          at('ended_at', '>=', createdAt - CLOCKS_MS),
        ]),
      ]),
    );

/** Files that such runs were given or have made, by their names in the run. */
const FILES: Place = {
  async list(db, of, after, limit) {
    const runs = await runsAbout(db, of).select(['params', 'result']).execute();
    const named = runs.flatMap(({ params, result }) => [
      ...params.matchAll(QUOTED),
      ...result.matchAll(QUOTED),
    ]);
    const ids = [...new Set(named.map(([, text]) => text as string))];
    if (ids.length === 0) return [];
    return await keysAfter(db.selectFrom('files').where('id', 'in', ids), after, limit);
  },
  erase: (db, _of, keys) => dropFiles(db, keys.map(String)),
};
const QUOTED = /"([a-z0-9-]{1,96})"/g;

const PLACES: Readonly<Record<PersonalPlace, Place>> = {
  claims: CLAIMS,
  line: LINE,
  letters: LETTERS,
  outbox: OUTBOX,
  audit: AUDIT,
  deliveries: DELIVERIES,
  // Before the runs, which tell what files they have made.
  files: FILES,
  runs: RUNS,
};

export function makeSqlErasure(db: Db): Pick<Retention, 'personal' | 'erase'> {
  const of = async (campaignId: string): Promise<Of | null> => {
    const row = await db
      .selectFrom('campaigns')
      .select(['no', 'created_at'])
      .where('id', '=', campaignId)
      .executeTakeFirst();
    return row ? { id: campaignId, no: row.no, createdAt: Number(row.created_at) } : null;
  };
  return {
    async personal(place, campaignId, after, limit) {
      const campaign = await of(campaignId);
      return campaign === null ? [] : PLACES[place].list(db, campaign, after, limit);
    },
    async erase(place, campaignId, keys, key) {
      const campaign = await of(campaignId);
      if (campaign === null || keys.length === 0) return 0;
      return PLACES[place].erase(db, campaign, [...keys], makeEraser(Buffer.from(key, 'hex')));
    },
  };
}
