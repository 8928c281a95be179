/** ports/cron by croner, which knows about hours that a time zone skips and hours that it has twice. */

import { Cron as Croner } from 'croner';
import type { Cron } from '../../ports/cron.ts';

const read = (expression: string, timezone: string): Croner =>
  new Croner(expression, { timezone, paused: true });

export const cron: Cron = {
  next: (expression, timeZone, after) =>
    read(expression, timeZone).nextRun(new Date(after))?.getTime() ?? null,
  fault(expression, timeZone) {
    try {
      new Intl.DateTimeFormat('en', { timeZone });
    } catch {
      return { field: 'timeZone', says: 'Name a time zone as IANA does: Asia/Seoul.' };
    }
    try {
      const comes = read(expression, timeZone).nextRun() !== null;
      return comes ? null : { field: 'cron', says: 'This time never comes.' };
    } catch (error) {
      return { field: 'cron', says: `Not a cron expression. ${(error as Error).message}` };
    }
  },
};
