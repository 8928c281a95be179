/** Starts the thread of the distributed recorder, keeps it running, and knows how far it is. */

import { Worker } from 'node:worker_threads';
import type { System } from '../../ports/system.ts';
import type { FromThread, RecorderProgress, RecorderThreadData } from './thread.ts';

export type RecorderSettings = RecorderThreadData;

export interface RunningRecorder {
  /** as told last, at most about 0.1 s ago while something happens */
  state(): RecorderProgress;
  /** What was read is stored, the leases are given back. It takes as long as the database does, at most 10 s. */
  stop(): Promise<void>;
}

/** The recorder cannot run with these settings; the message says what to do. */
export class RecorderFault extends Error {
  override name = 'RecorderFault';
}

const STOP_MAX_MS = 10_000;
const AGAIN_MS = 1_000;
const HEAP_MB = 256;

/** Throws RecorderFault. A thread that dies later is started again; until then that is the `fault`. */
export async function startRecorder(settings: RecorderSettings, system: System): Promise<RunningRecorder> {
  const recorder = new RecorderThread(settings, system);
  await recorder.start();
  return recorder;
}

class RecorderThread implements RunningRecorder {
  readonly #settings: RecorderSettings;
  readonly #system: System;
  #state: RecorderProgress = { partitions: [], members: 0, fault: null };
  #thread: Worker | null = null;
  #stopping = false;
  #stopped: () => void = () => undefined;

  constructor(settings: RecorderSettings, system: System) {
    this.#settings = settings;
    this.#system = system;
  }

  state(): RecorderProgress {
    return this.#state;
  }

  async start(): Promise<void> {
    const thread = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: this.#settings,
      resourceLimits: { maxYoungGenerationSizeMb: 64, maxOldGenerationSizeMb: HEAP_MB },
    });
    this.#thread = thread;
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new RecorderFault(why));
      thread.on('message', (message: FromThread) => {
        if ('ready' in message) resolve();
        else if ('stopped' in message) this.#stopped();
        else if ('fatal' in message) fail(message.fatal);
        else this.#state = message;
      });
      thread.on('error', (error) => this.#died(thread, error.message, fail));
      thread.on('exit', () => this.#died(thread, 'it ended', fail));
    }).catch(async (error: unknown) => {
      this.#thread = null;
      await thread.terminate();
      throw error;
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const thread = this.#thread;
    if (thread === null) return;
    await new Promise<void>((resolve) => {
      this.#stopped = resolve;
      thread.postMessage('stop');
      this.#system.after(STOP_MAX_MS, resolve);
    });
    this.#thread = null;
    await thread.terminate();
  }

  /** What it was about is not in the record and comes again; its leases run out or are renewed. */
  #died(thread: Worker, why: string, fail: (why: string) => void): void {
    fail(why);
    if (this.#thread !== thread) return;
    this.#thread = null;
    this.#stopped();
    if (this.#stopping) return;
    this.#state = { ...this.#state, partitions: [], fault: `the recorder's thread died: ${why}` };
    this.#again();
  }

  #again(): void {
    this.#system.after(AGAIN_MS, () => {
      if (this.#stopping) return;
      this.start().catch((error: Error) => {
        this.#state = { ...this.#state, fault: error.message };
        this.#again();
      });
    });
  }
}
