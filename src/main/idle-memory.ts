/**
 * Gives memory back after a rush. V8 collects the garbage of a rush only when more comes, so a process that has just
 * served a million people would stay as large as it was at its worst. When nothing was asked for a while, one full
 * collection is made: it takes tens of milliseconds, at a moment in which nobody waits. The memory is back with the
 * system some ten seconds later.
 */

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { System } from '../ports/system.ts';

const LOOK_MS = 1000;
/** quiet looks in a row before anything is done */
const QUIET_LOOKS = 10;
/** less than this is not worth a pause */
const GROWN_BYTES = 48 * 2 ** 20;

/** `served` counts what was asked of this process: unchanged means quiet. */
export function trimWhenIdle(system: System, served: () => number): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  let before = served();
  let quiet = 0;
  let trimmedTo = 0;
  system.every(LOOK_MS, () => {
    const now = served();
    quiet = now === before ? quiet + 1 : 0;
    before = now;
    if (quiet < QUIET_LOOKS || getHeapStatistics().used_heap_size - trimmedTo < GROWN_BYTES) return;
    collect();
    trimmedTo = getHeapStatistics().used_heap_size;
  });
}
