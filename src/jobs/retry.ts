/**
 * Trying again what a part could not do just now: a bounded number of times, ever later, and by chance not in step with
 * others. For what may be done twice; what is still not done then is for whoever asked.
 */

import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { mayPass } from './faults.ts';

export interface RetryRule {
  /** tries after the first */
  max: number;
  /** the first wait, about; each further one about twice as long, at most {@link LATEST_MS} */
  baseMs: number;
  /** which faults are worth another try; absent: those that may pass */
  isTransient?: (error: Error) => boolean;
  /** told of each fault that is tried again, with the number of tries so far */
  onRetry?: (error: Error, tries: number) => void;
}

/** Runs something until it succeeds, fails for good, was tried often enough, or is aborted; the last fault is thrown. */
export type Retry = <T>(run: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

const LATEST_MS = 5_000;
export function makeRetry({ max, baseMs, isTransient = mayPass, onRetry }: RetryRule): Retry {
  const backoff = new ExponentialBackoff({ initialDelay: baseMs, maxDelay: LATEST_MS });
  const policy = retry(
    handleWhen((error) => error instanceof Error && isTransient(error)),
    { maxAttempts: max, backoff },
  );
  if (onRetry !== undefined) {
    policy.onRetry((why) => {
      if ('error' in why) onRetry(why.error as Error, why.attempt);
    });
  }
  return (run, signal) => policy.execute(() => run(), signal);
}
