/** Latency of claims, sampled: one in sixteen is measured, so that measuring costs nothing worth measuring. */

import type { System } from '../ports/system.ts';

const EVERY = 16;

export interface Latency {
  /** Starts measuring one try; 0 when this one is not sampled. */
  start(): number;
  decided(startedAt: number): void;
  answered(startedAt: number, campaignId: string): void;
}

export function makeLatency(
  system: System,
  decision: (ms: number) => void,
  answer: (ms: number, campaignId: string) => void,
): Latency {
  let count = 0;
  return {
    start() {
      count += 1;
      return count % EVERY === 0 ? system.monotonic() : 0;
    },
    decided: (startedAt) => decision(system.monotonic() - startedAt),
    answered: (startedAt, campaignId) => answer(system.monotonic() - startedAt, campaignId),
  };
}
