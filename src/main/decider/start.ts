/** Starts the thread of the distributed decider. */

import type { System } from '../../ports/system.ts';
import { PartFault } from '../part-fault.ts';
import { type RunningThread, startThread } from '../recorder/start-thread.ts';
import type { DeciderThreadData } from './thread.ts';

export type DeciderSettings = DeciderThreadData;
export type RunningDecider = RunningThread;

/** Room for the holders of its campaigns: some 100 bytes each. */
const HEAP_MB = 4_096;

/** Throws PartFault. A thread that dies later is started again; until then that is the `fault`. */
export function startDecider(settings: DeciderSettings, system: System): Promise<RunningDecider> {
  const script = new URL('./thread.ts', import.meta.url);
  const fault = (why: string) => new PartFault(why);
  return startThread({ script, name: 'decider', heapMb: HEAP_MB, fault, settings }, system);
}
