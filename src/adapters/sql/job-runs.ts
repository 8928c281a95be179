/**
 * ports/job-runs on SQL. Each change is one statement that compares first: the fence for whoever runs it, the status for
 * whoever claims or stops it. The lease runs by the database's clock.
 */

import type { Kysely, RawBuilder, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Asked, JobRun, JobRuns, NewRun, Progress, RunStatus, StepState } from '../../ports/job-runs.ts';
import { writeAuditLine } from './campaigns.ts';
import { nowMs } from './now-ms.ts';
import type { RecordTables } from './schema.ts';
import type { JobRunsTable } from './tables/jobs.ts';

type Db = Kysely<RecordTables>;

const CLAIM_TRIES = 5;
/** Two who ask for the same work at once: the second sees what the first has made. */
const ASK_TRIES = 3;
const ERROR_MAX = 4_000;

const textOrNull = (value: string | Buffer | null): string | null => (value === null ? null : String(value));
const numberOrNull = (value: unknown): number | null => (value === null ? null : Number(value));

function runOf(row: JobRunsTable): JobRun {
  return {
    // MySQL keeps ids as bytes.
    id: String(row.id),
    job: String(row.job),
    params: JSON.parse(row.params) as Record<string, unknown>,
    paramsKey: String(row.params_key),
    status: row.status as RunStatus,
    by: row.asked_by,
    createdAt: Number(row.created_at),
    startedAt: numberOrNull(row.started_at),
    endedAt: numberOrNull(row.ended_at),
    starts: Number(row.starts),
    owner: textOrNull(row.owner),
    fence: Number(row.fence),
    stopAsked: Number(row.stop_asked) === 1,
    lastError: row.last_error,
    result: JSON.parse(row.result) as Record<string, unknown>,
    steps: JSON.parse(row.steps) as StepState[],
  };
}

async function find(db: Db, id: string): Promise<JobRun | null> {
  const row = await db.selectFrom('job_runs').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? runOf(row) : null;
}

async function newestOf(db: Db, paramsKey: string): Promise<JobRun | null> {
  const row = await db
    .selectFrom('job_runs')
    .selectAll()
    .where('params_key', '=', paramsKey)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ? runOf(row) : null;
}

/** Inside a transaction: what becomes of asking for a run. */
export async function askFor(tx: Transaction<RecordTables>, asked: NewRun): Promise<Asked> {
  const { id, job, params, paramsKey, by, at, once } = asked;
  const last = await newestOf(tx, paramsKey);
  if (last?.status === 'queued' || last?.status === 'running') return { kind: 'running', run: last };
  if (last?.status === 'completed' && once) return { kind: 'completed', run: last };
  if (last !== null && last.status !== 'completed') {
    const restarted = await restart(tx, last, by);
    if (restarted) return { kind: 'restarted', run: restarted };
    throw new Error(`the run ${last.id} was changed by somebody else at the same moment`);
  }
  const row: JobRunsTable = {
    id,
    job,
    params: JSON.stringify(params),
    params_key: paramsKey,
    live_key: paramsKey,
    status: 'queued',
    asked_by: by,
    created_at: at,
    started_at: null,
    ended_at: null,
    starts: 0,
    owner: null,
    fence: 0,
    lease_until: 0,
    stop_asked: 0,
    last_error: null,
    result: '{}',
    steps: '[]',
  };
  await tx.insertInto('job_runs').values(row).execute();
  return { kind: 'made', run: runOf(row) };
}

async function restart(tx: Transaction<RecordTables>, { id, paramsKey, fence }: JobRun, by: string) {
  const { numUpdatedRows } = await tx
    .updateTable('job_runs')
    .set({ status: 'queued', live_key: paramsKey, asked_by: by, stop_asked: 0, ended_at: null })
    .where('id', '=', id)
    .where('fence', '=', fence)
    .where('status', 'in', ['failed', 'stopped'])
    .executeTakeFirst();
  return numUpdatedRows === 1n ? find(tx, id) : null;
}

const written = ({ steps, result }: Progress) => ({
  steps: JSON.stringify(steps),
  result: JSON.stringify(result),
});

/** `tryOnce` until nobody else was there at the same moment. */
export async function againAfterAnother<T>(tryOnce: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await tryOnce();
    } catch (error) {
      if (tried === ASK_TRIES) throw error;
    }
  }
}

export function makeSqlJobRuns(db: Db): JobRuns {
  return { ...asking(db), ...holding(db), ...telling(db) };
}

/** For operators and schedules. */
function asking(db: Db): Pick<JobRuns, 'ask' | 'stop'> {
  return {
    ask: (run, audit) =>
      againAfterAnother(() =>
        db.transaction().execute(async (tx) => {
          const asked = await askFor(tx, run);
          const done = asked.kind === 'made' || asked.kind === 'restarted';
          if (audit && done) await writeAuditLine(tx, { ...audit, target: asked.run.id });
          return asked;
        }),
      ),
    stop: (id, audit) =>
      db.transaction().execute(async (tx) => {
        const changed = await stop(tx, id, audit.at);
        if (changed) await writeAuditLine(tx, audit);
        const run = await find(tx, id);
        return run && { changed, run };
      }),
  };
}

async function stop(tx: Transaction<RecordTables>, id: string, at: number): Promise<boolean> {
  const waiting = await tx
    .updateTable('job_runs')
    .set({ status: 'stopped', live_key: null, ended_at: at })
    .where('id', '=', id)
    .where('status', '=', 'queued')
    .executeTakeFirst();
  if (waiting.numUpdatedRows === 1n) return true;
  const running = await tx
    .updateTable('job_runs')
    .set({ stop_asked: 1 })
    .where('id', '=', id)
    .where('status', '=', 'running')
    .where('stop_asked', '=', 0)
    .executeTakeFirst();
  return running.numUpdatedRows === 1n;
}

/** For runners. */
function holding(db: Db): Pick<JobRuns, 'claim' | 'renew' | 'checkpoint' | 'end'> {
  const now = nowMs(db);
  const until = (leaseMs: number) => sql<number>`${now} + ${leaseMs}`;
  /** A statement on a run that has to be held. */
  const held = (id: string, fence: number) =>
    db
      .updateTable('job_runs')
      .where('id', '=', id)
      .where('fence', '=', fence)
      .where('status', '=', 'running');
  return {
    claim: (owner, leaseMs, alone, at) => claim(db, { owner, until: until(leaseMs), alone, at }),
    async renew(id, fence, leaseMs) {
      const { numUpdatedRows } = await held(id, fence)
        .set({ lease_until: until(leaseMs) })
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) return 'lost';
      const run = await find(db, id);
      if (run?.fence !== fence) return 'lost';
      return run.stopAsked ? 'stop' : 'held';
    },
    async checkpoint(id, fence, progress, leaseMs) {
      const { numUpdatedRows } = await held(id, fence)
        .set({ ...written(progress), lease_until: until(leaseMs) })
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    },
    async end(id, fence, { status, lastError, at, ...progress }) {
      const waits = status === 'queued';
      const { numUpdatedRows } = await held(id, fence)
        .set({ ...written(progress), status, lease_until: 0, owner: null, ended_at: waits ? null : at })
        .set(waits ? {} : { live_key: null })
        .set({ last_error: lastError?.slice(0, ERROR_MAX) ?? null })
        .executeTakeFirst();
      return numUpdatedRows === 1n;
    },
  };
}

interface Claim {
  owner: string;
  until: RawBuilder<number>;
  alone: boolean;
  at: number;
}

async function claim(db: Db, { owner, until, alone, at }: Claim): Promise<JobRun | null> {
  for (let tried = 0; tried < CLAIM_TRIES; tried++) {
    const found = await free(db, owner, alone);
    if (!found) return null;
    const { numUpdatedRows } = await db
      .updateTable('job_runs')
      .set({ status: 'running', owner, lease_until: until })
      .set((is) => ({
        fence: is('fence', '+', 1),
        starts: is('starts', '+', 1),
        started_at: is.fn.coalesce('started_at', is.val(at)),
      }))
      .where('id', '=', found.id)
      .where('fence', '=', found.fence)
      .where('status', '=', found.status)
      .executeTakeFirst();
    if (numUpdatedRows === 1n) return find(db, String(found.id));
  }
  return null;
}

/** The oldest run that somebody may take. */
function free(db: Db, owner: string, alone: boolean) {
  return db
    .selectFrom('job_runs')
    .select(['id', 'fence', 'status'])
    .where('status', 'in', ['queued', 'running'])
    .where((is) =>
      is.or([
        is('status', '=', 'queued'),
        alone ? is('owner', '<>', owner) : is('lease_until', '<=', nowMs(db)),
      ]),
    )
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
}

/** For whoever looks. */
function telling(db: Db): Pick<JobRuns, 'get' | 'list' | 'newest' | 'figures'> {
  return {
    get: (id) => find(db, id),
    async list(job, before, limit) {
      let asked = db.selectFrom('job_runs').selectAll().orderBy('id', 'desc').limit(limit);
      if (job !== null) asked = asked.where('job', '=', job);
      if (before !== null) asked = asked.where('id', '<', before);
      return (await asked.execute()).map(runOf);
    },
    async newest() {
      const rows = await db
        .selectFrom('job_runs')
        .selectAll()
        .where('id', 'in', (sub) =>
          sub
            .selectFrom('job_runs as each')
            .select((of) => of.fn.max('each.id').as('id'))
            .groupBy('each.job'),
        )
        .execute();
      return rows.map(runOf);
    },
    async figures() {
      const rows = await db
        .selectFrom('job_runs')
        .select((of) => ['status', of.fn.countAll<number>().as('count')])
        .groupBy('status')
        .execute();
      const queued = await db
        .selectFrom('job_runs')
        .select((of) => of.fn.min('created_at').as('at'))
        .where('status', '=', 'queued')
        .executeTakeFirst();
      const counts = Object.fromEntries(rows.map(({ status, count }) => [status, Number(count)]));
      return { counts, oldestQueuedAt: numberOrNull(queued?.at ?? null) };
    },
  };
}
