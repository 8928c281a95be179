/** Reads DIBS_RATE_LIMIT. */

import type { Rate } from '../core/rate.ts';
import type { RateLimit } from './config.ts';

/** What `auto` means on an address that others can reach. */
export const publicRateLimit = 'user=10/s,ip=200/s';

const periods: Record<string, number> = { s: 1000, m: 60_000 };

/** `user=10/s,ip=200/s` in any order, each part at most once; undefined when it is nothing of the kind. */
export function parseRateLimit(text: string): RateLimit | undefined {
  const limit: RateLimit = {};
  for (const part of text.split(',')) {
    const [, who, tries, unit = ''] = /^\s*(user|ip)\s*=\s*(\d{1,9})\s*\/\s*([sm])\s*$/.exec(part) ?? [];
    const periodMs = periods[unit];
    if ((who !== 'user' && who !== 'ip') || limit[who] || Number(tries) === 0 || periodMs === undefined)
      return undefined;
    limit[who] = { tries: Number(tries), periodMs };
  }
  return limit;
}

/** The other way round, for people: `off` when nothing is limited. */
export function showRateLimit(limit: RateLimit): string {
  const show = (who: string, rate: Rate | undefined) =>
    rate ? [`${who}=${rate.tries}/${rate.periodMs === 1000 ? 's' : 'm'}`] : [];
  return [...show('user', limit.user), ...show('ip', limit.ip)].join(',') || 'off';
}
