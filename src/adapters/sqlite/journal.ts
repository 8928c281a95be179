/**
 * The log of one process (ports/log). Facts that arrive while a commit is under way travel in the next one: group commit
 * without a timer, and without added delay when idle. A commit that fails is tried again with the same facts until it
 * holds; meanwhile `fault` is set, the gate is kept closed by flow/claim, and order is never broken.
 */

import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import { MessageChannel, Worker } from 'node:worker_threads';
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

export async function openJournal(path: string, system: System): Promise<Journal> {
  const { port1, port2 } = new MessageChannel();
  const data: JournalThreadData = { path, commits: port1 };
  const thread = new Worker(new URL('./journal-thread.ts', import.meta.url), {
    workerData: data,
    transferList: [port1],
  });
  const [first] = (await once(thread, 'message')) as [JournalReport];
  if ('fatal' in first) {
    await thread.terminate();
    throw new StorageFault(first.fatal);
  }
  return makeJournal(thread, port2, 'ready' in first ? first.ready : 0, system);
}

function makeJournal(thread: Worker, commits: MessagePort, end: number, system: System): Journal {
  const state: LogState = { waiting: 0, end, fault: null };
  const listeners: ((end: number) => void)[] = [];
  let gathering: Batch = emptyBatch();
  let writing: Batch | null = null;
  let turnAsked = false;
  let closed: Promise<void> | null = null;
  let dead: StorageFault | null = null;
  /** tells `close` that nothing waits any more, or that waiting is no use */
  let settled: (() => void) | null = null;
  let skipped: Done | null = null;
  const send = (order: JournalOrder): void => thread.postMessage(order);

  function write(): void {
    turnAsked = false;
    if (writing !== null || gathering.lines.length === 0) return;
    writing = gathering;
    gathering = emptyBatch();
    send({ append: `[${writing.lines.join(',')}]` });
  }

  function committed(newEnd: number): void {
    const { dones, flushes } = writing ?? emptyBatch();
    writing = null;
    state.end = newEnd;
    state.waiting -= dones.length;
    state.fault = null;
    write();
    for (const done of dones) done(null);
    for (const flushed of flushes) flushed(newEnd);
    for (const listener of listeners) listener(newEnd);
    skipped?.(null);
    if (state.waiting === 0) settled?.();
  }

  /** The same facts are sent again, in front of those that came since; who waited is told that it is not known. */
  function failed(reason: string): void {
    state.fault = reason;
    const error = new StorageFault(reason);
    skipped?.(error);
    if (writing === null) return;
    const batch = writing;
    const dones = batch.dones;
    batch.dones = dones.map(() => () => undefined);
    for (const done of dones) done(error);
    system.after(RETRY_MS, () => send({ append: `[${batch.lines.join(',')}]` }));
    settled?.();
  }

  const { promise: gone, resolve: resolveGone } = Promise.withResolvers<void>();

  /** Nothing will be written any more. */
  function died(reason: string): void {
    if (closed !== null || dead !== null) return resolveGone();
    dead = new StorageFault(`the journal's thread died: ${reason}. Start Dibs again.`);
    state.fault = dead.message;
    const dones = [...(writing?.dones ?? []), ...gathering.dones];
    writing = null;
    gathering = emptyBatch();
    for (const done of dones) done(dead);
    resolveGone();
  }

  thread.on('message', (report: JournalReport) => {
    if ('end' in report) committed(report.end);
    else if ('error' in report) failed(report.error);
    else if ('closed' in report) resolveGone();
  });
  thread.on('error', (error) => died(error.message));
  thread.on('exit', (code) => died(`it ended with ${code}`));

  return {
    commits,
    state: () => state,
    onDurable: (listener) => {
      listeners.push(listener);
    },
    append(fact, done) {
      if (dead !== null) return done(dead);
      state.waiting += 1;
      gathering.lines.push(encodeFact(fact));
      gathering.dones.push(done);
      if (writing !== null || turnAsked) return;
      turnAsked = true;
      system.afterTurn(write);
    },
    flush: () =>
      new Promise((resolve) => {
        const newest = gathering.lines.length > 0 ? gathering : writing;
        if (newest === null) resolve(state.end);
        else newest.flushes.push(resolve);
      }),
    async trim(offset) {
      send({ trim: offset });
    },
    skipTo(offset) {
      if (offset <= state.end) return Promise.resolve();
      return new Promise((resolve, reject) => {
        skipped = (error) => (error === null ? resolve() : reject(error));
        send({ skipTo: offset });
      });
    },
    close() {
      closed ??= (async () => {
        if (state.waiting > 0 && state.fault === null) {
          await new Promise<void>((resolve) => {
            settled = resolve;
          });
        }
        send({ close: true });
        await gone;
        await thread.terminate();
      })();
      return closed;
    },
  };
}
