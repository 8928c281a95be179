/** Runs of jobs with their steps, and the files that they read and write. */

import type { Ddl } from './ddl.ts';

export const JOBS_DDL: Ddl = { sqlite: [], mysql: [] };

export type JobTables = Record<never, never>;
