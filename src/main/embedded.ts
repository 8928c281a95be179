/** Everything in one process: the gate in memory, the journal and the record in SQLite, each file with its own thread. */

import { once } from 'node:events';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { makeMemoryGate } from '../adapters/memory/gate.ts';
import { makeMemoryLine } from '../adapters/memory/line.ts';
import type { Journal } from '../adapters/sqlite/journal.ts';
import { openJournal } from '../adapters/sqlite/journal.ts';
import { lockFolder } from '../adapters/sqlite/lock.ts';
import { StorageFault } from '../adapters/sqlite/open.ts';
import type { RemoteCalls } from '../adapters/sqlite/remote-calls.ts';
import { callThread } from '../adapters/sqlite/remote-calls.ts';
import { makeCatalog } from '../flow/catalog.ts';
import { makeCatchUp } from '../flow/catch-up.ts';
import { makeCodes } from '../flow/codes.ts';
import { bringToGate, fillGate } from '../flow/fill-gate.ts';
import { fillLines } from '../flow/line-gate.ts';
import { makeTickets } from '../flow/tickets.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { LineHistory } from '../ports/line-history.ts';
import type { Operators } from '../ports/operators.ts';
import type { RecordStore } from '../ports/record.ts';
import type { System } from '../ports/system.ts';
import type { Parts } from './parts.ts';
import { makeQueued } from './queued.ts';
import type { RecorderControl, RecorderProgress, RecordThreadData } from './record-thread.ts';
import { refuseOtherMaster } from './secrets.ts';

export interface EmbeddedOptions {
  dataDir: string;
  /** null: record.db in the data folder */
  recordPath?: string | null;
  master: Buffer;
  recorderBatch: number;
  recorderRatePerSecond: number;
  logger?: Logger;
}

/** How far the recorder is behind the journal. */
export interface RecorderAt {
  /** the offset the record stands at */
  next: number;
  /** the offset up to which it is safe from a power cut */
  safe: number;
  conflicts: number;
  fault: string | null;
  /** when the record last had everything, `system.now()` */
  caughtUpAt: number;
}

export interface EmbeddedParts extends Parts {
  /** Resolves when the record has everything that the log had when this was called. */
  drain(): Promise<void>;
}

const CALL_DEADLINE_MS = 10_000;
const DRAIN_DEADLINE_MS = 600_000;
const TRIM_EVERY_MS = 5_000;

interface RecordThread {
  thread: Worker;
  calls: RemoteCalls;
  state: RecorderAt;
}

async function startRecordThread(
  options: EmbeddedOptions,
  journal: Journal,
  system: System,
): Promise<RecordThread> {
  const { port1, port2 } = new MessageChannel();
  const data: RecordThreadData = {
    recordPath: options.recordPath ?? join(options.dataDir, 'record.db'),
    journalPath: join(options.dataDir, 'journal.db'),
    master: options.master,
    batchMax: options.recorderBatch,
    ratePerSecond: options.recorderRatePerSecond,
    commits: journal.commits,
    progress: port1,
  };
  const thread = new Worker(new URL('./record-thread.ts', import.meta.url), {
    workerData: data,
    transferList: [journal.commits, port1],
    resourceLimits: { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 128 },
  });
  const state: RecorderAt = { next: 0, safe: 0, conflicts: 0, fault: null, caughtUpAt: system.now() };
  port2.unref();
  port2.on('message', (progress: RecorderProgress) => {
    state.next = progress.next;
    state.safe = progress.safe;
    state.conflicts = progress.conflicts;
    state.fault = progress.fault;
    if (state.next >= journal.state().end) state.caughtUpAt = system.now();
  });
  thread.on('error', (error) => {
    state.fault = `the record's thread died: ${error.message}`;
  });
  const [first] = (await once(thread, 'message')) as [{ ready: true } | { fatal: string }];
  if ('fatal' in first) {
    await thread.terminate();
    throw new StorageFault(first.fatal);
  }
  return { thread, calls: callThread(thread, system), state };
}

/** Opens the folder, brings the record up to the journal's end, and fills the gate from the record. */
export async function startEmbedded(options: EmbeddedOptions, system: System): Promise<EmbeddedParts> {
  const lock = lockFolder(options.dataDir);
  let journal: Journal | undefined;
  try {
    journal = await openJournal(join(options.dataDir, 'journal.db'), system);
    return await assemble(options, journal, system, lock.release);
  } catch (error) {
    await journal?.close();
    lock.release();
    throw error;
  }
}

async function assemble(
  options: EmbeddedOptions,
  journal: Journal,
  system: System,
  release: () => void,
): Promise<EmbeddedParts> {
  const recordThread = await startRecordThread(options, journal, system);
  try {
    return await fill(options, journal, recordThread, system, release);
  } catch (error) {
    recordThread.calls.stop();
    await recordThread.thread.terminate();
    throw error;
  }
}

async function fill(
  options: EmbeddedOptions,
  journal: Journal,
  { thread, calls, state }: RecordThread,
  system: System,
  release: () => void,
): Promise<EmbeddedParts> {
  const control = calls.port<RecorderControl>('recorder', DRAIN_DEADLINE_MS);
  const record = calls.port<RecordStore>('record', CALL_DEADLINE_MS);
  const campaigns = calls.port<Campaigns>('campaigns', CALL_DEADLINE_MS);
  const gate = makeMemoryGate(system);
  const catalog = makeCatalog();
  state.next = await control.drain().catch((error: Error) => {
    throw new StorageFault(error.message);
  });
  await journal.skipTo(state.next);
  await fillGate({ campaigns, record, gate, catalog, system });
  const codes = makeCodes(options.master);
  const tickets = makeTickets(options.master);
  const history = calls.port<LineHistory>('lineHistory', CALL_DEADLINE_MS);
  const queued = makeQueued({
    ...{ system, catalog, gate, codes, tickets, history, log: journal },
    line: makeMemoryLine(system),
    master: options.master,
    shared: false,
    holdsLease: () => true,
    ...(options.logger && { logger: options.logger }),
  });
  await fillLines(queued.lineUp, history, catalog);
  queued.start();
  refuseOtherMaster(catalog, codes);
  const trimming = system.every(TRIM_EVERY_MS, () => void journal.trim(state.safe));
  return {
    ...told(journal, state, system),
    system,
    catalog,
    gate: { ...gate, ...queued.gate },
    modes: { queued: queued.flow },
    tickets,
    line: queued.public,
    log: journal,
    record,
    campaigns,
    operators: calls.port<Operators>('operators', CALL_DEADLINE_MS),
    codes,
    shared: false,
    durabilities: ['memory', 'disk'],
    caughtUp: makeCatchUp({ system, log: journal, recordUpTo: (offset) => control.reach(offset) }),
    bring: (live, campaign) => bringToGate({ record, gate }, live, campaign),
    async drain() {
      await control.drain();
    },
    async stop() {
      trimming.stop();
      queued.stop();
      await journal.close();
      await control.stop();
      calls.stop();
      await thread.terminate();
      release();
    },
  };
}

/** How it goes, for people and probes. */
function told(
  journal: Journal,
  state: RecorderAt,
  system: System,
): Pick<Parts, 'recorderState' | 'roles' | 'runsOn'> {
  const log = journal.state();
  return {
    recorderState: () => ({
      next: state.next,
      end: log.end,
      lagMs: state.next >= log.end ? 0 : system.now() - state.caughtUpAt,
    }),
    roles: () => ({ gate: 'ready', log: log.fault ?? 'ready', recorder: state.fault ?? 'ready' }),
    runsOn: 'gate in this process, journal and record in SQLite',
  };
}
