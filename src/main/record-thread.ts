/**
 * The thread of the record: owns the record's file, answers the ports that live in it, and runs the recorder from the
 * journal into it. While a drop is hot the recorder rests as long as it works, so that people are answered first.
 */

import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import { makeSqlCampaigns } from '../adapters/sql/campaigns.ts';
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
function makeLoop(recorder: Recorder, record: SqliteRecord) {
  const progress: RecorderProgress = {
    next: recorder.next(),
    safe: recorder.next(),
    conflicts: 0,
    fault: null,
  };
  let seen = 0;
  let done = 0;
  let commitAt = 0;
  /** since when something waits that is not recorded */
  let waitingSince = 0;
  let hurry = 0;
  let settledAt = system.monotonic();
  let running: Promise<void> | null = null;
  const tell = (): void => data.progress.postMessage(progress);

  async function giveWay(): Promise<void> {
    while (hurry === 0) {
      const now = system.monotonic();
      const quiet = now - commitAt >= QUIET_MS;
      if (quiet || now - waitingSince >= PATIENCE_MS) return;
      await pause(QUIET_MS);
    }
  }

  function restAfter(workedMs: number, facts: number): number {
    if (hurry > 0) return 0;
    const pace = data.ratePerSecond > 0 ? (facts * 1000) / data.ratePerSecond - workedMs : 0;
    const hot = system.monotonic() - commitAt < QUIET_MS;
    return Math.max(pace, hot ? workedMs * REST_FACTOR : 0);
  }

  async function settleNow(): Promise<void> {
    await record.settle();
    progress.safe = progress.next;
    settledAt = system.monotonic();
    tell();
  }

  async function step(): Promise<void> {
    const upTo = seen;
    const began = system.monotonic();
    const { facts, conflicts, next } = await recorder.step();
    progress.conflicts += conflicts;
    progress.next = next;
    progress.fault = null;
    if (facts === 0) done = upTo;
    tell();
    const rest = restAfter(system.monotonic() - began, facts);
    if (rest > 0) await pause(rest);
    else await new Promise<void>((resume) => system.afterTurn(resume));
  }

  async function run(): Promise<void> {
    while (done !== seen) {
      await giveWay();
      try {
        await step();
        if (system.monotonic() - settledAt > SETTLE_MS) await settleNow();
      } catch (error) {
        progress.fault = (error as Error).message;
        tell();
        if (hurry > 0) throw error;
        await pause(RETRY_MS);
      }
    }
    await settleNow();
  }

  function wake(): Promise<void> {
    commitAt = system.monotonic();
    if (done === seen) waitingSince = commitAt;
    seen += 1;
    running ??= run().finally(() => {
      running = null;
    });
    return running;
  }

  return {
    wake: () => void wake().catch(() => undefined),
    async drain(): Promise<void> {
      hurry += 1;
      try {
        await wake();
      } finally {
        hurry -= 1;
      }
    },
  };
}

/** A fault of the record's file, with what to do. */
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
  const loop = makeLoop(recorder, record);
  const control: RecorderControl = {
    async drain() {
      await loop.drain().catch((error: unknown) => {
        throw told(error);
      });
      return record.next('journal');
    },
    async stop() {
      await loop.drain().catch(() => undefined);
      data.commits.close();
      reader.close();
      await file.db.destroy();
    },
  };
  data.commits.on('message', loop.wake);
  serveCalls(port, { record, campaigns, operators: makeSqlOperators(file.db), recorder: control });
  port.postMessage({ ready: true });
}

start().catch((error: unknown) => port.postMessage({ fatal: told(error).message }));
