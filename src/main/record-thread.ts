/**
 * The thread of the record: owns the record's file, answers the ports that live in it, and runs the recorder from the
 * journal into it. While a drop is hot the recorder rests as long as it works, so that people are answered first.
 */

import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import { makeSqlCampaigns } from '../adapters/sql/campaigns.ts';
import { makeSqlOperators } from '../adapters/sql/operators.ts';
import { openJournalReader } from '../adapters/sqlite/journal-reader.ts';
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
const data = workerData as RecordThreadData;
const port = parentPort as MessagePort;
const system = makeSystem();

function rest(workedMs: number, facts: number, hot: boolean): number {
  const pace = data.ratePerSecond > 0 ? (facts * 1000) / data.ratePerSecond - workedMs : 0;
  return Math.max(hot ? workedMs : 0, pace);
}

/** The recorder's loop: one step at a time, woken by commits. */
function makeLoop(recorder: Recorder) {
  let commitsSeen = 0;
  let commitsDone = -1;
  let running: Promise<void> | null = null;
  let conflicts = 0;

  async function run(hurry: boolean): Promise<void> {
    while (commitsDone !== commitsSeen) {
      const seen = commitsSeen;
      const began = system.monotonic();
      try {
        const step = await recorder.step();
        conflicts += step.conflicts;
        data.progress.postMessage({ next: step.next, conflicts, fault: null } satisfies RecorderProgress);
        if (step.facts === 0) commitsDone = seen;
        const pause = rest(system.monotonic() - began, step.facts, !hurry && seen !== commitsSeen);
        if (pause > 0) await new Promise<void>((resume) => system.after(pause, resume));
        else await new Promise<void>((resume) => system.afterTurn(resume));
      } catch (error) {
        const fault = (error as Error).message;
        data.progress.postMessage({ next: -1, conflicts, fault } satisfies RecorderProgress);
        if (hurry) throw error;
        await new Promise<void>((resume) => system.after(RETRY_MS, resume));
      }
    }
  }

  function wake(): void {
    commitsSeen += 1;
    running ??= run(false).finally(() => {
      running = null;
    });
  }

  return {
    wake,
    async drain(): Promise<void> {
      await running;
      commitsSeen += 1;
      await run(true);
    },
  };
}

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
  const loop = makeLoop(recorder);
  const control: RecorderControl = {
    async drain() {
      await loop.drain();
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

start().catch((error: unknown) => port.postMessage({ fatal: (error as Error).message }));
