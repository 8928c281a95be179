/** Starts the thread of the distributed recorder. */

import type { System } from '../../ports/system.ts';
import { type RunningThread, startThread } from './start-thread.ts';
import type { RecorderThreadData } from './thread.ts';

export type RecorderSettings = RecorderThreadData;
export type RunningRecorder = RunningThread;

/** The recorder cannot run with these settings; the message says what to do. */
export class RecorderFault extends Error {
  override name = 'RecorderFault';
}

const HEAP_MB = 256;

/** Throws RecorderFault. A thread that dies later is started again; until then that is the `fault`. */
export function startRecorder(settings: RecorderSettings, system: System): Promise<RunningRecorder> {
  const script = new URL('./thread.ts', import.meta.url);
  const fault = (why: string) => new RecorderFault(why);
  return startThread({ script, name: 'recorder', heapMb: HEAP_MB, fault, settings }, system);
}
