/** Runs of jobs with their steps, and the files that they read and write. */

import type { Ddl } from './ddl.ts';
import type { FileTables } from './files.ts';
import { FILES_DDL } from './files.ts';

export const JOBS_DDL: Ddl = { sqlite: [...FILES_DDL.sqlite], mysql: [...FILES_DDL.mysql] };

export interface JobTables extends FileTables {}
