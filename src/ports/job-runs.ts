/**
 * Runs of batch jobs, kept where the record is. One runner at a time has a run: whoever claims it raises its fence and
 * has it until a time by the database's clock; what somebody writes who was overtaken is refused by the fence. A run's
 * steps, counts and positions are one value that is stored at once, so a chunk counts when it is committed and only then.
 */

import type { RunStatus } from '../core/run-status.ts';
import type { AuditLine } from './operators.ts';

export type { RunStatus };

export interface StepState {
  name: string;
  status: 'waiting' | RunStatus;
  /** where the next chunk begins, as the job's step wrote it; null: at its beginning */
  position: unknown;
  /** items in all; null: not known */
  total: number | null;
  read: number;
  written: number;
  skipped: number;
  /** of those skipped, by reason; `bad_item` for those that could not be done */
  skips: Record<string, number>;
  chunks: number;
  /** tries of chunks beyond the first */
  retries: number;
  startedAt: number | null;
  endedAt: number | null;
  /** spent on its chunks, without waiting for others */
  busyMs: number;
  /** the last thing that went wrong in it */
  lastError: string | null;
}

export interface JobRun {
  id: string;
  job: string;
  params: Record<string, unknown>;
  /** a hash of the params that identify it */
  paramsKey: string;
  status: RunStatus;
  /** id of the operator key, or `schedule` */
  by: string;
  createdAt: number;
  /** of its first start; null: it has never run */
  startedAt: number | null;
  endedAt: number | null;
  /** times it was taken by a runner */
  starts: number;
  owner: string | null;
  fence: number;
  stopAsked: boolean;
  lastError: string | null;
  /** what it has found or made, told by its steps */
  result: Record<string, unknown>;
  /** empty before the first start */
  steps: StepState[];
}

export interface NewRun {
  id: string;
  job: string;
  params: Record<string, unknown>;
  paramsKey: string;
  by: string;
  at: number;
  /** completed once, it is not done again */
  once: boolean;
}

/** `made`: a new run. `restarted`: the failed or stopped one goes on. `running`, `completed`: nothing was changed. */
export interface Asked {
  kind: 'made' | 'restarted' | 'running' | 'completed';
  run: JobRun;
}

/** What is committed with each chunk. */
export interface Progress {
  steps: StepState[];
  result: Record<string, unknown>;
}

/** `lost`: somebody else has it, or it has ended; nothing was written. */
export type Held = 'held' | 'stop' | 'lost';

export interface JobRuns {
  /** Queues a run unless the same work is under way; at most one run of a params key waits or runs. */
  ask(run: NewRun, audit: AuditLine | null): Promise<Asked>;
  /** Takes the oldest run that waits, or whose runner's time is over; of many who ask, one gets it. With `alone`: nobody
   * else can be alive, so every run of another owner is free. */
  claim(owner: string, leaseMs: number, alone: boolean, at: number): Promise<JobRun | null>;
  /** Keeps it, and asks whether it is to stop. */
  renew(id: string, fence: number, leaseMs: number): Promise<Held>;
  /** Stores what was done. False: lost, and nothing was written. */
  checkpoint(id: string, fence: number, progress: Progress, leaseMs: number): Promise<boolean>;
  /** Its end, or with `queued` giving it back to whoever comes next. False: lost. */
  end(id: string, fence: number, ended: Ended): Promise<boolean>;
  /** A run that waits is stopped at once, one that runs is asked to; null: there is no such run. `changed` is false when
   * it had ended before. */
  stop(id: string, audit: AuditLine): Promise<{ changed: boolean; run: JobRun } | null>;
  get(id: string): Promise<JobRun | null>;
  /** Newest first, of one job or of all, before the run `before`. */
  list(job: string | null, before: string | null, limit: number): Promise<JobRun[]>;
  /** The newest run of each job. */
  newest(): Promise<JobRun[]>;
  /** Runs by status, and since when the one that waits longest has waited. */
  figures(): Promise<{ counts: Record<string, number>; oldestQueuedAt: number | null }>;
}

export interface Ended extends Progress {
  status: Exclude<RunStatus, 'running'>;
  lastError: string | null;
  at: number;
}
