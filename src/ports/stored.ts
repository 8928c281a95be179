/** What is kept beside campaigns and claims, in the same database: for whatever comes after the win. */

import type { CodeImports, CodePool } from './code-pool.ts';
import type { Coupons } from './coupons.ts';
import type { DeadLetters, DueLetters } from './dead-letters.ts';
import type { Deliveries } from './deliveries.ts';
import type { Figures } from './figures.ts';
import type { Files } from './files.ts';
import type { JobRuns } from './job-runs.ts';
import type { JobSchedules } from './job-schedules.ts';
import type { Outbox } from './outbox.ts';
import type { Retention } from './retention.ts';
import type { Webhooks } from './webhooks.ts';

export interface StoredPorts {
  outbox: Outbox;
  letters: DeadLetters & DueLetters;
  retention: Retention;
  coupons: Coupons;
  codePool: CodePool;
  codeImports: CodeImports;
  files: Files;
  figures: Figures;
  jobRuns: JobRuns;
  jobSchedules: JobSchedules;
  webhooks: Webhooks;
  deliveries: Deliveries;
}
