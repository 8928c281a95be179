/** What a signal means to a server that may be stopping already. */

export type StopStep =
  /** Begin to stop: finish what was taken, store it, end. */
  | 'begin'
  /** It is stopping; nothing changes. */
  | 'wait'
  /** Somebody has no more patience: end now. What was told is on the disk. */
  | 'end';

/** Signals closer together than this are one: the sender, npm and the launcher each pass on the same one. */
const SAME_SIGNAL_MS = 1000;

/** @param now a clock in ms that never goes back */
export function makeStopSteps(now: () => number): (signal: NodeJS.Signals) => StopStep {
  let stopping = false;
  let interruptedAt: number | null = null;
  return (signal) => {
    const begun = stopping;
    stopping = true;
    if (signal === 'SIGINT') {
      if (interruptedAt !== null && now() - interruptedAt > SAME_SIGNAL_MS) return 'end';
      interruptedAt ??= now();
    }
    return begun ? 'wait' : 'begin';
  };
}
