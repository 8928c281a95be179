/** Puts the shared SQL ports on a database that others use at the same time: what somebody's lock undid is done again. */

import type { System } from '../../ports/system.ts';
import type { MysqlAddress } from './address.ts';
import { RecordFault, recordFault } from './faults.ts';
import { makeRetried } from './retry.ts';

const TRIES = 5;
/** Somebody is waiting. A database that hangs must not make him hang. */
const CALL_MAX_MS = 2_000;

type Methods = Record<string, (...args: unknown[]) => Promise<unknown>>;

/**
 * `port` with every method tried again after a deadlock or a lock that was not had, when nothing of it was done, and
 * with RecordFault for what may pass. After a broken connection nothing is tried again: it may have been done.
 * A call that is not answered within two seconds, or what `maxMs` says of its method, is a RecordFault too.
 */
export function steady<T extends object>(
  port: T,
  address: MysqlAddress,
  system: System,
  maxMs: Partial<Record<keyof T, number>> = {},
): T {
  const retried = makeRetried({ kinds: ['contention'], tries: TRIES });
  const limits: Record<string, number | undefined> = maxMs;
  const methods = Object.entries(port as Methods).map(([name, method]) => [
    name,
    async (...args: unknown[]) => {
      try {
        const answer = retried(() => method(...args));
        return await inTime(answer, limits[name] ?? CALL_MAX_MS, address, system);
      } catch (error) {
        throw recordFault(error, address);
      }
    },
  ]);
  return Object.fromEntries(methods) as T;
}

/** `answer`, unless it takes too long; then whatever comes of it is for nobody. */
function inTime<T>(answer: Promise<T>, ms: number, { host, port }: MysqlAddress, system: System): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = system.after(ms, () => {
      const what = `The database at ${host}:${port} has not answered for ${ms / 1000} s.`;
      reject(
        new RecordFault(`${what} See whether it is overloaded or cut off; what was asked may be done yet.`),
      );
    });
    const settled = (): void => timer.stop();
    answer.then(resolve, reject).finally(settled);
  });
}
