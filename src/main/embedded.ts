/** Everything in one process: the gate in memory, the journal and the record in SQLite, each file with its own thread. */

import { once } from 'node:events';
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
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
import type { Catalog } from '../flow/catalog.ts';
import { makeCatalog } from '../flow/catalog.ts';
import { makeCatchUp } from '../flow/catch-up.ts';
import type { Codes } from '../flow/codes.ts';
import { bringFirst, makeCodes } from '../flow/codes.ts';
import { bringToGate, fillGate } from '../flow/fill-gate.ts';
import { fillLines } from '../flow/line-gate.ts';
import { makeTickets } from '../flow/tickets.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { Gate } from '../ports/gate.ts';
import type { LineHistory } from '../ports/line-history.ts';
import type { Operators } from '../ports/operators.ts';
import type { RecordStore } from '../ports/record.ts';
import type { Rulings } from '../ports/rulings.ts';
import { type System, wait } from '../ports/system.ts';
import { makeOrdered } from './ordered.ts';
import type { Parts } from './parts.ts';
import { makeQueued } from './queued.ts';
import type { DeciderControl, RecorderControl, RecorderProgress, RecordThreadData } from './record-thread.ts';
import { openRequestLog, type RequestLog } from './request-log.ts';
import { refuseOtherMaster } from './secrets.ts';
import { remoteStoredPorts } from './stored-ports.ts';

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
/** Tries that may wait for the log of requests; one more is refused. */
const REQUESTS_WAITING_MAX = 100_000;
/** Requests decided in one transaction. */
const DECIDE_MAX = 5_000;

const requestsPath = ({ dataDir }: EmbeddedOptions): string => join(dataDir, 'requests.db');

interface RecordThread {
  thread: Worker;
  calls: RemoteCalls;
  state: RecorderAt;
  /** to the decider */
  requests: MessagePort;
}

async function startRecordThread(
  options: EmbeddedOptions,
  journal: Journal,
  system: System,
): Promise<RecordThread> {
  const { port1, port2 } = new MessageChannel();
  const requests = new MessageChannel();
  const data: RecordThreadData = {
    recordPath: options.recordPath ?? join(options.dataDir, 'record.db'),
    journalPath: join(options.dataDir, 'journal.db'),
    master: options.master,
    batchMax: options.recorderBatch,
    ratePerSecond: options.recorderRatePerSecond,
    commits: journal.commits,
    progress: port1,
    requests: { path: requestsPath(options), batchMax: DECIDE_MAX, channel: requests.port1 },
  };
  const thread = new Worker(new URL('./record-thread.ts', import.meta.url), {
    workerData: data,
    transferList: [journal.commits, port1, requests.port1],
    resourceLimits: { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 4096 },
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
  return { thread, calls: callThread(thread, system), state, requests: requests.port2 };
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
  recordThread: RecordThread,
  system: System,
  release: () => void,
): Promise<EmbeddedParts> {
  const { thread, calls, state } = recordThread;
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
  const stored = remoteStoredPorts(calls, CALL_DEADLINE_MS);
  const codes = makeCodes(options.master, stored.codePool);
  refuseOtherMaster(catalog, codes);
  bringFirst(codes, catalog);
  const modes = await openModes({ ...options, catalog, codes, gate, record, system }, journal, recordThread);
  const deciding = calls.port<DeciderControl>('decider', DRAIN_DEADLINE_MS);
  const trimming = system.every(TRIM_EVERY_MS, () => void journal.trim(state.safe));
  return {
    ...told(journal, state, system, modes),
    ...modes.served,
    system,
    catalog,
    log: journal,
    record,
    campaigns,
    operators: calls.port<Operators>('operators', CALL_DEADLINE_MS),
    stored,
    codes,
    shared: false,
    durabilities: ['memory', 'disk'],
    caughtUp: makeCatchUp({ system, log: journal, recordUpTo: (offset) => control.reach(offset) }),
    bring: (live, campaign) => bringToGate({ record, gate }, live, campaign),
    onGateFault: (error) => options.logger?.warn({ err: error }, 'a rule is not in force yet; it will be'),
    unloadLine: modes.unloadLine,
    scrub: () => scrub({ journal, control, deciding, modes, state, system }),
    async drain() {
      await control.drain();
    },
    async stop() {
      trimming.stop();
      await modes.stop();
      await journal.close();
      await control.stop();
      calls.stop();
      await thread.terminate();
      release();
    },
  };
}

interface ToScrub {
  journal: Journal;
  control: RecorderControl;
  deciding: DeciderControl;
  modes: Modes;
  state: RecorderAt;
  system: System;
}

const SETTLE_MAX_MS = 10_000;

/** The journals let go of what is recorded and safe there, and every file is written anew. */
async function scrub({ journal, control, deciding, modes, state, system }: ToScrub): Promise<void> {
  const { requests } = modes;
  const [wins, tries] = [journal.state().end, requests.end()];
  await Promise.all([control.drain(), deciding.drain()]);
  const until = system.monotonic() + SETTLE_MAX_MS;
  while (state.safe < wins || requests.safe() < tries) {
    if (system.monotonic() > until) throw new StorageFault('The journal is not in the record yet.');
    await wait(system, 20);
  }
  await journal.compact(state.safe);
  await requests.compact();
  await control.scrub();
}

interface ModeGround extends EmbeddedOptions {
  catalog: Catalog;
  codes: Codes;
  gate: Gate;
  record: RecordStore;
  system: System;
}

interface Modes {
  served: Pick<Parts, 'gate' | 'modes' | 'tickets' | 'line'>;
  requests: RequestLog;
  unloadLine(campaignId: string): Promise<void>;
  stop(): Promise<void>;
}

/** Queued and ordered campaigns, as they were left. */
async function openModes(
  ground: ModeGround,
  journal: Journal,
  { calls, requests: channel }: RecordThread,
): Promise<Modes> {
  const { catalog, gate, master, system, logger } = ground;
  const tickets = makeTickets(master);
  const history = calls.port<LineHistory>('lineHistory', CALL_DEADLINE_MS);
  const line = makeMemoryLine(system);
  const queued = makeQueued({
    ...{ ...ground, tickets, history, log: journal, line },
    shared: false,
    holdsLease: () => true,
    ...(logger && { logger }),
  });
  await fillLines(queued.lineUp, history, catalog);
  const next = await calls.port<DeciderControl>('decider', DRAIN_DEADLINE_MS).drain();
  const path = requestsPath(ground);
  const requests = await openRequestLog({ path, system, channel, next });
  const ordered = makeOrdered({
    ...{ ...ground, tickets, requests, rulings: calls.port<Rulings>('rulings', CALL_DEADLINE_MS) },
    gate: { ...gate, ...queued.gate },
    sourceOf: () => 'requests',
    shared: false,
    catchesUp: true,
    requestsWaitingMax: REQUESTS_WAITING_MAX,
  });
  requests.onDecided(() => ordered.decided.poke());
  await ordered.start();
  queued.start();
  return {
    served: {
      gate: ordered.gate,
      modes: { ordered: ordered.flow, queued: queued.flow },
      tickets,
      line: queued.public,
    },
    requests,
    unloadLine: async (campaignId) => void (await line.configure(campaignId, null)),
    async stop() {
      queued.stop();
      await requests.close();
      await ordered.stop();
    },
  };
}

/** How it goes, for people and probes. */
function told(
  journal: Journal,
  state: RecorderAt,
  system: System,
  { requests }: Modes,
): Pick<Parts, 'recorderState' | 'roles' | 'runsOn' | 'on'> {
  const log = journal.state();
  return {
    recorderState: () => ({
      next: state.next,
      end: log.end,
      lagMs: state.next >= log.end ? 0 : system.now() - state.caughtUpAt,
    }),
    roles: () => ({
      gate: 'ready',
      log: log.fault ?? requests.state().fault ?? 'ready',
      recorder: state.fault ?? 'ready',
      decider: requests.decider().fault ?? 'ready',
    }),
    runsOn: 'gate in this process, journal and record in SQLite',
    on: { gate: 'process', log: 'journal', record: 'sqlite' },
  };
}
