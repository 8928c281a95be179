/** Waiting for the recorder: what was told a moment ago is in the record a moment later, and some calls need it there. */

import type { Log } from '../ports/log.ts';
import type { System } from '../ports/system.ts';

/** Resolves with true when everything the log held at the call is recorded, with false when that took too long. */
export type CatchUp = (patienceMs: number) => Promise<boolean>;

export interface CatchUpParts {
  system: System;
  log: Log;
  recordUpTo(offset: number): Promise<void>;
}

export function makeCatchUp({ system, log, recordUpTo }: CatchUpParts): CatchUp {
  const caughtUp = async (): Promise<boolean> => {
    await recordUpTo(await log.flush());
    return true;
  };
  return (patienceMs) => {
    const tooLong = new Promise<boolean>((resolve) => system.after(patienceMs, () => resolve(false)));
    return Promise.race([caughtUp().catch(() => false), tooLong]);
  };
}
