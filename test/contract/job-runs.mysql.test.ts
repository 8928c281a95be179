// Protects: runs of jobs and their schedules in MariaDB keep the promises of ports/job-runs and ports/job-schedules.

import { afterAll, describe } from 'vitest';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import { makeSqlOperators } from '../../src/adapters/sql/operators.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { mysqlStoredPorts } from '../../src/main/stored-ports.ts';
import { jobRunsContract } from '../support/contract/job-runs.ts';

const maria = await startOrSkip(() => startMariaDb());
let opened: Promise<Mysql> | undefined;

afterAll(async () => {
  await (await opened)?.close();
  await maria?.stop();
});

describe.skipIf(maria === null)('in MariaDB', () => {
  if (!maria) return;
  jobRunsContract('MariaDB', async () => {
    opened ??= openMysql(maria.url);
    const mysql = await opened;
    for (const table of ['job_runs', 'job_schedules', 'audit'] as const)
      await mysql.db.deleteFrom(table).execute();
    const { jobRuns, jobSchedules } = mysqlStoredPorts(mysql, makeSystem());
    return { runs: jobRuns, schedules: jobSchedules, operators: makeSqlOperators(mysql.db) };
  });
});
