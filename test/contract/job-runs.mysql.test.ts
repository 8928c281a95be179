// Protects: runs of jobs and their schedules in MariaDB keep the promises of ports/job-runs and ports/job-schedules.

import { makeSqlOperators } from '../../src/adapters/sql/operators.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { mysqlStoredPorts } from '../../src/main/stored-ports.ts';
import { jobRunsContract } from '../support/contract/job-runs.ts';
import { inMariaDb } from '../support/in-mariadb.ts';

await inMariaDb((emptied) => {
  jobRunsContract('MariaDB', async () => {
    const mysql = await emptied('job_runs', 'job_schedules', 'audit');
    const { jobRuns, jobSchedules } = mysqlStoredPorts(mysql, makeSystem());
    return { runs: jobRuns, schedules: jobSchedules, operators: makeSqlOperators(mysql.db) };
  });
});
