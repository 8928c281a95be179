// Protects: runs of jobs and their schedules in SQLite keep the promises of ports/job-runs and ports/job-schedules.

import { jobRunsContract } from '../support/contract/job-runs.ts';
import { makeSqliteJobRuns } from '../support/job-bench.ts';

jobRunsContract('SQLite', makeSqliteJobRuns);
