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
  return (patienceMs) => {
    const { end, waiting } = log.state();
    const goal = Math.max(end + waiting, recorderState().end);
    const until = system.monotonic() + patienceMs;
    return new Promise((resolve) => {
      const look = (): void => {
        if (recorderState().next >= goal) resolve(true);
        else if (system.monotonic() >= until) resolve(false);
        else system.after(STEP_MS, look);
      };
      look();
    });
  };
}
