/**
 * The log of one process (ports/log). Facts that arrive while a commit is under way travel in the next one: group commit
 * without a timer, and without added delay when idle. A commit that fails is tried again with the same facts until it
 * holds; meanwhile `fault` is set, the gate is kept closed by flow/claim, and order is never broken.
 */

import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Fact } from '../../core/event.ts';
import type { Log, LogState } from '../../ports/log.ts';
import type { System } from '../../ports/system.ts';
import { encodeFact } from './journal-file.ts';
import type { JournalOrder, JournalReport, JournalThreadData } from './journal-thread.ts';
import { StorageFault } from './open.ts';

type Done = (error: Error | null) => void;

interface Batch {
  lines: string[];
  dones: Done[];
  /** told the end when this batch is durable */
  flushes: ((end: number) => void)[];
}

const emptyBatch = (): Batch => ({ lines: [], dones: [], flushes: [] });

export interface Journal extends Log {
  /** hears the new end of the journal after each commit: hand it to the recorder's thread */
  commits: MessagePort;
  /** Goes on at `offset` at the earliest. For a journal that was lost: what has been read is never numbered again. */
  skipTo(offset: number): Promise<void>;
}

const RETRY_MS = 500;
const EARLY_FACTS = 32;

export async function openJournal(path: string, system: System): Promise<Journal> {
  const { port1, port2 } = new MessageChannel();
  const data: JournalThreadData = { path, commits: port1 };
  const thread = new Worker(new URL('./journal-thread.ts', import.meta.url), {
    workerData: data,
    transferList: [port1],
    // Strings come and go here; what stays is nothing. Without a limit the young generation grows to 3 x 32 MiB.
    resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 },
  });
  const [first] = (await once(thread, 'message')) as [JournalReport];
  if ('fatal' in first) {
    await thread.terminate();
    throw new StorageFault(first.fatal);
  }
  return new SqliteJournal(thread, port2, 'ready' in first ? first.ready : 0, system);
}

class SqliteJournal implements Journal {
  readonly commits: MessagePort;
  readonly #thread: Worker;
  readonly #system: System;
  readonly #state: LogState;
  readonly #listeners: ((end: number) => void)[] = [];
  readonly #gone = Promise.withResolvers<void>();
  #gathering: Batch = emptyBatch();
  #writing: Batch | null = null;
  #turnAsked = false;
  #closed: Promise<void> | null = null;
  #dead: StorageFault | null = null;
  /** tells `close` that nothing waits any more, or that waiting is no use */
  #settled: (() => void) | null = null;
  #skipped: Done | null = null;
  readonly #write = (): void => this.#writeNext();

  constructor(thread: Worker, commits: MessagePort, end: number, system: System) {
    this.commits = commits;
    this.#thread = thread;
    this.#system = system;
    this.#state = { waiting: 0, end, fault: null };
    thread.on('message', (report: JournalReport) => {
      if ('end' in report) this.#committed(report.end);
      else if ('error' in report) this.#failed(report.error);
      else if ('closed' in report) this.#gone.resolve();
    });
    thread.on('error', (error) => this.#died(error.message));
    thread.on('exit', (code) => this.#died(`it ended with ${code}`));
  }

  state(): LogState {
    return this.#state;
  }

  onDurable(listener: (end: number) => void): void {
    this.#listeners.push(listener);
  }

  append(fact: Fact, done: Done): void {
    if (this.#dead !== null) return done(this.#dead);
    this.#state.waiting += 1;
    this.#gathering.lines.push(encodeFact(fact));
    this.#gathering.dones.push(done);
    if (this.#writing !== null) return;
    // Enough for a commit of its own: it is under way while the rest of the turn is still being read.
    if (this.#gathering.lines.length >= EARLY_FACTS) return this.#writeNext();
    if (this.#turnAsked) return;
    this.#turnAsked = true;
    this.#system.afterTurn(this.#write);
  }

  flush(): Promise<number> {
    return new Promise((resolve) => {
      const newest = this.#gathering.lines.length > 0 ? this.#gathering : this.#writing;
      if (newest === null) resolve(this.#state.end);
      else newest.flushes.push(resolve);
    });
  }

  async trim(offset: number): Promise<void> {
    this.#send({ trim: offset });
  }

  skipTo(offset: number): Promise<void> {
    if (offset <= this.#state.end) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#skipped = (error) => (error === null ? resolve() : reject(error));
      this.#send({ skipTo: offset });
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    if (this.#state.waiting > 0 && this.#state.fault === null) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
    }
    this.#send({ close: true });
    await this.#gone.promise;
    await this.#thread.terminate();
  }

  #send(order: JournalOrder): void {
    this.#thread.postMessage(order);
  }

  #writeNext(): void {
    this.#turnAsked = false;
    if (this.#writing !== null || this.#gathering.lines.length === 0) return;
    this.#writing = this.#gathering;
    this.#gathering = emptyBatch();
    this.#send({ append: `[${this.#writing.lines.join(',')}]` });
  }

  #committed(end: number): void {
    const { dones, flushes } = this.#writing ?? emptyBatch();
    this.#writing = null;
    this.#state.end = end;
    this.#state.waiting -= dones.length;
    this.#state.fault = null;
    this.#writeNext();
    for (const done of dones) done(null);
    for (const flushed of flushes) flushed(end);
    for (const listener of this.#listeners) listener(end);
    this.#skipped?.(null);
    if (this.#state.waiting === 0) this.#settled?.();
  }

  /** The same facts are sent again, in front of those that came since; who waited is told that it is not known. */
  #failed(reason: string): void {
    this.#state.fault = reason;
    const error = new StorageFault(reason);
    this.#skipped?.(error);
    const batch = this.#writing;
    if (batch === null) return;
    const dones = batch.dones;
    batch.dones = dones.map(() => () => undefined);
    for (const done of dones) done(error);
    this.#system.after(RETRY_MS, () => this.#send({ append: `[${batch.lines.join(',')}]` }));
    this.#settled?.();
  }

  /** Nothing will be written any more. */
  #died(reason: string): void {
    this.#gone.resolve();
    if (this.#closed !== null || this.#dead !== null) return;
    this.#dead = new StorageFault(`the journal's thread died: ${reason}. Start Dibs again.`);
    this.#state.fault = this.#dead.message;
    const dones = [...(this.#writing?.dones ?? []), ...this.#gathering.dones];
    this.#writing = null;
    this.#gathering = emptyBatch();
    for (const done of dones) done(this.#dead);
  }
}
