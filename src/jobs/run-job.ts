/**
 * One run of a job in the hands of one runner: chunk after chunk, each committed under the run's fence before the next
 * begins. Whoever is overtaken notices at the next commit and leaves without a trace.
 *
 *   claimed ─▶ chunk ─▶ commit ─▶ chunk … ─▶ completed
 *                │         └─ refused: lost, somebody else has it
 *                ├─ may pass: tried again; while the database is away the tries are not counted
 *                ├─ asked to stop: stopped, or given back when the process leaves
 *                └─ for good: failed
 */

import { said } from '../core/said.ts';
import type { JobRun, JobRuns, Progress, StepState } from '../ports/job-runs.ts';
import type { System } from '../ports/system.ts';
import type { ChunkDone } from './chunk.ts';
import { BAD_ITEM, doChunk } from './chunk.ts';
import { mayPass, Overtaken, TooSlow } from './faults.ts';
import type { Job, Position, Step, StepContext } from './job.ts';
import type { JobEvent, OwnEvent } from './job-event.ts';
import type { Lane } from './lane.ts';
import { makeRetry } from './retry.ts';

export interface RunParts {
  runs: Pick<JobRuns, 'renew' | 'checkpoint' | 'end'>;
  system: System;
  lane: Lane;
  leaseMs: number;
  /** before the second try of a chunk */
  retryFirstMs: number;
  /** further tries of a chunk, when the job does not say */
  retryMax: number;
  tell(event: JobEvent): void;
}

export type RunEnd = 'completed' | 'failed' | 'stopped' | 'queued' | 'lost';

export interface Running {
  /** Asks it to end: `stopped` for an operator, `queued` when this process leaves. */
  stop(as: 'stopped' | 'queued'): void;
  ended: Promise<RunEnd>;
}

const CHUNK_SIZE = 100;
const CHUNK_MAX_MS = 60_000;
const SKIP_LIMIT = 10;
/** What is under way has so long to end by itself when the process leaves. */
const LEAVE_MS = 3_000;
const AWAY_FIRST_MS = 100;
const AWAY_MOST_MS = 2_000;

/** Takes a claimed run as far as it goes. Never rejects. */
export function runJob(parts: RunParts, job: Job, run: JobRun): Running {
  const one = new OneRun(parts, job, run);
  return { stop: (as) => one.stop(as), ended: one.go() };
}

class OneRun {
  readonly #parts: RunParts;
  readonly #job: Job;
  readonly #run: JobRun;
  readonly #aborted = new AbortController();
  readonly #startedAt: number;
  /** as it is committed */
  #progress: Progress;
  #stopAs: 'stopped' | 'queued' | 'lost' | null = null;
  /** nobody waits for this process any more */
  #leaving = false;
  #lastMs = 0;

  constructor(parts: RunParts, job: Job, run: JobRun) {
    this.#parts = parts;
    this.#job = job;
    this.#run = run;
    this.#startedAt = parts.system.monotonic();
    const kept = new Map(run.steps.map((step) => [step.name, step]));
    this.#progress = {
      steps: job.steps.map(({ name }) => kept.get(name) ?? fresh(name)),
      result: run.result,
    };
  }

  stop(as: 'stopped' | 'queued' | 'lost'): void {
    if (as === 'queued') this.#leaving = true;
    if (this.#stopAs !== null) return;
    this.#stopAs = as;
    this.#aborted.abort();
  }

  async go(): Promise<RunEnd> {
    const { system, leaseMs } = this.#parts;
    this.#tell({ type: 'job.started', by: this.#run.by, starts: this.#run.starts });
    const beat = system.every(leaseMs / 3, () => void this.#renew().catch(() => undefined));
    let end: RunEnd = 'completed';
    let error: Error | null = null;
    try {
      for (const [at, step] of this.#job.steps.entries()) {
        if (this.#stopAs !== null) break;
        await this.#doStep(at, step);
      }
      end = this.#stopAs ?? 'completed';
    } catch (thrown) {
      end = this.#stopAs ?? (thrown instanceof Overtaken ? 'lost' : 'failed');
      if (end === 'failed') error = thrown instanceof Error ? thrown : new Error(String(thrown));
    }
    const told = end === 'lost' ? end : await this.#end(end, error?.message ?? null);
    beat.stop();
    const tookMs = system.monotonic() - this.#startedAt;
    this.#tell({ type: 'job.ended', status: told, error, tookMs });
    return told;
  }

  /** Writes down how it ended, for as long as nobody else has taken it over: the database may be away just now. */
  async #end(status: Exclude<RunEnd, 'lost'>, lastError: string | null): Promise<RunEnd> {
    const { runs, system } = this.#parts;
    const at = system.now();
    const steps = this.#progress.steps.map((step) =>
      step.status === 'running' ? { ...step, status, ...(status === 'queued' ? {} : { endedAt: at }) } : step,
    );
    const last = steps.find((step) => step.status === status);
    if (last && lastError !== null) last.lastError = lastError;
    const { result } = this.#progress;
    for (let waitMs = AWAY_FIRST_MS; ; waitMs = Math.min(AWAY_MOST_MS, waitMs * 2)) {
      try {
        const ended = { status, lastError, at, steps, result };
        return (await runs.end(this.#run.id, this.#run.fence, ended)) ? status : 'lost';
      } catch {
        // Without an end in the database its lease runs out, and the next runner goes on from the last chunk.
        if (this.#leaving) return 'lost';
        await this.#pause(waitMs);
      }
    }
  }

  async #doStep(at: number, step: Step): Promise<void> {
    const state = this.#progress.steps[at] as StepState;
    if (state.status === 'completed') return;
    const { system } = this.#parts;
    const context: StepContext = {
      runId: this.#run.id,
      params: this.#run.params,
      by: this.#run.by,
      system,
      signal: this.#aborted.signal,
    };
    const total =
      state.total ??
      (step.total ? await this.#tried(at, step, async () => (await step.total?.(context)) ?? null) : null);
    const startedAt = state.startedAt ?? system.now();
    await this.#commit(at, { ...this.#step(at), status: 'running', total, startedAt, endedAt: null });
    this.#tell({ type: 'step.started', step: step.name, total });
    while (this.#stopAs === null && this.#step(at).status === 'running') await this.#chunk(at, step, context);
  }

  #step(at: number): StepState {
    return this.#progress.steps[at] as StepState;
  }

  async #chunk(at: number, step: Step, context: StepContext): Promise<void> {
    const { system, lane } = this.#parts;
    const most =
      this.#job.givesWay === false ? step.chunkSize : await lane.turn(this.#lastMs, context.signal);
    if (this.#stopAs !== null) return;
    const size = Math.max(1, Math.min(step.chunkSize ?? CHUNK_SIZE, most ?? CHUNK_SIZE));
    const from = system.monotonic();
    const done = await this.#tried(at, step, () =>
      doChunk(step, context, this.#step(at).position as Position | null, size),
    );
    this.#lastMs = system.monotonic() - from;
    const next = this.#added(this.#step(at), done);
    await this.#commit(at, next, done.result);
    const { read, written } = done;
    const skipped = Object.values(done.skips).reduce((sum, count) => sum + count, 0);
    this.#tell({ type: 'chunk.done', step: step.name, read, written, skipped, tookMs: this.#lastMs });
  }

  /** The step's state with a chunk in it. Throws when too many items were bad. */
  #added(state: StepState, done: ChunkDone): StepState {
    const skips = { ...state.skips };
    let skipped = state.skipped;
    for (const [reason, count] of Object.entries(done.skips)) {
      skips[reason] = (skips[reason] ?? 0) + count;
      skipped += count;
    }
    const { skipLimit = SKIP_LIMIT } = this.#job;
    const others = this.#progress.steps.filter(({ name }) => name !== state.name);
    const bad = others.reduce((sum, one) => sum + (one.skips[BAD_ITEM] ?? 0), skips[BAD_ITEM] ?? 0);
    if (bad > skipLimit) {
      throw new Error(said('too_many_bad', { limit: skipLimit, raw: String(done.bad) }));
    }
    const { system } = this.#parts;
    return {
      ...state,
      status: done.done ? 'completed' : 'running',
      position: done.position,
      read: state.read + done.read,
      written: state.written + done.written,
      skipped,
      skips,
      chunks: state.chunks + 1,
      busyMs: Math.round(state.busyMs + this.#lastMs),
      endedAt: done.done ? system.now() : null,
      lastError: done.bad ?? state.lastError,
    };
  }

  /** Only what is stored is known here: a chunk whose commit was refused has not been. */
  async #commit(at: number, state: StepState, result: Record<string, unknown> = {}): Promise<void> {
    const { runs, leaseMs } = this.#parts;
    const steps = this.#progress.steps.with(at, state);
    const progress = { steps, result: { ...this.#progress.result, ...result } };
    const { id, fence } = this.#run;
    const stored = await this.#whileThere(() => runs.checkpoint(id, fence, progress, leaseMs));
    if (!stored) throw new Overtaken(`the run ${id} is somebody else's`);
    this.#progress = progress;
  }

  /** What is harmless to do twice, until the database has done it. */
  async #whileThere<T>(run: () => Promise<T>): Promise<T> {
    for (let waitMs = AWAY_FIRST_MS; ; waitMs = Math.min(AWAY_MOST_MS, waitMs * 2)) {
      try {
        return await run();
      } catch (error) {
        if (!mayPass(error) || this.#stopAs !== null) throw error;
        await this.#pause(waitMs);
      }
    }
  }

  #tried<T>(at: number, step: Step, run: () => Promise<T>): Promise<T> {
    const once = async (): Promise<T> => {
      try {
        return await this.#inTime(run(), step.chunkMaxMs ?? CHUNK_MAX_MS, step.name);
      } catch (error) {
        // While the database is away nothing can succeed: the next try waits for it, however long that takes.
        if (mayPass(error)) await this.#whileThere(() => this.#renew());
        throw error;
      }
    };
    const { retryLimit } = this.#job;
    const max = retryLimit === undefined ? this.#parts.retryMax : retryLimit - 1;
    if (max < 1) return once();
    const onRetry = (error: Error): void => this.#noteRetry(at, step.name, error.message);
    const retry = makeRetry({ max, baseMs: this.#parts.retryFirstMs, isTransient: mayPass, onRetry });
    return retry(once, this.#aborted.signal);
  }

  #noteRetry(at: number, step: string, error: string): void {
    const state = this.#step(at);
    const steps = this.#progress.steps.with(at, { ...state, retries: state.retries + 1, lastError: error });
    this.#progress = { ...this.#progress, steps };
    this.#tell({ type: 'chunk.retried', step, error });
  }

  async #renew(): Promise<void> {
    const held = await this.#parts.runs.renew(this.#run.id, this.#run.fence, this.#parts.leaseMs);
    if (held === 'lost') this.stop('lost');
    if (held === 'stop') this.stop('stopped');
  }

  /** `work`, unless it takes too long, or the process leaves and it does not end soon. */
  #inTime<T>(work: Promise<T>, ms: number, step: string): Promise<T> {
    const { system } = this.#parts;
    return new Promise((resolve, reject) => {
      const tooSlow = (): void => reject(new TooSlow(`A chunk of ${step} took longer than ${ms / 1000} s.`));
      const timers = [system.after(ms, tooSlow)];
      const leave = (): void => void timers.push(system.after(LEAVE_MS, tooSlow));
      const { signal } = this.#aborted;
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
      work.then(resolve, reject).finally(() => {
        signal.removeEventListener('abort', leave);
        for (const timer of timers) timer.stop();
      });
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#parts.system.after(ms, resolve));
  }

  #tell(event: OwnEvent): void {
    this.#parts.tell({ runId: this.#run.id, job: this.#job.name, ...event } as JobEvent);
  }
}

function fresh(name: string): StepState {
  return {
    name,
    status: 'waiting',
    position: null,
    total: null,
    read: 0,
    written: 0,
    skipped: 0,
    skips: {},
    chunks: 0,
    retries: 0,
    startedAt: null,
    endedAt: null,
    busyMs: 0,
    lastError: null,
  };
}
