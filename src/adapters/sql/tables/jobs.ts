/** Runs of jobs with their steps, when jobs run by themselves, and the files that they read and write. */

import type { Ddl } from './ddl.ts';
import type { FileTables } from './files.ts';
import { FILES_DDL } from './files.ts';

/** `live_key` is there while a run waits or runs: two of the same work cannot. `id` is in the order of their making. */
const SQLITE = [
  `CREATE TABLE IF NOT EXISTS job_runs (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    params TEXT NOT NULL,
    params_key TEXT NOT NULL,
    live_key TEXT UNIQUE,
    status TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    starts INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    fence INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER NOT NULL DEFAULT 0,
    stop_asked INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    result TEXT NOT NULL,
    steps TEXT NOT NULL
  ) WITHOUT ROWID`,
  'CREATE INDEX IF NOT EXISTS job_runs_job ON job_runs (job, id)',
  'CREATE INDEX IF NOT EXISTS job_runs_status ON job_runs (status, id)',
  'CREATE INDEX IF NOT EXISTS job_runs_same ON job_runs (params_key, id)',
  `CREATE TABLE IF NOT EXISTS job_schedules (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    params TEXT NOT NULL,
    cron TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    done_until INTEGER NOT NULL
  ) WITHOUT ROWID`,
];

const MYSQL = [
  `CREATE TABLE IF NOT EXISTS job_runs (
    id VARBINARY(64) NOT NULL PRIMARY KEY,
    job VARBINARY(64) NOT NULL,
    params MEDIUMTEXT NOT NULL,
    params_key VARBINARY(128) NOT NULL,
    live_key VARBINARY(128) UNIQUE,
    status VARCHAR(16) NOT NULL,
    asked_by VARCHAR(255) NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    starts INT NOT NULL DEFAULT 0,
    owner VARBINARY(255),
    fence BIGINT NOT NULL DEFAULT 0,
    lease_until BIGINT NOT NULL DEFAULT 0,
    stop_asked TINYINT NOT NULL DEFAULT 0,
    last_error TEXT,
    result MEDIUMTEXT NOT NULL,
    steps MEDIUMTEXT NOT NULL,
    INDEX job_runs_job (job, id),
    INDEX job_runs_status (status, id),
    INDEX job_runs_same (params_key, id)
  )`,
  `CREATE TABLE IF NOT EXISTS job_schedules (
    id VARBINARY(64) NOT NULL PRIMARY KEY,
    job VARBINARY(64) NOT NULL,
    params MEDIUMTEXT NOT NULL,
    cron VARCHAR(255) NOT NULL,
    time_zone VARCHAR(64) NOT NULL,
    enabled TINYINT NOT NULL,
    done_until BIGINT NOT NULL
  )`,
];

export const JOBS_DDL: Ddl = {
  sqlite: [...SQLITE, ...FILES_DDL.sqlite],
  mysql: [...MYSQL, ...FILES_DDL.mysql],
};

export interface JobRunsTable {
  id: string;
  job: string;
  /** JSON, as are `result` and `steps` */
  params: string;
  /** of the job and the params that identify the run */
  params_key: string;
  live_key: string | null;
  status: string;
  asked_by: string;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  starts: number;
  owner: string | null;
  fence: number;
  /** by the database's clock */
  lease_until: number;
  stop_asked: number;
  last_error: string | null;
  result: string;
  steps: string;
}

export interface JobSchedulesTable {
  id: string;
  job: string;
  params: string;
  cron: string;
  time_zone: string;
  enabled: number;
  done_until: number;
}

export interface JobTables extends FileTables {
  job_runs: JobRunsTable;
  job_schedules: JobSchedulesTable;
}
