/** What has to be done again and again, one at a time, for as long as the process lives. */

import type { System } from '../ports/system.ts';

export interface Repeated {
  /** Do it now, if it is not being done; and if it is, once more after that. */
  poke(): void;
  /** Resolves when it will not be done any more. */
  stop(): Promise<void>;
}

/** Runs `run` at once and then `everyMs` after each end of it. It must not reject. */
export function repeat(system: System, everyMs: number, run: () => Promise<void>): Repeated {
  let stopped = false;
  let asked = false;
  let running: Promise<void> | null = null;
  let timer = system.after(0, start);

  function start(): void {
    timer.stop();
    asked = false;
    running = run().finally(() => {
      running = null;
      if (stopped) return;
      if (asked) start();
      else timer = system.after(everyMs, start);
    });
  }

  return {
    poke() {
      if (stopped) return;
      if (running) asked = true;
      else start();
    },
    async stop() {
      stopped = true;
      timer.stop();
      await running;
    },
  };
}
