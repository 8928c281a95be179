/** Waiting for the recorder: what was told a moment ago is in the record a moment later, and some calls need it there. */

import type { Log } from '../ports/log.ts';
import { type System, wait } from '../ports/system.ts';

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
    const tooLong = wait(system, patienceMs).then(() => false);
    return Promise.race([caughtUp().catch(() => false), tooLong]);
  };
}

interface Turn {
  now: Promise<boolean>;
  next: Promise<boolean> | null;
}

/**
 * Of many who ask at once each wants to know of a moment that is over: whoever comes while it is being found out waits for
 * the next time, and all of them share that. Nobody waits longer than he asked to.
 */
export function sharedCatchUp(ask: CatchUp, system: Pick<System, 'after'>): CatchUp {
  const turns = new Map<number, Turn>();
  const begin = (patienceMs: number): Promise<boolean> => {
    const now = ask(patienceMs).catch(() => false);
    const turn: Turn = { now, next: null };
    turns.set(patienceMs, turn);
    const done = (): void => {
      if (turn.next === null) turns.delete(patienceMs);
    };
    return now.finally(done);
  };
  return (patienceMs) => {
    const turn = turns.get(patienceMs);
    if (turn === undefined) return begin(patienceMs);
    turn.next ??= turn.now.then(() => begin(patienceMs));
    const tooLong = wait(system, patienceMs).then(() => false);
    return Promise.race([turn.next, tooLong]);
  };
}
