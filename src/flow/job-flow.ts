/** What operators do with jobs: see what there is, ask for runs, watch, stop and restart them, set when they run. */

import { createHash } from 'node:crypto';
import type { Problem, ProblemCode } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { Cron } from '../ports/cron.ts';
import type { Asked, JobRun, JobRuns, NewRun } from '../ports/job-runs.ts';
import type { JobSchedule, JobSchedules } from '../ports/job-schedules.ts';
import type { AuditLine } from '../ports/operators.ts';
import type { System } from '../ports/system.ts';
import type { Actor } from './campaign.ts';

/** Of a job, whatever is needed to ask for a run of it. */
export interface JobKind {
  name: string;
  summary: string;
  /** JSON schema of its params */
  params: object;
  loose?: readonly string[];
  once?: boolean;
  refuses?(params: Readonly<Record<string, unknown>>): Promise<{ code: string; detail: string } | null>;
}

export interface JobListed {
  job: JobKind;
  lastRun: JobRun | null;
  schedules: (JobSchedule & { nextAt: number | null })[];
}

export interface JobFlowParts {
  jobs: readonly JobKind[];
  runs: JobRuns;
  schedules: JobSchedules;
  cron: Cron;
  system: Pick<System, 'now' | 'randomBytes'>;
  /** somebody in this process should look for runs now */
  poke(): void;
  stopRun(id: string): void;
}

type Answer<T> = T | { problem: Problem };
export type ScheduleAsk = Pick<JobSchedule, 'id' | 'job' | 'params' | 'cron' | 'timeZone' | 'enabled'>;

export interface JobFlow {
  list(): Promise<JobListed[]>;
  kind(name: string): JobKind | undefined;
  /** Params have been checked by the job's schema. Done before and failed or stopped: that run goes on. */
  ask(name: string, params: Record<string, unknown>, by: Actor): Promise<Answer<Asked>>;
  restart(id: string, by: Actor): Promise<Answer<{ run: JobRun }>>;
  stop(id: string, by: Actor): Promise<Answer<{ run: JobRun }>>;
  run(id: string): Promise<JobRun | null>;
  runs(job: string | null, before: string | null, limit: number): Promise<JobRun[]>;
  schedule(ask: ScheduleAsk, by: Actor): Promise<Answer<{ schedule: JobSchedule }>>;
  unschedule(id: string, by: Actor): Promise<boolean>;
}

const RUN_NOT_FOUND = { problem: problem('run_not_found') };
const JOB_NOT_FOUND = { problem: problem('job_not_found') };
const refused = (says: string) => ({ problem: problem('invalid_transition', says) });

export function makeJobFlow(parts: JobFlowParts): JobFlow {
  const { runs } = parts;
  const kinds = new Map(parts.jobs.map((job) => [job.name, job]));
  return {
    kind: (name) => kinds.get(name),
    ask: (name, params, by) => ask(parts, kinds, { name, params, by, action: 'job.run' }),
    list: () => list(parts),
    async restart(id, by) {
      const run = await runs.get(id);
      const fault = run === null ? RUN_NOT_FOUND : await restartFault(runs, run);
      if (run === null || fault !== null) return fault ?? RUN_NOT_FOUND;
      return ask(parts, kinds, { name: run.job, params: run.params, by, action: 'job.restart' });
    },
    stop: (id, by) => stop(parts, id, by),
    run: (id) => runs.get(id),
    runs: (job, before, limit) => runs.list(job, before, limit),
    schedule: (asked, by) =>
      kinds.has(asked.job) ? schedule(parts, asked, by) : Promise.resolve(JOB_NOT_FOUND),
    unschedule: (id, by) => parts.schedules.remove(id, lineOf(parts, 'job.unschedule', id, null, by)),
  };
}

function lineOf(
  { system }: JobFlowParts,
  action: string,
  target: string,
  after: unknown,
  by: Actor,
): AuditLine {
  return { at: system.now(), actor: by.id, action, target, before: null, after, requestId: by.requestId };
}

interface AskFor {
  name: string;
  params: Record<string, unknown>;
  by: Actor;
  action: string;
}

async function ask(
  parts: JobFlowParts,
  kinds: ReadonlyMap<string, JobKind>,
  { name, params, by, action }: AskFor,
): Promise<Answer<Asked>> {
  const kind = kinds.get(name);
  if (kind === undefined) return JOB_NOT_FOUND;
  const fault = await kind.refuses?.(params);
  if (fault) return { problem: problem(fault.code as ProblemCode, fault.detail) };
  const run = newRun(kind, params, by.id, parts.system);
  const asked = await parts.runs.ask(run, lineOf(parts, action, run.id, { job: name, params }, by));
  if (asked.kind === 'running') return { problem: problem('job_running', undefined, { run: asked.run.id }) };
  if (asked.kind === 'completed')
    return { problem: problem('job_completed', undefined, { run: asked.run.id }) };
  parts.poke();
  return asked;
}

async function list({ jobs, runs, schedules, system, cron }: JobFlowParts): Promise<JobListed[]> {
  const [newest, all] = await Promise.all([runs.newest(), schedules.list()]);
  const last = new Map(newest.map((run) => [run.job, run]));
  const nextAt = ({ enabled, cron: expression, timeZone }: JobSchedule): number | null =>
    enabled ? cron.next(expression, timeZone, system.now()) : null;
  return jobs.map((job) => ({
    job,
    lastRun: last.get(job.name) ?? null,
    schedules: all.filter((one) => one.job === job.name).map((one) => ({ ...one, nextAt: nextAt(one) })),
  }));
}

/** Why a run cannot go on; null: it can. */
async function restartFault(
  runs: JobRuns,
  { id, job, status, paramsKey }: JobRun,
): Promise<{ problem: Problem } | null> {
  if (status === 'queued' || status === 'running') {
    return { problem: problem('job_running', undefined, { run: id }) };
  }
  if (status === 'completed') return refused('The run is completed. Ask for a new one.');
  const newer = (await runs.list(job, null, 1000)).find((one) => one.paramsKey === paramsKey);
  return newer && newer.id !== id ? refused(`The same work has a newer run: ${newer.id}.`) : null;
}

async function stop(parts: JobFlowParts, id: string, by: Actor): Promise<Answer<{ run: JobRun }>> {
  const stopped = await parts.runs.stop(id, lineOf(parts, 'job.stop', id, null, by));
  if (stopped === null) return RUN_NOT_FOUND;
  const { changed, run } = stopped;
  if (!changed && run.status !== 'running') return refused(`The run is ${run.status}.`);
  parts.stopRun(id);
  return { run };
}

async function schedule(
  parts: JobFlowParts,
  asked: ScheduleAsk,
  by: Actor,
): Promise<Answer<{ schedule: JobSchedule }>> {
  const { cron, schedules, system } = parts;
  const fault = cron.fault(asked.cron, asked.timeZone);
  if (fault) return { problem: problem('invalid_field', fault.says, { pointer: `/${fault.field}` }) };
  const made = { ...asked, doneUntil: system.now() };
  await schedules.put(made, lineOf(parts, 'job.schedule', asked.id, asked, by));
  return { schedule: made };
}

/** A run to ask for. Its id sorts by the time of its making. */
export function newRun(
  { name, loose = [], once = false }: Pick<JobKind, 'name' | 'loose' | 'once'>,
  params: Record<string, unknown>,
  by: string,
  system: Pick<System, 'now' | 'randomBytes'>,
): NewRun {
  const at = system.now();
  const id = `run-${at.toString(36).padStart(9, '0')}${system.randomBytes(8).toString('hex')}`;
  return { id, job: name, params, paramsKey: paramsKeyOf(name, params, loose), by, at, once };
}

/** The same for the same work, in whatever order its params were said. */
function paramsKeyOf(job: string, params: Record<string, unknown>, loose: readonly string[]): string {
  const names = Object.keys(params).filter((name) => !loose.includes(name));
  const said = JSON.stringify(names.sort().map((name) => [name, params[name]]));
  return `${job}:${createHash('sha256').update(said).digest('hex').slice(0, 40)}`;
}
