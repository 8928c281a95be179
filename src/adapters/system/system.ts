/** The real machine behind ports/system. The only file that reads a clock, asks for chance or sets a timer. */

import { randomBytes } from 'node:crypto';
import type { System, Timer } from '../../ports/system.ts';

export function makeSystem(): System {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    randomBytes: (size) => randomBytes(size),
    after(ms, run): Timer {
      const timer = setTimeout(run, ms);
      timer.unref();
      return { stop: () => clearTimeout(timer) };
    },
    every(ms, run): Timer {
      const timer = setInterval(run, ms);
      timer.unref();
      return { stop: () => clearInterval(timer) };
    },
    afterTurn: (run) => {
      setImmediate(run);
    },
  };
}
