/** What is kept beside campaigns and claims, in the same database: for whatever comes after the win. */

import type { Files } from './files.ts';
import type { JobRuns } from './job-runs.ts';
import type { JobSchedules } from './job-schedules.ts';
import type { Outbox } from './outbox.ts';

export interface StoredPorts {
  outbox: Outbox;
  files: Files;
  jobRuns: JobRuns;
  jobSchedules: JobSchedules;
}
