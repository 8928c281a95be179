// A log whose durability a test holds in its hand: facts wait until they are let through, or fail, as a disk would.

import type { ClaimWon, Fact } from '../../src/core/event.ts';
import type { LineFact } from '../../src/core/line-fact.ts';
import type { Log, LogState } from '../../src/ports/log.ts';

export interface HandLog extends Log {
  /** the wins that it has on disk, in order */
  durable: ClaimWon[];
  /** what has happened in lines, as it has it on disk, in order */
  lines: LineFact[];
  /** Makes the oldest `count` waiting facts durable, and at least those that failed; all when no count is named. */
  letThrough(count?: number): void;
  /** The disk refuses what waits: everybody is told that it is not known; the facts go on waiting. */
  fail(reason: string): void;
}

export function makeHandLog(): HandLog {
  const state: LogState = { waiting: 0, end: 0, fault: null };
  const durable: ClaimWon[] = [];
  const lines: LineFact[] = [];
  /** how many of the oldest were told that it is not known */
  let failed = 0;
  const pending: { fact: Fact; done: (error: Error | null) => void }[] = [];
  return {
    durable,
    lines,
    state: () => state,
    append(fact, done) {
      state.waiting += 1;
      pending.push({ fact, done });
    },
    letThrough(count = pending.length) {
      if (count === 0) return;
      const through = pending.splice(0, Math.max(count, failed));
      failed = 0;
      state.fault = null;
      for (const { fact, done } of through) {
        if (fact.type === 'claim.won') durable.push(fact);
        else lines.push(fact);
        state.waiting -= 1;
        state.end += 1;
        done(null);
      }
    },
    fail(reason) {
      if (pending.length === 0) return;
      failed = pending.length;
      state.fault = reason;
      for (const entry of pending) {
        const { done } = entry;
        entry.done = () => undefined;
        done(new Error(reason));
      }
    },
    flush: async () => state.end,
    onDurable: () => undefined,
    trim: async () => undefined,
    close: async () => undefined,
  };
}
