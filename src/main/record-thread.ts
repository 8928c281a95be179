/**
 * The thread of the record: owns the record's file, answers the ports that live in it, runs the recorder from the journal
 * into it, and the decider from the log of requests, when there is one. The recorder gives way to a hot drop; for the
 * decider people wait, so it decides as soon as a request is durable.
 *
 * What either of them stores is not synced by itself (main/log-loop). For the recorder that is harmless because facts
 * are facts. For the decider it is because a power cut takes wins, rulings and offset back together: the same requests
 * are decided again, from the same state, and so in the same way, also those whose verdict somebody was told.
 */

import { existsSync } from 'node:fs';
import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import { makeSqlCampaigns } from '../adapters/sql/campaigns.ts';
import { makeSqlCodePool } from '../adapters/sql/code-pool.ts';
import { makeSqlLineHistory } from '../adapters/sql/line-history.ts';
import { makeSqlOperators } from '../adapters/sql/operators.ts';
import { makeSqlRulings } from '../adapters/sql/rulings.ts';
import { openJournalReader } from '../adapters/sqlite/journal-reader.ts';
import { storageFault, writeAnew } from '../adapters/sqlite/open.ts';
import type { SqliteRecord } from '../adapters/sqlite/record.ts';
import { makeSqliteRecord } from '../adapters/sqlite/record.ts';
import { openRecordFile } from '../adapters/sqlite/record-file.ts';
import { serveCalls } from '../adapters/sqlite/remote-calls.ts';
import type { RequestJournalReader } from '../adapters/sqlite/requests-reader.ts';
import { openRequestJournalReader } from '../adapters/sqlite/requests-reader.ts';
import { makeSystem } from '../adapters/system/system.ts';
import type { Codes } from '../flow/codes.ts';
import { makeCodes } from '../flow/codes.ts';
import { makeDecider } from '../flow/decide.ts';
import { makeRecorder } from '../flow/record.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { LogReader } from '../ports/log.ts';
import type { RequestReader } from '../ports/requests.ts';
import type { Rulings } from '../ports/rulings.ts';
import { trimWhenIdle } from './idle-memory.ts';
import { LogLoop, type LoopProgress } from './log-loop.ts';
import { makeStoredPorts } from './stored-ports.ts';

export interface RequestsData {
  /** the log of requests; the file need not be there, or not yet */
  path: string;
  /** requests in one transaction, at most */
  batchMax: number;
  /** hears of the log of requests when it is open ({@link RequestsOpened}), tells {@link DeciderProgress} */
  channel: MessagePort;
}

export interface RecordThreadData {
  recordPath: string;
  journalPath: string;
  master: Uint8Array;
  batchMax: number;
  /** facts a second at most; 0: no limit */
  ratePerSecond: number;
  /** hears the journal's new end after each commit */
  commits: MessagePort;
  /** tells how far the recorder is, after each step */
  progress: MessagePort;
  /** for ordered mode; absent: there is none */
  requests?: RequestsData;
}

export type RecorderProgress = LoopProgress;

/** What the main thread says on the decider's channel once the log of requests is open. */
export interface RequestsOpened {
  /** hears the log's new end after each commit */
  commits: MessagePort;
}

/** What comes back on it, after each step. */
export interface DeciderProgress extends LoopProgress {
  /** since the start */
  requests: number;
  wins: number;
}

/** What can be asked of the decider itself. */
export interface DeciderControl {
  /** Resolves when everything is decided that is in the log of requests now, with the offset to go on at; also without one. */
  drain(): Promise<number>;
}

/** What can be asked of the recorder itself. */
export interface RecorderControl {
  /** Resolves when everything that is in the journal now is in the record. */
  drain(): Promise<number>;
  /** Resolves when the record stands at this offset of the journal. */
  reach(goal: number): Promise<void>;
  /** Writes the file anew: nothing in it tells what was taken out. Nobody else is answered meanwhile. */
  scrub(): Promise<void>;
  /** Drains, the decider too, then closes the files. */
  stop(): Promise<void>;
}

/** What the record keeps each offset under. */
const JOURNAL = 'journal';
const REQUESTS = 'requests';
/** So often the decider looks by itself, for commits that were not heard of and campaigns that nobody asks for any more. */
const LOOK_MS = 60_000;
const RETRY_MS = 500;

const data = workerData as RecordThreadData;
const port = parentPort as MessagePort;
const system = makeSystem();

/** what has gone through this thread since the start */
let taken = 0;

/** A fault of the file in words that say what to do. */
const told = (error: unknown): Error => storageFault(error, data.recordPath);

interface Stored {
  record: SqliteRecord;
  rulings: Rulings;
  campaigns: Campaigns;
  codes: Codes;
}

async function startRecorder({ record, campaigns, codes }: Stored, reader: LogReader): Promise<LogLoop> {
  const { batchMax, ratePerSecond, progress } = data;
  const parts = { source: JOURNAL, reader, record, campaigns, codes, system, batchMax };
  const recorder = await makeRecorder(parts);
  return new LogLoop({
    system,
    next: recorder.next(),
    async step() {
      const { facts, conflicts, next } = await recorder.step();
      taken += facts;
      return { taken: facts, conflicts, next };
    },
    settle: () => record.settle(),
    givesWay: true,
    ratePerSecond,
    tell: (now) => progress.postMessage(now satisfies RecorderProgress),
    told,
  });
}

async function startDecider(
  stored: Stored,
  reader: RequestReader,
  { batchMax, channel }: RequestsData,
): Promise<LogLoop> {
  const decider = await makeDecider({ ...stored, source: REQUESTS, reader, system, batchMax });
  const count = { requests: 0, wins: 0 };
  return new LogLoop({
    system,
    next: decider.next(),
    async step() {
      const { requests, wins, conflicts, next } = await decider.step();
      count.requests += requests;
      taken += requests;
      count.wins += wins;
      return { taken: requests, conflicts, next };
    },
    settle: () => stored.record.settle(),
    givesWay: false,
    ratePerSecond: 0,
    tell: (now) => channel.postMessage({ ...now, ...count } satisfies DeciderProgress),
    told,
  });
}

/** The decider, from when there is a log of requests. */
class LateDecider {
  readonly #stored: Stored;
  readonly #requests: RequestsData;
  #loop: Promise<LogLoop> | null = null;
  #commits: MessagePort | null = null;
  #reader: RequestJournalReader | null = null;

  constructor(stored: Stored, requests: RequestsData) {
    this.#stored = stored;
    this.#requests = requests;
    requests.channel.on('message', ({ commits }: RequestsOpened) => {
      this.#commits = commits;
      commits.on('message', () => this.#wake());
      this.#wake();
    });
    system.every(LOOK_MS, () => {
      if (this.#loop !== null) this.#wake();
    });
  }

  async drain(): Promise<number> {
    if (this.#loop !== null || existsSync(this.#requests.path)) await (await this.#started()).drain();
    return this.#stored.record.next(REQUESTS);
  }

  close(): void {
    this.#commits?.close();
    this.#requests.channel.close();
    this.#reader?.close();
  }

  #wake(): void {
    this.#started().then(
      (loop) => void loop.wake().catch(() => undefined),
      (error: unknown) => this.#failed(told(error).message),
    );
  }

  #started(): Promise<LogLoop> {
    this.#loop ??= this.#start().catch((error: unknown) => {
      this.#loop = null;
      throw error;
    });
    return this.#loop;
  }

  async #start(): Promise<LogLoop> {
    this.#reader ??= openRequestJournalReader(this.#requests.path);
    return startDecider(this.#stored, this.#reader, this.#requests);
  }

  /** It could not begin: it is tried again until it can. */
  #failed(fault: string): void {
    const nothing = { next: 0, safe: 0, conflicts: 0, requests: 0, wins: 0 };
    this.#requests.channel.postMessage({ ...nothing, fault } satisfies DeciderProgress);
    system.after(RETRY_MS, () => {
      if (this.#loop === null) this.#wake();
    });
  }
}

async function start(): Promise<void> {
  const file = await openRecordFile(data.recordPath);
  const reader = openJournalReader(data.journalPath);
  const stored: Stored = {
    record: makeSqliteRecord(file, system.now),
    rulings: makeSqlRulings(file.db),
    campaigns: makeSqlCampaigns(file.db),
    codes: makeCodes(Buffer.from(data.master), makeSqlCodePool(file.db)),
  };
  const { record, rulings, campaigns } = stored;
  const recorder = await startRecorder(stored, reader);
  const decider = data.requests ? new LateDecider(stored, data.requests) : null;
  const deciderControl: DeciderControl = { drain: async () => (await decider?.drain().catch(thrown)) ?? 0 };
  const recorderControl: RecorderControl = {
    async drain() {
      await recorder.drain().catch(thrown);
      return record.next(JOURNAL);
    },
    reach: (goal) => recorder.reach(goal),
    // Between the transactions of others.
    scrub: () =>
      file.db.connection().execute(async () => {
        try {
          writeAnew(file.sqlite, data.recordPath);
        } catch (error) {
          thrown(error);
        }
      }),
    async stop() {
      await Promise.allSettled([recorder.drain(), decider?.drain()]);
      data.commits.close();
      decider?.close();
      reader.close();
      await file.db.destroy();
    },
  };
  data.commits.on('message', () => void recorder.wake().catch(() => undefined));
  serveCalls(port, {
    record,
    rulings,
    campaigns,
    lineHistory: makeSqlLineHistory(file.db),
    operators: makeSqlOperators(file.db),
    ...makeStoredPorts(file.db),
    recorder: recorderControl,
    decider: deciderControl,
  });
  trimWhenIdle(system, () => taken);
  port.postMessage({ ready: true });
}

function thrown(error: unknown): never {
  throw told(error);
}

start().catch((error: unknown) => port.postMessage({ fatal: told(error).message }));
