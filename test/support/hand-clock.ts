// A machine whose clock and timers only move when a test says so.

import { randomBytes } from 'node:crypto';
import type { System } from '../../src/ports/system.ts';
import { T0 } from './samples.ts';

export interface HandClock extends System {
  /** Moves the clock by `ms` (back too) and runs what is due by then, in order. */
  move(ms: number): void;
  /** Sets the clock ahead or back, as a time server does: no time passes. */
  step(ms: number): void;
  /** Runs what waits for the end of the turn. */
  turn(): void;
}

interface Due {
  at: number;
  run: () => void;
  everyMs: number | null;
}

export function makeHandClock(start = T0): HandClock {
  let now = start;
  let stepped = 0;
  let due: Due[] = [];
  let turns: (() => void)[] = [];
  const plan = (entry: Due) => {
    due.push(entry);
    return {
      stop: () => {
        due = due.filter((one) => one !== entry);
      },
    };
  };
  return {
    now: () => now + stepped,
    monotonic: () => now - start,
    randomBytes: (size) => randomBytes(size),
    after: (ms, run) => plan({ at: now + ms, run, everyMs: null }),
    every: (ms, run) => plan({ at: now + ms, run, everyMs: ms }),
    afterTurn: (run) => {
      turns.push(run);
    },
    move(ms) {
      const until = now + ms;
      for (;;) {
        const next = due.filter((one) => one.at <= until).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        now = Math.max(now, next.at);
        if (next.everyMs === null) due = due.filter((one) => one !== next);
        else next.at += next.everyMs;
        next.run();
      }
      now = until;
    },
    step(ms) {
      stepped += ms;
    },
    turn() {
      const ready = turns;
      turns = [];
      for (const run of ready) run();
    },
  };
}
