/** When a schedule's time comes, by a cron expression of five fields, or six with seconds before them, and a time zone. */

export interface Cron {
  /** The first time after `after`, epoch ms; null: never. */
  next(expression: string, timeZone: string, after: number): number | null;
  /** What is wrong with them; null: nothing. */
  fault(expression: string, timeZone: string): CronFault | null;
}

export interface CronFault {
  field: 'cron' | 'timeZone';
  /** one sentence */
  says: string;
}
