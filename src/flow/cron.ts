/** When a schedule's time comes, by a cron expression and a time zone. */

import { Cron } from 'croner';

/** What is wrong with them; null: nothing. */
export function cronFault(
  cron: string,
  timeZone: string,
): { field: 'cron' | 'timeZone'; says: string } | null {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    return { field: 'timeZone', says: 'Name a time zone as IANA does: Asia/Seoul.' };
  }
  try {
    const next = new Cron(cron, { timezone: timeZone, paused: true }).nextRun();
    return next === null ? { field: 'cron', says: 'This time never comes.' } : null;
  } catch (error) {
    return { field: 'cron', says: `Not a cron expression. ${(error as Error).message}` };
  }
}

/** The first time after `after`, epoch ms; null: never. */
export function nextTime(cron: string, timeZone: string, after: number): number | null {
  return new Cron(cron, { timezone: timeZone, paused: true }).nextRun(new Date(after))?.getTime() ?? null;
}
