/** When jobs run by themselves. Of many processes that see that a time has come, one makes the run. */

import type { Asked, NewRun } from './job-runs.ts';
import type { AuditLine } from './operators.ts';

export interface JobSchedule {
  /** its name; a job's usual schedule has the job's */
  id: string;
  job: string;
  params: Record<string, unknown>;
  /** five fields, or six with seconds before them */
  cron: string;
  /** IANA name: `Asia/Seoul` */
  timeZone: string;
  enabled: boolean;
  /** up to here its times are done with */
  doneUntil: number;
}

export interface JobSchedules {
  list(): Promise<JobSchedule[]>;
  /** Makes it or changes it. */
  put(schedule: JobSchedule, audit: AuditLine): Promise<void>;
  /** Makes it if there is none of its id. */
  putUsual(schedule: JobSchedule): Promise<void>;
  /** False: there is none. */
  remove(id: string, audit: AuditLine): Promise<boolean>;
  /** Asks for the run if nobody has done so since `seen`, in one with moving `doneUntil`; null: somebody has.
   * Of what runs often, old completed runs are forgotten. */
  fire(id: string, seen: number, until: number, run: NewRun): Promise<Asked | null>;
}
