/**
 * Takes runs that wait, and those whose runner is gone, a few at a time. Which of many processes takes one is settled by
 * the claim; a run that nobody finishes is taken over when its lease has passed, or at once by a process that is alone.
 */

import type { JobRun, JobRuns } from '../ports/job-runs.ts';
import type { System, Timer } from '../ports/system.ts';
import type { Job } from './job.ts';
import type { JobEvent } from './job-event.ts';
import { makeLane } from './lane.ts';
import type { Running } from './run-job.ts';
import { runJob } from './run-job.ts';

export interface RunnerParts {
  jobs: readonly Job[];
  runs: JobRuns;
  system: System;
  heat: { hot(): boolean };
  /** names this start of this process; never the same twice */
  owner: string;
  /** no other process can be alive on these runs: whoever has one is gone */
  alone: boolean;
  giveWayMaxMs: number;
  leaseMs?: number;
  /** runs at the same time */
  atOnce?: number;
  retryFirstMs?: number;
  retryMax?: number;
  tell(event: JobEvent): void;
}

export interface Runner {
  /** Looks for runs now. */
  poke(): void;
  /** Tells a run of this process to stop now; whose else it is notices by itself. */
  stopRun(id: string): void;
  /** Gives back what is under way, each after the chunk that it is in. */
  stop(): Promise<void>;
}

const LEASE_MS = 6_000;
const AT_ONCE = 4;
const LOOK_MS = 1_000;
const RETRY_FIRST_MS = 100;
const RETRY_MAX = 4;

export function startRunner(parts: RunnerParts): Runner {
  const runner = new Claiming(parts);
  runner.poke();
  return runner;
}

class Claiming implements Runner {
  readonly #parts: RunnerParts;
  readonly #jobs: Map<string, Job>;
  readonly #running = new Map<string, Running>();
  readonly #timer: Timer;
  #looking: Promise<void> | null = null;
  #again = false;
  #stopped = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#jobs = new Map(parts.jobs.map((job) => [job.name, job]));
    this.#timer = parts.system.every(LOOK_MS, () => this.poke());
  }

  poke(): void {
    if (this.#stopped) return;
    if (this.#looking) {
      this.#again = true;
      return;
    }
    // The database may be away: the next look asks again.
    this.#looking = this.#look()
      .catch(() => undefined)
      .finally(() => {
        this.#looking = null;
        if (!this.#again) return;
        this.#again = false;
        this.poke();
      });
  }

  stopRun(id: string): void {
    this.#running.get(id)?.stop('stopped');
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer.stop();
    await this.#looking;
    for (const running of this.#running.values()) running.stop('queued');
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  async #look(): Promise<void> {
    const { runs, owner, alone, system, leaseMs = LEASE_MS, atOnce = AT_ONCE } = this.#parts;
    while (!this.#stopped && this.#running.size < atOnce) {
      const run = await runs.claim(owner, leaseMs, alone, system.now());
      if (run === null) return;
      await this.#take(run);
    }
  }

  async #take(run: JobRun): Promise<void> {
    const { runs, system, heat, giveWayMaxMs, tell } = this.#parts;
    const { leaseMs = LEASE_MS, retryFirstMs = RETRY_FIRST_MS, retryMax = RETRY_MAX } = this.#parts;
    const job = this.#jobs.get(run.job);
    if (job === undefined) {
      const lastError = `This version knows no job ${run.job}.`;
      const { steps, result } = run;
      await runs.end(run.id, run.fence, { status: 'failed', lastError, at: system.now(), steps, result });
      return;
    }
    const lane = makeLane({ heat, system, giveWayMaxMs });
    // The same run again: what this process did with it before was overtaken, by this claim at the latest.
    this.#running.get(run.id)?.stop('queued');
    const running = runJob({ runs, system, lane, leaseMs, retryFirstMs, retryMax, tell }, job, run);
    this.#running.set(run.id, running);
    void running.ended.then(() => {
      if (this.#running.get(run.id) === running) this.#running.delete(run.id);
      this.poke();
    });
  }
}
