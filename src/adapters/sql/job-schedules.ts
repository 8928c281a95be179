/** ports/job-schedules on SQL. */

import type { Kysely } from 'kysely';
import type { JobSchedule, JobSchedules } from '../../ports/job-schedules.ts';
import { writeAuditLine } from './campaigns.ts';
import { againAfterAnother, askFor } from './job-runs.ts';
import type { RecordTables } from './schema.ts';
import type { JobSchedulesTable } from './tables/jobs.ts';

const rowOf = ({ id, job, params, cron, timeZone, enabled, doneUntil }: JobSchedule): JobSchedulesTable => ({
  id,
  job,
  params: JSON.stringify(params),
  cron,
  time_zone: timeZone,
  enabled: enabled ? 1 : 0,
  done_until: doneUntil,
});

const scheduleOf = (row: JobSchedulesTable): JobSchedule => ({
  // MySQL keeps ids as bytes.
  id: String(row.id),
  job: String(row.job),
  params: JSON.parse(row.params) as Record<string, unknown>,
  cron: row.cron,
  timeZone: row.time_zone,
  enabled: Number(row.enabled) === 1,
  doneUntil: Number(row.done_until),
});

/** Runs by schedule that are completed and kept, of each work: one a minute for most of a day. */
const KEPT = 1_000;

/** What is done each minute would fill the list of runs with nothing to see. */
async function forgetOld(tx: Kysely<RecordTables>, paramsKey: string): Promise<void> {
  const oldest = await tx
    .selectFrom('job_runs')
    .select('id')
    .where('params_key', '=', paramsKey)
    .orderBy('id', 'desc')
    .limit(1)
    .offset(KEPT)
    .executeTakeFirst();
  if (oldest === undefined) return;
  await tx
    .deleteFrom('job_runs')
    .where('params_key', '=', paramsKey)
    .where('id', '<=', oldest.id)
    .where('status', '=', 'completed')
    .where('asked_by', '=', 'schedule')
    .execute();
}

export function makeSqlJobSchedules(db: Kysely<RecordTables>): JobSchedules {
  const find = (at: Kysely<RecordTables>, id: string) =>
    at.selectFrom('job_schedules').selectAll().where('id', '=', id).executeTakeFirst();
  return {
    async list() {
      const rows = await db.selectFrom('job_schedules').selectAll().orderBy('id').execute();
      return rows.map(scheduleOf);
    },
    put: (schedule, audit) =>
      againAfterAnother(() =>
        db.transaction().execute(async (tx) => {
          const { id, ...row } = rowOf(schedule);
          const before = await find(tx, id);
          if (before) await tx.updateTable('job_schedules').set(row).where('id', '=', id).execute();
          else
            await tx
              .insertInto('job_schedules')
              .values({ id, ...row })
              .execute();
          await writeAuditLine(tx, { ...audit, before: before ? scheduleOf(before) : null });
        }),
      ),
    putUsual: (schedule) =>
      againAfterAnother(async () => {
        if ((await find(db, schedule.id)) === undefined)
          await db.insertInto('job_schedules').values(rowOf(schedule)).execute();
      }),
    remove: (id, audit) =>
      db.transaction().execute(async (tx) => {
        const before = await find(tx, id);
        if (!before) return false;
        await tx.deleteFrom('job_schedules').where('id', '=', id).execute();
        await writeAuditLine(tx, { ...audit, before: scheduleOf(before) });
        return true;
      }),
    fire: (id, seen, until, run) =>
      againAfterAnother(() =>
        db.transaction().execute(async (tx) => {
          const { numUpdatedRows } = await tx
            .updateTable('job_schedules')
            .set({ done_until: until })
            .where('id', '=', id)
            .where('done_until', '=', seen)
            .where('enabled', '=', 1)
            .executeTakeFirst();
          if (numUpdatedRows !== 1n) return null;
          await forgetOld(tx, run.paramsKey);
          return askFor(tx, run);
        }),
      ),
  };
}
