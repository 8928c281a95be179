/**
 * A file that is only appended to, for whatever is to be durable and in order. What arrives while a commit is under way
 * travels in the next one: group commit without a timer, and without added delay when idle. A commit that fails is tried
 * again with the same rows until it holds; meanwhile `fault` is set, and order is never broken.
 */

import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { LogState } from '../../ports/log.ts';
import type { System } from '../../ports/system.ts';
import type { JournalOrder, JournalReport, JournalThreadData } from './journal-thread.ts';
import { StorageFault } from './open.ts';

type Done<At> = (error: Error | null, at: At | null) => void;

/** What travels in one commit, while it comes together. */
export interface Gathering<Item, At> {
  add(item: Item): void;
  /** what to write, one text a row; asked for once, when nothing is added any more */
  rows(): string[];
  /** where the item is that was added as the `index`-th, from 0, when the first of the rows has this id */
  at(index: number, firstId: number): At;
}

interface Batch<Item, At> {
  items: Gathering<Item, At>;
  dones: Done<At>[];
  /** told the end when this batch is durable */
  flushes: ((end: number) => void)[];
  /** empty until it is being written */
  rows: string[];
}

const RETRY_MS = 500;
const EARLY_ITEMS = 32;

/** Starts the thread that writes the file. Rejects with a StorageFault when it cannot be used. */
export async function openGroupCommit<Item, At>(
  path: string,
  system: System,
  gather: () => Gathering<Item, At>,
): Promise<GroupCommit<Item, At>> {
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
  return new GroupCommit(thread, port2, 'ready' in first ? first.ready : 0, system, gather);
}

export class GroupCommit<Item, At> {
  /** hears the new end of the file after each commit: hand it to the thread that reads */
  readonly commits: MessagePort;
  readonly #thread: Worker;
  readonly #system: System;
  readonly #state: LogState;
  readonly #listeners: ((end: number) => void)[] = [];
  readonly #gone = Promise.withResolvers<void>();
  readonly #gather: () => Gathering<Item, At>;
  #gathering: Batch<Item, At>;
  #writing: Batch<Item, At> | null = null;
  #turnAsked = false;
  #closed: Promise<void> | null = null;
  #dead: StorageFault | null = null;
  /** tells `close` that nothing waits any more, or that waiting is no use */
  #settled: (() => void) | null = null;
  #compacted: ((fault: string | null) => void) | null = null;
  #skipped: ((error: Error | null) => void) | null = null;
  readonly #write = (): void => this.#writeNext();

  constructor(
    thread: Worker,
    commits: MessagePort,
    end: number,
    system: System,
    gather: () => Gathering<Item, At>,
  ) {
    this.commits = commits;
    this.#thread = thread;
    this.#system = system;
    this.#gather = gather;
    this.#gathering = this.#newBatch();
    this.#state = { waiting: 0, end, fault: null };
    thread.on('message', (report: JournalReport) => {
      if ('end' in report) this.#committed(report.end);
      else if ('error' in report) this.#failed(report.error);
      else if ('compacted' in report) this.#compacted?.(report.compacted);
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

  append(item: Item, done: Done<At>): void {
    if (this.#dead !== null) return done(this.#dead, null);
    this.#state.waiting += 1;
    this.#gathering.items.add(item);
    this.#gathering.dones.push(done);
    if (this.#writing !== null) return;
    // Enough for a commit of its own: it is under way while the rest of the turn is still being read.
    if (this.#gathering.dones.length >= EARLY_ITEMS) return this.#writeNext();
    if (this.#turnAsked) return;
    this.#turnAsked = true;
    this.#system.afterTurn(this.#write);
  }

  /** Resolves with the offset after everything that was appended before the call, when that is durable. */
  flush(): Promise<number> {
    return new Promise((resolve) => {
      const newest = this.#gathering.dones.length > 0 ? this.#gathering : this.#writing;
      if (newest === null) resolve(this.#state.end);
      else newest.flushes.push(resolve);
    });
  }

  /** Lets go of entries before `offset`. */
  async trim(offset: number): Promise<void> {
    this.#send({ trim: offset });
  }

  /** Lets go of entries before `offset`, the newest too, and of every trace of them in the file. */
  compact(offset: number): Promise<void> {
    if (this.#dead !== null) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      this.#compacted = (fault) => (fault === null ? resolve() : reject(new StorageFault(fault)));
      this.#send({ compact: offset });
    });
  }

  /** Goes on at `offset` at the earliest. For a file that was lost: what has been read is never numbered again. */
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

  #newBatch(): Batch<Item, At> {
    return { items: this.#gather(), dones: [], flushes: [], rows: [] };
  }

  #send(order: JournalOrder): void {
    this.#thread.postMessage(order);
  }

  #writeNext(): void {
    this.#turnAsked = false;
    if (this.#writing !== null || this.#gathering.dones.length === 0) return;
    this.#writing = this.#gathering;
    this.#gathering = this.#newBatch();
    this.#writing.rows = this.#writing.items.rows();
    this.#send({ append: this.#writing.rows });
  }

  #committed(end: number): void {
    const { items, dones, flushes, rows } = this.#writing ?? this.#newBatch();
    const first = end - rows.length;
    this.#writing = null;
    this.#state.end = end;
    this.#state.waiting -= dones.length;
    this.#state.fault = null;
    this.#writeNext();
    for (let index = 0; index < dones.length; index++) dones[index]?.(null, items.at(index, first));
    for (const flushed of flushes) flushed(end);
    for (const listener of this.#listeners) listener(end);
    this.#skipped?.(null);
    if (this.#state.waiting === 0) this.#settled?.();
  }

  /** The same rows are sent again, in front of those that came since; who waited is told that it is not known. */
  #failed(reason: string): void {
    this.#state.fault = reason;
    const error = new StorageFault(reason);
    this.#skipped?.(error);
    const batch = this.#writing;
    if (batch === null) return;
    const dones = batch.dones;
    batch.dones = dones.map(() => () => undefined);
    for (const done of dones) done(error, null);
    this.#system.after(RETRY_MS, () => this.#send({ append: batch.rows }));
    this.#settled?.();
  }

  /** Nothing will be written any more. */
  #died(reason: string): void {
    this.#gone.resolve();
    if (this.#closed !== null || this.#dead !== null) return;
    this.#compacted?.(`the journal's thread died: ${reason}`);
    this.#dead = new StorageFault(`the journal's thread died: ${reason}. Start Dibs again.`);
    this.#state.fault = this.#dead.message;
    const dones = [...(this.#writing?.dones ?? []), ...this.#gathering.dones];
    this.#writing = null;
    this.#gathering = this.#newBatch();
    for (const done of dones) done(this.#dead, null);
  }
}
