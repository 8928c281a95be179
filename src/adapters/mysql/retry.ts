/** Trying again what a database could not do just now: a bounded number of times, ever later, and not in step. */

import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { type FaultKind, faultKind } from './faults.ts';

export interface RetryRule {
  /** which faults are worth another try */
  kinds: readonly FaultKind[];
  tries: number;
  /** the first wait, about; each further one about twice as long; default 10 */
  baseMs?: number | undefined;
  /** told of each fault that is tried again */
  onRetry?: ((error: Error) => void) | undefined;
}

const FIRST_MS = 10;
const LATEST_MS = 1_000;

export type Retried = <T>(run: () => Promise<T>) => Promise<T>;

/**
 * Runs what it is given until that succeeds, fails for good, or has been tried often enough; the last fault is thrown.
 * How long an answer may take in all is for whoever waits (steady).
 */
export function makeRetried({ kinds, tries, baseMs = FIRST_MS, onRetry }: RetryRule): Retried {
  const backoff = new ExponentialBackoff({ initialDelay: baseMs, maxDelay: LATEST_MS });
  const isWorth = (error: unknown): boolean => kinds.includes(faultKind(error));
  // Its timers keep no process alive: who waits for a database that is gone may leave.
  const policy = retry(handleWhen(isWorth), { maxAttempts: tries - 1, backoff }).dangerouslyUnref();
  if (onRetry !== undefined) {
    policy.onRetry((why) => {
      if ('error' in why) onRetry(why.error as Error);
    });
  }
  return (run) => policy.execute(run);
}
