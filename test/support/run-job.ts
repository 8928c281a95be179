// A job run to its end without a runner: chunk after chunk, with the counts that a runner would commit. A chunk may be
// broken off, as by a kill -9 between its writing and its commit: it is done again from the committed position.

import { doChunk } from '../../src/jobs/chunk.ts';
import type { Job, Position, Step, StepContext } from '../../src/jobs/job.ts';
import type { System } from '../../src/ports/system.ts';

export interface StepCounts {
  read: number;
  written: number;
  chunks: number;
  skips: Record<string, number>;
}

export interface RanJob {
  steps: Record<string, StepCounts>;
  /** what each step said before it began that it would read; null: it did not know */
  totals: Record<string, number | null>;
  result: Record<string, unknown>;
}

export interface RunOptions {
  params: Record<string, unknown>;
  system: System;
  runId?: string;
  /** chunks of each step that are written and then forgotten, once: 0, 1, 2 … */
  brokenOff?: readonly number[];
  /** items in a chunk at most, as while a drop is hot */
  size?: number;
  /** where the run stands, kept by the caller: a run that threw goes on there */
  at?: Map<string, { position: Position | null; done: boolean; counts: StepCounts }>;
}

/** Runs `job`; throws what a step throws. */
export async function runToEnd(job: Job, options: RunOptions): Promise<RanJob> {
  const { params, system, runId = 'run-1', brokenOff = [], size = Number.POSITIVE_INFINITY } = options;
  const at = options.at ?? new Map();
  const ran: RanJob = { steps: {}, totals: {}, result: {} };
  const context: StepContext = { runId, params, by: 'env', system, signal: new AbortController().signal };
  for (const step of job.steps as unknown as Step[]) {
    const state = at.get(step.name) ?? {
      position: null,
      done: false,
      counts: { read: 0, written: 0, chunks: 0, skips: {} },
    };
    at.set(step.name, state);
    if (!state.done) ran.totals[step.name] = (await step.total?.(context)) ?? null;
    while (!state.done) {
      const most = Math.min(step.chunkSize ?? 100, size);
      if (brokenOff.includes(state.counts.chunks)) await doChunk(step, context, state.position, most);
      const done = await doChunk(step, context, state.position, most);
      state.counts.read += done.read;
      state.counts.written += done.written;
      state.counts.chunks += 1;
      for (const [reason, count] of Object.entries(done.skips))
        state.counts.skips[reason] = (state.counts.skips[reason] ?? 0) + count;
      Object.assign(ran.result, done.result);
      Object.assign(state, { position: done.position, done: done.done });
    }
    ran.steps[step.name] = state.counts;
  }
  return ran;
}
