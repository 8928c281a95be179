/** What the runner tells while it works: for the log, for metrics and for whoever watches in this process. */

import type { RunStatus } from '../ports/job-runs.ts';

export type JobEvent = { runId: string; job: string } & (
  | { type: 'job.started'; by: string; starts: number }
  | { type: 'step.started'; step: string; total: number | null }
  | { type: 'chunk.done'; step: string; read: number; written: number; skipped: number; tookMs: number }
  | { type: 'chunk.retried'; step: string; error: string }
  /** `queued`: given back, somebody else goes on. `lost`: somebody else has it already */
  | {
      type: 'job.ended';
      status: Exclude<RunStatus, 'running'> | 'lost';
      error: Error | null;
      tookMs: number;
    }
);

/** What is told of a run whose id and job are known: each kind by itself, which a plain Omit would merge. */
export type OwnEvent<E = JobEvent> = E extends JobEvent ? Omit<E, 'runId' | 'job'> : never;
