/** Starts a thread that takes partitions into the record, keeps it running, and knows how far it is. */

import { Worker } from 'node:worker_threads';
import { said } from '../../core/said.ts';
import type { System } from '../../ports/system.ts';
import type { FromThread, ThreadProgress } from './run-partitions.ts';

export interface ThreadParts {
  script: URL;
  /** for people */
  name: string;
  /** of what lives long, at most */
  heapMb: number;
  settings: object;
  /** why it could not start; the message says what to do */
  fault(why: string): Error;
}

export interface RunningThread {
  /** as told last, at most about 0.1 s ago while something happens */
  state(): ThreadProgress;
  /** What was read is stored, the leases are given back. It takes as long as the database does, at most 10 s. */
  stop(): Promise<void>;
}

const STOP_MAX_MS = 10_000;
const AGAIN_MS = 1_000;
const YOUNG_MB = 64;

/** Throws the thread's fault. A thread that dies later is started again; until then that is the `fault` of its state. */
export async function startThread(parts: ThreadParts, system: System): Promise<RunningThread> {
  const thread = new LastingThread(parts, system);
  await thread.start();
  return thread;
}

class LastingThread implements RunningThread {
  readonly #parts: ThreadParts;
  readonly #system: System;
  #state: ThreadProgress = { partitions: [], members: 0, fault: null };
  #thread: Worker | null = null;
  #stopping = false;
  #stopped: () => void = () => undefined;

  constructor(parts: ThreadParts, system: System) {
    this.#parts = parts;
    this.#system = system;
  }

  state(): ThreadProgress {
    return this.#state;
  }

  async start(): Promise<void> {
    const { script, settings, heapMb, fault } = this.#parts;
    const thread = new Worker(script, {
      workerData: settings,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB, maxOldGenerationSizeMb: heapMb },
    });
    this.#thread = thread;
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(fault(why));
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
    this.#state = {
      ...this.#state,
      partitions: [],
      fault: said('thread_died', { thread: this.#parts.name, raw: why }),
    };
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
