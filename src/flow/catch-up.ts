/** Waiting for the recorder: what was told a moment ago is in the record a moment later, and some calls need it there. */

import type { Log } from '../ports/log.ts';
import type { System } from '../ports/system.ts';

/** How far the recorder is: `next` is the log offset it reads from, `end` the log's. */
export interface RecorderState {
  next: number;
  end: number;
  lagMs: number;
}

const STEP_MS = 4;

/** Resolves with true when everything the log held at the call is recorded, with false when that took too long. */
export type CatchUp = (patienceMs: number) => Promise<boolean>;

export function makeCatchUp(parts: { system: System; log: Log; recorderState(): RecorderState }): CatchUp {
  const { system, log, recorderState } = parts;
  return async (patienceMs) => {
    const until = system.monotonic() + patienceMs;
    const goal = await Promise.race([log.flush(), rest(system, patienceMs)]);
    for (;;) {
      if (goal !== null && recorderState().next >= goal) return true;
      if (goal === null || system.monotonic() >= until) return false;
      await rest(system, STEP_MS);
    }
  };
}

function rest(system: System, ms: number): Promise<null> {
  return new Promise((resolve) => system.after(ms, () => resolve(null)));
}
