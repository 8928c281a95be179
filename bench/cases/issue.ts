/**
 * The job `issue` (issue 6): coupons a second that are given to 100,000 winners, with everything that belongs to a chunk: the
 * winners read, codes derived, rows and outbox written in one transaction, the run's position committed in another, every
 * commit on its disk. In chunks of 100, as it is by default, and of other sizes; on SQLite in its thread, and on MariaDB.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { openMysql } from '../../src/adapters/mysql/open.ts';
import { makeMysqlRecord } from '../../src/adapters/mysql/record.ts';
import { steady } from '../../src/adapters/mysql/steady.ts';
import { makeSqlCampaigns } from '../../src/adapters/sql/campaigns.ts';
import { cron } from '../../src/adapters/system/cron.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import { makeJobFlow } from '../../src/flow/job-flow.ts';
import type { IssueParts } from '../../src/jobs/issue.ts';
import { makeIssueJob } from '../../src/jobs/issue.ts';
import { startRunner } from '../../src/jobs/runner.ts';
import { startEmbedded } from '../../src/main/embedded.ts';
import { mysqlStoredPorts } from '../../src/main/stored-ports.ts';
import type { Campaigns } from '../../src/ports/campaigns.ts';
import type { JobRun } from '../../src/ports/job-runs.ts';
import type { RecordStore } from '../../src/ports/record.ts';
import type { StoredPorts } from '../../src/ports/stored.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../../test/support/samples.ts';
import { type Figure, figure, isShort, median, rounds } from '../measure.ts';

const WINNERS = isShort ? 5_000 : 100_000;
const BATCH = 5_000;
const ROUNDS = 3;
const CHUNK = 100;
const OTHERS = [500, 1000];
const LOOK_MS = 5;

const system = makeSystem();
const master = Buffer.alloc(32, 7);

interface Place {
  record: RecordStore;
  campaigns: Campaigns;
  stored: StoredPorts;
}

async function putWinners({ record, campaigns }: Place, id: string): Promise<void> {
  const codes = { source: 'generated', issue: 'by_job' } as const;
  const over = { id, quantity: WINNERS, codes, closedAt: T0 + WINNERS + 1 };
  await campaigns.create(sampleCampaign(over), sampleAudit({ target: id }));
  for (let from = 0; from < WINNERS; from += BATCH) {
    const wins = Array.from({ length: Math.min(BATCH, WINNERS - from) }, (_, i) => {
      const seq = from + i + 1;
      const fact = sampleWin(seq, { campaignId: id, userId: `user-${seq * 7919}` });
      return { fact, codeLookup: null, byJob: true as const };
    });
    await record.store({ source: id, from, next: from + BATCH, wins, unreadable: [], now: T0 });
  }
}

/** The job with nothing but its own work around it. */
function jobOn({ record, campaigns, stored }: Place) {
  const report = {
    ok: true,
    campaignId: '',
    checkedAt: T0,
    drained: true,
    gate: 'over',
    checks: [],
  } as const;
  const parts = {
    ...{ record, campaigns, system, ...stored, codes: makeCodes(master) },
    ...{ caughtUp: async () => true, integrity: async () => report, catalog: { get: () => undefined } },
    ...{ gate: { unload: async () => undefined }, unloadLine: async () => undefined, log: {} },
  };
  return makeIssueJob(parts as unknown as IssueParts);
}

interface Done {
  /** of the whole run, with `collect` and `clean-up` */
  run: number;
  /** of the step that issues */
  step: number;
}

async function issued(place: Place, id: string, chunkSize: number): Promise<Done> {
  await putWinners(place, id);
  const jobs = [jobOn(place)];
  const { jobRuns: runs, jobSchedules: schedules } = place.stored;
  const lane = { heat: { hot: () => false }, alone: true, giveWayMaxMs: 0, owner: id };
  const runner = startRunner({ jobs, runs, system, ...lane, tell: () => undefined });
  const poke = (): void => runner.poke();
  const flow = makeJobFlow({ jobs, runs, schedules, cron, system, poke, stopRun: () => undefined });
  const began = performance.now();
  const asked = await flow.ask('issue', { campaign: id, chunkSize }, { id: 'bench', requestId: null });
  if ('problem' in asked) throw new Error(asked.problem.code);
  let run: JobRun | null;
  do {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    run = await flow.run(asked.run.id);
  } while (run?.endedAt === null);
  const tookMs = performance.now() - began;
  await runner.stop();
  const step = run?.steps.find(({ name }) => name === 'issue');
  if (step?.written !== WINNERS) throw new Error(`${step?.written} of ${WINNERS} issued: ${run?.lastError}`);
  const stepMs = Number(step.endedAt) - Number(step.startedAt);
  return { run: WINNERS / (tookMs / 1000), step: WINNERS / (stepMs / 1000) };
}

const thousands = (values: readonly number[]): string => `${(median(values) / 1000).toFixed(1)} k/s`;

async function measured(place: Place, what: { id: string; what: string; atLeast: number }): Promise<Figure> {
  let nth = 0;
  const one = (chunkSize: number): Promise<Done> => {
    nth += 1;
    return issued(place, `drop-${nth}`, chunkSize);
  };
  await one(CHUNK);
  const all = await rounds(ROUNDS, () => one(CHUNK));
  const notes: Figure['notes'] = {
    'the whole run': thousands(all.map(({ run }) => run)),
    'its step': thousands(all.map(({ step }) => step)),
  };
  for (const size of OTHERS) {
    const some = await rounds(1, () => one(size));
    notes[`chunks of ${size}, the whole run`] = thousands(some.map(({ run }) => run));
  }
  return figure(
    { ...what, unit: 'k/s' },
    all.map(({ step }) => step / 1000),
    notes,
  );
}

async function onSqlite(): Promise<Figure> {
  const dataDir = mkdtempSync(join(tmpdir(), 'dibs-bench-'));
  const parts = await startEmbedded(
    { dataDir, master, recorderBatch: 1000, recorderRatePerSecond: 0 },
    system,
  );
  try {
    const what = `gifticons issued on SQLite, chunks of ${CHUNK}`;
    return await measured(parts, { id: 'J3', what, atLeast: 10 });
  } finally {
    await parts.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function onMariaDb(): Promise<Figure> {
  const server = await startMariaDb();
  const mysql = await openMysql(server.url);
  try {
    const place: Place = {
      record: makeMysqlRecord({ mysql, system }),
      campaigns: steady(makeSqlCampaigns(mysql.db), mysql.address, system),
      stored: mysqlStoredPorts(mysql, system),
    };
    const what = `gifticons issued on MariaDB, chunks of ${CHUNK}`;
    const made = await measured(place, { id: 'J4', what, atLeast: 5 });
    return { ...made, notes: { ...made.notes, server: server.name } };
  } finally {
    await mysql.close();
    await server.stop();
  }
}

export async function issue(): Promise<Figure[]> {
  return [await onSqlite(), await onMariaDb()];
}
