/** What operators do with jobs: see what there is, ask for runs, watch, stop and restart them, set when they run. */

import { createHash } from 'node:crypto';
import type { Problem, ProblemCode } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { Asked, JobRun, JobRuns, NewRun } from '../ports/job-runs.ts';
import type { JobSchedule, JobSchedules } from '../ports/job-schedules.ts';
import type { System } from '../ports/system.ts';
import type { Actor } from './campaign.ts';
import { cronFault, nextTime } from './cron.ts';

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

const PROBLEM_OF = {
  run: problem('run_not_found'),
  job: problem('job_not_found'),
};

export function makeJobFlow(parts: JobFlowParts): JobFlow {
  const { jobs, runs, schedules, system } = parts;
  const kinds = new Map(jobs.map((job) => [job.name, job]));
  const lineOf = (action: string, target: string, before: unknown, after: unknown, by: Actor) => ({
    at: system.now(),
    actor: by.id,
    action,
    target,
    before,
    after,
    requestId: by.requestId,
  });

  async function ask(name: string, params: Record<string, unknown>, by: Actor, action = 'job.run') {
    const kind = kinds.get(name);
    if (kind === undefined) return { problem: PROBLEM_OF.job };
    const refused = await kind.refuses?.(params);
    if (refused) return { problem: problem(refused.code as ProblemCode, refused.detail) };
    const run = newRun(kind, params, by.id, system);
    const asked = await runs.ask(run, lineOf(action, run.id, null, { job: name, params }, by));
    if (asked.kind === 'running')
      return { problem: problem('job_running', undefined, { run: asked.run.id }) };
    if (asked.kind === 'completed') {
      return { problem: problem('job_completed', undefined, { run: asked.run.id }) };
    }
    parts.poke();
    return asked;
  }

  return {
    kind: (name) => kinds.get(name),
    ask,
    async list() {
      const [newest, all] = await Promise.all([runs.newest(), schedules.list()]);
      const last = new Map(newest.map((run) => [run.job, run]));
      return jobs.map((job) => ({
        job,
        lastRun: last.get(job.name) ?? null,
        schedules: all
          .filter((one) => one.job === job.name)
          .map((one) => ({
            ...one,
            nextAt: one.enabled ? nextTime(one.cron, one.timeZone, system.now()) : null,
          })),
      }));
    },
    async restart(id, by) {
      const run = await runs.get(id);
      if (run === null) return { problem: PROBLEM_OF.run };
      if (run.status === 'queued' || run.status === 'running') {
        return { problem: problem('job_running', undefined, { run: id }) };
      }
      if (run.status === 'completed') {
        return { problem: problem('invalid_transition', 'The run is completed. Ask for a new one.') };
      }
      const [newest] = (await runs.list(run.job, null, 1000)).filter(
        (one) => one.paramsKey === run.paramsKey,
      );
      if (newest && newest.id !== id) {
        return { problem: problem('invalid_transition', `The same work has a newer run: ${newest.id}.`) };
      }
      return ask(run.job, run.params, by, 'job.restart');
    },
    async stop(id, by) {
      const stopped = await runs.stop(id, lineOf('job.stop', id, null, null, by));
      if (stopped === null) return { problem: PROBLEM_OF.run };
      if (!stopped.changed && stopped.run.status !== 'running') {
        return { problem: problem('invalid_transition', `The run is ${stopped.run.status}.`) };
      }
      parts.stopRun(id);
      return { run: stopped.run };
    },
    run: (id) => runs.get(id),
    runs: (job, before, limit) => runs.list(job, before, limit),
    async schedule(asked, by) {
      if (!kinds.has(asked.job)) return { problem: PROBLEM_OF.job };
      const fault = cronFault(asked.cron, asked.timeZone);
      if (fault) return { problem: problem('invalid_field', fault.says, { pointer: `/${fault.field}` }) };
      const schedule = { ...asked, doneUntil: system.now() };
      await schedules.put(schedule, lineOf('job.schedule', asked.id, null, asked, by));
      return { schedule };
    },
    unschedule: (id, by) => schedules.remove(id, lineOf('job.unschedule', id, null, null, by)),
  };
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
