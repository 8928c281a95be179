/** Puts the shared SQL ports on a database that others use at the same time: what somebody's lock undid is done again. */

import type { System } from '../../ports/system.ts';
import type { MysqlAddress } from './address.ts';
import { recordFault } from './faults.ts';
import { retried } from './retry.ts';

const TRIES = 5;

type Methods = Record<string, (...args: unknown[]) => Promise<unknown>>;

/**
 * `port` with every method tried again after a deadlock or a lock that was not had, when nothing of it was done, and
 * with RecordFault for what may pass. After a broken connection nothing is tried again: it may have been done.
 */
export function steady<T extends object>(port: T, address: MysqlAddress, system: System): T {
  const rule = { kinds: ['contention'], tries: TRIES } as const;
  const methods = Object.entries(port as Methods).map(([name, method]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await retried(system, rule, () => method(...args));
      } catch (error) {
        throw recordFault(error, address);
      }
    },
  ]);
  return Object.fromEntries(methods) as T;
}
