/**
 * Asks for runs when their time has come. Times that were missed are made good by one run, and of many processes one
 * asks: whoever moves `doneUntil` first.
 */

import { newRun } from '../flow/job-flow.ts';
import type { Cron } from '../ports/cron.ts';
import type { JobSchedule, JobSchedules } from '../ports/job-schedules.ts';
import type { System } from '../ports/system.ts';
import type { Job } from './job.ts';

export interface ScheduleParts {
  jobs: readonly Job[];
  schedules: JobSchedules;
  cron: Cron;
  system: System;
  /** a run was asked for */
  poke(): void;
  onFault(error: Error): void;
}

export interface Scheduling {
  /** One look: fires what is due. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

const LOOK_MS = 1_000;
/** What others changed is seen so much later. */
const READ_EVERY_MS = 2_000;

/** Makes the usual schedules that are not there, and looks every second. */
export function startSchedule(parts: ScheduleParts): Scheduling {
  const { system } = parts;
  const one = new Firing(parts);
  let looking: Promise<void> | null = null;
  const look = (): Promise<void> => {
    looking ??= one.look().finally(() => {
      looking = null;
    });
    return looking;
  };
  const timer = system.every(LOOK_MS, () => void look().catch((error: Error) => parts.onFault(error)));
  return {
    look,
    async stop() {
      timer.stop();
      await looking?.catch(() => undefined);
    },
  };
}

class Firing {
  readonly #parts: ScheduleParts;
  readonly #jobs: Map<string, Job>;
  #known: JobSchedule[] = [];
  /** by id: times up to here have been seen here, whether or not there was something to do */
  readonly #seen = new Map<string, number>();
  #readAt = Number.NEGATIVE_INFINITY;
  #usualThere = false;

  constructor(parts: ScheduleParts) {
    this.#parts = parts;
    this.#jobs = new Map(parts.jobs.map((job) => [job.name, job]));
  }

  async look(): Promise<void> {
    const { schedules, system } = this.#parts;
    if (!this.#usualThere) await this.#putUsual();
    if (system.monotonic() - this.#readAt >= READ_EVERY_MS) {
      this.#known = await schedules.list();
      this.#readAt = system.monotonic();
    }
    const now = system.now();
    for (const schedule of this.#known) {
      const { id, enabled, cron, timeZone, doneUntil } = schedule;
      const from = Math.max(doneUntil, this.#seen.get(id) ?? 0);
      const next = enabled ? this.#parts.cron.next(cron, timeZone, from) : null;
      if (next !== null && next <= now) await this.#fire(schedule, now);
    }
  }

  async #putUsual(): Promise<void> {
    const { jobs, schedules, system } = this.#parts;
    for (const { name, usual } of jobs) {
      if (usual === undefined) continue;
      const { cron, timeZone = 'UTC', params = {} } = usual;
      const doneUntil = system.now();
      await schedules.putUsual({ id: name, job: name, params, cron, timeZone, enabled: true, doneUntil });
    }
    this.#usualThere = true;
  }

  async #fire(schedule: JobSchedule, now: number): Promise<void> {
    const { schedules, system, poke } = this.#parts;
    const job = this.#jobs.get(schedule.job);
    if (job === undefined) return;
    const due = (await job.isDue?.()) ?? true;
    this.#seen.set(schedule.id, now);
    // Nothing to do is no reason to write.
    if (!due) return;
    const run = newRun(job, schedule.params, 'schedule', system);
    const asked = await schedules.fire(schedule.id, schedule.doneUntil, now, run);
    schedule.doneUntil = now;
    // Somebody else has fired it, or an operator has changed it.
    if (asked === null) this.#readAt = Number.NEGATIVE_INFINITY;
    else poke();
  }
}
