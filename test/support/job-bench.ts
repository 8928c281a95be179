// Runs of jobs in a SQLite file of the test's own, and jobs made by hand: a list of items that are written into a map,
// so that what was done twice is seen.

import { join } from 'node:path';
import { Type } from 'typebox';
import { onTestFinished } from 'vitest';
import { makeSqlJobRuns } from '../../src/adapters/sql/job-runs.ts';
import { makeSqlJobSchedules } from '../../src/adapters/sql/job-schedules.ts';
import { makeSqlOperators } from '../../src/adapters/sql/operators.ts';
import { openRecordFile } from '../../src/adapters/sqlite/record-file.ts';
import type { Job, Step } from '../../src/jobs/job.ts';
import { dataFolder } from './data-folder.ts';
import { noteSqlite } from './note-sqlite.ts';

export async function makeSqliteJobRuns() {
  const { db } = await openRecordFile(join(dataFolder(), 'record.db'));
  noteSqlite();
  onTestFinished(() => db.destroy());
  return {
    db,
    runs: makeSqlJobRuns(db),
    schedules: makeSqlJobSchedules(db),
    operators: makeSqlOperators(db),
  };
}

export interface ListJob {
  job: Job;
  /** how often each item was written */
  written: Map<number, number>;
  /** chunks that were begun, by their first item */
  begun: number[];
}

/** A job of one step over the numbers 1 … `size`. */
export function listJob(size: number, step: Partial<Step<number>> = {}, over: Partial<Job> = {}): ListJob {
  const written = new Map<number, number>();
  const begun: number[] = [];
  const whole: Step<number> = {
    name: 'count',
    chunkSize: 10,
    total: async () => size,
    async read(_context, position, most) {
      const first = Number(position ?? 0) + 1;
      const items = Array.from({ length: Math.min(most, size - first + 1) }, (_, i) => first + i);
      begun.push(first);
      const last = first + items.length - 1;
      return { items, position: last, done: last >= size };
    },
    async write(_context, items) {
      for (const item of items) written.set(item, (written.get(item) ?? 0) + 1);
      return { written: items.length };
    },
    ...step,
  };
  const job: Job = {
    name: 'list',
    summary: 'Counts',
    params: Type.Object({}, { additionalProperties: false }),
    steps: [whole],
    ...over,
  };
  return { job, written, begun };
}
