/** Jobs and their runs as operators see them, and the judge of a run's params. */

import { Ajv, type ValidateFunction } from 'ajv';
import type { TSchema } from 'typebox';
import { Type } from 'typebox';
import type { Problem } from '../core/problem.ts';
import { RUN_STATUSES } from '../core/run-status.ts';
import { readSaid } from '../core/said.ts';
import type { JobKind, JobListed } from '../flow/job-flow.ts';
import type { JobRun, StepState } from '../ports/job-runs.ts';
import type { JobSchedule } from '../ports/job-schedules.ts';
import { oneOf, openOut, orNull, saidOut } from './schema.ts';
import { validationProblem } from './validation.ts';
import { timeOrNull, timeText } from './wire.ts';

const STRICT = { additionalProperties: false };
const time = Type.String({ format: 'date-time' });
const count = Type.Integer({ minimum: 0 });
const params = { type: 'object', additionalProperties: true } as unknown as TSchema;

const stepOut = Type.Object({
  name: Type.String(),
  status: oneOf(['waiting', ...RUN_STATUSES]),
  total: orNull(count),
  read: count,
  written: count,
  skipped: count,
  skips: openOut,
  chunks: count,
  retries: count,
  startedAt: orNull(time),
  endedAt: orNull(time),
  busyMs: count,
  lastError: orNull(Type.String()),
  lastErrorSaid: saidOut('lastError'),
});

export const runOut = Type.Object({
  id: Type.String(),
  job: Type.String(),
  status: oneOf(RUN_STATUSES),
  params,
  by: Type.String({ description: 'id of the operator key, or `schedule`' }),
  createdAt: time,
  startedAt: orNull(time),
  endedAt: orNull(time),
  starts: Type.Integer({
    description: 'times that a runner took it: more than 1 after a restart or a crash',
  }),
  stopAsked: Type.Boolean(),
  lastError: orNull(Type.String()),
  lastErrorSaid: saidOut('lastError'),
  result: openOut,
  total: orNull(Type.Integer({ description: 'of all steps so far; null while one of them is not known' })),
  read: count,
  written: count,
  skipped: count,
  steps: Type.Array(stepOut),
});

const scheduleOut = Type.Object({
  id: Type.String(),
  cron: Type.String(),
  timeZone: Type.String(),
  enabled: Type.Boolean(),
  params,
  nextAt: orNull(time),
});

export const jobOut = Type.Object({
  name: Type.String(),
  summary: Type.String(),
  params: openOut,
  lastRun: orNull(runOut),
  schedules: Type.Array(scheduleOut),
});

export const newRunBody = Type.Object({ params: Type.Optional(params) }, STRICT);

export const scheduleBody = Type.Object(
  {
    job: Type.String({ minLength: 1, maxLength: 64 }),
    cron: Type.String({ minLength: 1, maxLength: 255, examples: ['0 3 * * *'] }),
    timeZone: Type.Optional(Type.String({ minLength: 1, maxLength: 64, examples: ['Asia/Seoul'] })),
    params: Type.Optional(params),
    enabled: Type.Optional(Type.Boolean()),
  },
  STRICT,
);

export const scheduleParams = Type.Object({ id: Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,63}$' }) });
export const jobParams = Type.Object({ name: Type.String() });
export const runOfJobParams = Type.Object({ name: Type.String(), id: Type.String() });

const sum = (steps: readonly StepState[], of: 'read' | 'written' | 'skipped'): number =>
  steps.reduce((all, step) => all + step[of], 0);

/** Where it stands is the job's own affair. */
function stepBody(step: StepState): Record<string, unknown> {
  const { startedAt, endedAt } = step;
  const body: Record<string, unknown> = {
    ...step,
    lastErrorSaid: readSaid(step.lastError),
    startedAt: timeOrNull(startedAt),
    endedAt: timeOrNull(endedAt),
  };
  delete body['position'];
  return body;
}

export function runBody(run: JobRun): Record<string, unknown> {
  const { id, job, status, by, starts, stopAsked, lastError, result, steps } = run;
  const totals = steps.map(({ total, status: at, read }) => (at === 'completed' ? (total ?? read) : total));
  return {
    id,
    job,
    status,
    params: run.params,
    by,
    createdAt: timeText(run.createdAt),
    startedAt: timeOrNull(run.startedAt),
    endedAt: timeOrNull(run.endedAt),
    starts,
    stopAsked,
    lastError,
    lastErrorSaid: readSaid(lastError),
    result,
    total:
      totals.includes(null) || totals.length === 0
        ? null
        : totals.reduce<number>((all, one) => all + (one ?? 0), 0),
    read: sum(steps, 'read'),
    written: sum(steps, 'written'),
    skipped: sum(steps, 'skipped'),
    steps: steps.map(stepBody),
  };
}

export function scheduleJson(schedule: JobSchedule & { nextAt: number | null }): Record<string, unknown> {
  const { id, cron, timeZone, enabled, nextAt } = schedule;
  return { id, cron, timeZone, enabled, params: schedule.params, nextAt: timeOrNull(nextAt) };
}

export function jobBody({ job, lastRun, schedules }: JobListed): Record<string, unknown> {
  return {
    name: job.name,
    summary: job.summary,
    params: job.params,
    lastRun: lastRun && runBody(lastRun),
    schedules: schedules.map(scheduleJson),
  };
}

export type CheckedParams = { ok: true; params: Record<string, unknown> } | { ok: false; problem: Problem };

/** Judges params by the schema of their job, and fills in what has a default: the same work has the same params. */
export function makeParamsJudge(): (kind: JobKind, given: Record<string, unknown>) => CheckedParams {
  const ajv = new Ajv({ coerceTypes: false, removeAdditional: false, useDefaults: true, strict: false });
  ajv.addFormat('date-time', true);
  const compiled = new Map<JobKind, ValidateFunction>();
  return (kind, given) => {
    let judge = compiled.get(kind);
    if (!judge) {
      judge = ajv.compile(kind.params);
      compiled.set(kind, judge);
    }
    const filled = structuredClone(given);
    if (judge(filled)) return { ok: true, params: filled };
    const found = validationProblem('body', judge.errors ?? []);
    const { pointer } = found.extra ?? {};
    const at = typeof pointer === 'string' ? `/params${pointer}` : '/params';
    return { ok: false, problem: { ...found, extra: { pointer: at } } };
  };
}
