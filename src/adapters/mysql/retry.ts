/** Trying again what a database could not do just now: a bounded number of times, ever later, and not in step. */

import type { System } from '../../ports/system.ts';
import { type FaultKind, faultKind } from './faults.ts';

export interface RetryRule {
  /** which faults are worth another try */
  kinds: readonly FaultKind[];
  tries: number;
  /** told of each fault that is tried again */
  onRetry?: ((error: Error) => void) | undefined;
}

const FIRST_MS = 10;
const LATEST_MS = 1_000;

/** Runs `run` until it succeeds, fails for good, or has been tried often enough; the last fault is thrown. */
export async function retried<T>(system: System, rule: RetryRule, run: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await run();
    } catch (error) {
      if (tried >= rule.tries || !rule.kinds.includes(faultKind(error))) throw error;
      rule.onRetry?.(error as Error);
      const most = Math.min(LATEST_MS, FIRST_MS * 2 ** (tried - 1));
      await new Promise<void>((resolve) => system.after(jittered(system, most), resolve));
    }
  }
}

/** Half of it for sure, the rest by chance: two that met once shall not meet again. */
function jittered(system: System, mostMs: number): number {
  return (mostMs * (1 + system.randomBytes(1).readUInt8() / 255)) / 2;
}
