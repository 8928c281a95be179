/**
 * The thread of the record: owns the record's file, answers the ports that live in it, and runs the recorder from the
 * journal into it. While a drop is hot the recorder gives way for a few seconds and then works a quarter of the time,
 * so that people are answered first.
 */

import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import { makeSqlCampaigns } from '../adapters/sql/campaigns.ts';
import { makeSqlLineHistory } from '../adapters/sql/line-history.ts';
import { makeSqlOperators } from '../adapters/sql/operators.ts';
import { openJournalReader } from '../adapters/sqlite/journal-reader.ts';
import { storageFault } from '../adapters/sqlite/open.ts';
import type { SqliteRecord } from '../adapters/sqlite/record.ts';
import { makeSqliteRecord } from '../adapters/sqlite/record.ts';
import { openRecordFile } from '../adapters/sqlite/record-file.ts';
import { serveCalls } from '../adapters/sqlite/remote-calls.ts';
import { makeSystem } from '../adapters/system/system.ts';
import { makeCodes } from '../flow/codes.ts';
import type { Recorder } from '../flow/record.ts';
import { makeRecorder } from '../flow/record.ts';

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
}

export interface RecorderProgress {
  next: number;
  /** up to here the record is safe from a power cut, and the journal may let go */
  safe: number;
  conflicts: number;
  /** why the last step failed; null when it did not */
  fault: string | null;
}

/** What can be asked of the recorder itself. */
export interface RecorderControl {
  /** Resolves when everything that is in the journal now is in the record. */
  drain(): Promise<number>;
  /** Resolves when the record stands at this offset of the journal. */
  reach(goal: number): Promise<void>;
  /** Drains, then closes the files. */
  stop(): Promise<void>;
}

const RETRY_MS = 500;
/** Commits closer together than this are a rush … */
const QUIET_MS = 60;
/** … to which the recorder gives way for so long … */
const PATIENCE_MS = 3000;
/** … and after that it rests so many times as long as it works. */
const REST_FACTOR = 3;
const SETTLE_MS = 3000;

const data = workerData as RecordThreadData;
const port = parentPort as MessagePort;
const system = makeSystem();
const pause = (ms: number): Promise<void> => new Promise((resume) => system.after(ms, resume));

/** The recorder's loop: one step at a time, woken by commits. */
class RecorderLoop {
  readonly #recorder: Recorder;
  readonly #record: SqliteRecord;
  readonly #progress: RecorderProgress;
  /** commits heard of, and how many of them are in the record */
  #seen = 0;
  #done = 0;
  #commitAt = 0;
  /** since when something waits that is not recorded */
  #waitingSince = 0;
  /** callers that wait for the record: then the loop neither gives way nor rests */
  #hurry = 0;
  /** those of them that want to hear of a fault instead of waiting it out */
  #draining = 0;
  #goals: { goal: number; resolve: () => void }[] = [];
  #settledAt = system.monotonic();
  #running: Promise<void> | null = null;

  constructor(recorder: Recorder, record: SqliteRecord) {
    this.#recorder = recorder;
    this.#record = record;
    // Whether what is there was ever synced is not known after a crash: nothing is safe before the first settle.
    this.#progress = { next: recorder.next(), safe: 0, conflicts: 0, fault: null };
  }

  wake(): Promise<void> {
    this.#commitAt = system.monotonic();
    if (this.#done === this.#seen) this.#waitingSince = this.#commitAt;
    this.#seen += 1;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Resolves when everything that is in the journal now is in the record. */
  async drain(): Promise<void> {
    this.#hurry += 1;
    this.#draining += 1;
    try {
      await this.wake();
    } finally {
      this.#hurry -= 1;
      this.#draining -= 1;
    }
  }

  /** Resolves when the record stands at `goal`; meanwhile nothing is given way to. */
  async reach(goal: number): Promise<void> {
    if (this.#progress.next >= goal) return;
    this.#hurry += 1;
    const reached = new Promise<void>((resolve) => this.#goals.push({ goal, resolve }));
    void this.wake().catch(() => undefined);
    await reached;
    this.#hurry -= 1;
  }

  async #run(): Promise<void> {
    while (this.#done !== this.#seen) {
      await this.#giveWay();
      try {
        await this.#step();
        const due = system.monotonic() - this.#settledAt > SETTLE_MS;
        if (due || this.#done === this.#seen) await this.#settle();
      } catch (error) {
        this.#progress.fault = told(error).message;
        this.#tell();
        if (this.#draining > 0) throw error;
        await pause(RETRY_MS);
      }
    }
  }

  async #giveWay(): Promise<void> {
    while (this.#hurry === 0) {
      const now = system.monotonic();
      if (now - this.#commitAt >= QUIET_MS || now - this.#waitingSince >= PATIENCE_MS) return;
      await pause(QUIET_MS / 2);
    }
  }

  async #step(): Promise<void> {
    const upTo = this.#seen;
    const began = system.monotonic();
    const { facts, conflicts, next } = await this.#recorder.step();
    this.#progress.conflicts += conflicts;
    this.#progress.next = next;
    this.#progress.fault = null;
    if (facts === 0) this.#done = upTo;
    this.#tell();
    for (const { resolve } of this.#goals.filter(({ goal }) => goal <= next)) resolve();
    this.#goals = this.#goals.filter(({ goal }) => goal > next);
    const rest = this.#restAfter(system.monotonic() - began, facts);
    if (rest > 0) await pause(rest);
    else await new Promise<void>((resume) => system.afterTurn(resume));
  }

  #restAfter(workedMs: number, facts: number): number {
    if (this.#hurry > 0) return 0;
    const pace = data.ratePerSecond > 0 ? (facts * 1000) / data.ratePerSecond - workedMs : 0;
    const hot = system.monotonic() - this.#commitAt < QUIET_MS;
    return Math.max(pace, hot ? workedMs * REST_FACTOR : 0);
  }

  /** A settle that fails costs nothing but journal that is kept longer: the next one makes up for it. */
  async #settle(): Promise<void> {
    try {
      await this.#record.settle();
      this.#progress.safe = this.#progress.next;
      this.#settledAt = system.monotonic();
    } catch (error) {
      this.#progress.fault = told(error).message;
    }
    this.#tell();
  }

  #tell(): void {
    data.progress.postMessage(this.#progress);
  }
}

/** A fault of the file in words that say what to do. */
const told = (error: unknown): Error => storageFault(error, data.recordPath);

async function start(): Promise<void> {
  const file = await openRecordFile(data.recordPath);
  const reader = openJournalReader(data.journalPath);
  const campaigns = makeSqlCampaigns(file.db);
  const record = makeSqliteRecord(file, system.now);
  const codes = makeCodes(Buffer.from(data.master));
  const { batchMax } = data;
  const recorder = await makeRecorder({
    source: 'journal',
    reader,
    record,
    campaigns,
    codes,
    system,
    batchMax,
  });
  const loop = new RecorderLoop(recorder, record);
  const control: RecorderControl = {
    async drain() {
      await loop.drain().catch((error: unknown) => {
        throw told(error);
      });
      return record.next('journal');
    },
    reach: (goal) => loop.reach(goal),
    async stop() {
      await loop.drain().catch(() => undefined);
      data.commits.close();
      reader.close();
      await file.db.destroy();
    },
  };
  data.commits.on('message', () => void loop.wake().catch(() => undefined));
  serveCalls(port, {
    record,
    campaigns,
    operators: makeSqlOperators(file.db),
    lineHistory: makeSqlLineHistory(file.db),
    recorder: control,
  });
  port.postMessage({ ready: true });
}

start().catch((error: unknown) => port.postMessage({ fatal: told(error).message }));
