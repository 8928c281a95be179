/**
 * Units read from the record by their numbers, many at once. People who wait for one look at the log are told in the same
 * moment, and their numbers follow each other: whoever asks while a question is under way is in the next one.
 */

import type { RecordStore, StoredClaim } from '../ports/record.ts';

export interface StoredUnits {
  /** Null: the record does not have it. Rejects when the record cannot be asked. */
  get(campaignId: string, seq: number): Promise<StoredClaim | null>;
}

/** Numbers further apart than this are not read in one go. */
const GAP_MAX = 32;
const RUN_MAX = 1_000;

interface Asked {
  seq: number;
  resolve(stored: StoredClaim | null): void;
  reject(error: Error): void;
}

export function makeStoredUnits(record: Pick<RecordStore, 'find' | 'page'>): StoredUnits {
  /** those who ask for a campaign's units; there is an entry as long as a question is under way */
  const waiting = new Map<string, Asked[]>();
  const answerAll = async (campaignId: string): Promise<void> => {
    for (let some = waiting.get(campaignId) ?? []; some.length > 0; some = waiting.get(campaignId) ?? []) {
      waiting.set(campaignId, []);
      await Promise.all(runsOf(some).map((run) => answerRun(record, campaignId, run)));
    }
    waiting.delete(campaignId);
  };
  return {
    get: (campaignId, seq) =>
      new Promise((resolve, reject) => {
        const before = waiting.get(campaignId);
        before?.push({ seq, resolve, reject });
        if (before !== undefined) return;
        waiting.set(campaignId, [{ seq, resolve, reject }]);
        void answerAll(campaignId);
      }),
  };
}

/** Those whose numbers are near to each other together, in order. */
function runsOf(asked: readonly Asked[]): Asked[][] {
  const runs: Asked[][] = [];
  for (const one of asked.toSorted((a, b) => a.seq - b.seq)) {
    const run = runs.at(-1);
    const isNear = run !== undefined && one.seq - (run.at(-1) as Asked).seq <= GAP_MAX;
    if (isNear && one.seq - (run[0] as Asked).seq < RUN_MAX) run.push(one);
    else runs.push([one]);
  }
  return runs;
}

async function answerRun(
  record: Pick<RecordStore, 'find' | 'page'>,
  campaignId: string,
  run: readonly Asked[],
): Promise<void> {
  const first = (run[0] as Asked).seq;
  const last = (run.at(-1) as Asked).seq;
  try {
    const stored =
      first === last
        ? await record.find(campaignId, { seq: first })
        : await record.page(campaignId, first - 1, last - first + 1);
    const bySeq = new Map(stored.map((one) => [one.seq, one]));
    for (const { seq, resolve } of run) resolve(bySeq.get(seq) ?? null);
  } catch (error) {
    for (const { reject } of run) reject(error as Error);
  }
}
