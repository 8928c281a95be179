// Jobs as the kill tests drive them, a row for each: what they work on, what is asked of them, and what can be seen of
// what they did. The tests compare what a broken run has left with what an unbroken one does.

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import type { TestServer } from './server.ts';
import { makeCrowd, openCampaign, operator, winnersCsv } from './server.ts';

export interface KilledJob {
  job: string;
  /** what it is about, when there are several rows of one job */
  about?: string;
  /** Makes what the job works on; its params. */
  setUp(server: TestServer, dataDir: string): Promise<Record<string, unknown>>;
  /** What is to be the same whether or not it was broken off: no times, no ids made by chance. */
  seen(server: TestServer): Promise<unknown>;
  /** kills -9 before it may end by itself, the last of several between a chunk's writing and its commit; default 2 */
  kills?: number;
  /** steps of which a chunk each is written and not committed when it is killed; instead of `kills` */
  atCommitOf?: readonly string[];
  /** of its servers */
  env?: Record<string, string>;
  /** all of it is one chunk: it is killed as soon as somebody is at it */
  oneChunk?: true;
}

export interface RunSeen {
  id: string;
  status: string;
  read: number;
  written: number;
  skipped: number;
  total: number | null;
  starts: number;
  lastError: string | null;
  steps: { name: string; status: string; read: number; written: number; skips: Record<string, number> }[];
}

/** What the schedule is just doing by itself is waited for. */
export async function askForRun(server: TestServer, job: string, params: object): Promise<RunSeen> {
  for (;;) {
    const told = await operator(server, 'POST', `/v1/admin/jobs/${job}/runs`, { params });
    if (told.status === 202) return told.body as unknown as RunSeen;
    if (told.body['code'] !== 'job_running')
      throw new Error(`${job}: ${told.status} ${JSON.stringify(told.body)}`);
    await endedRun(server, String(told.body['run']));
  }
}

export async function runSeen(server: TestServer, id: string): Promise<RunSeen> {
  return (await operator(server, 'GET', `/v1/admin/jobs/runs/${id}`)).body as unknown as RunSeen;
}

/** The run once it has ended. */
export async function endedRun(server: TestServer, id: string): Promise<RunSeen> {
  for (;;) {
    const run = await runSeen(server, id);
    if (run.status !== 'queued' && run.status !== 'running') return run;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The counts of a run by step: those of a broken one equal those of an unbroken one. */
export const countsOf = ({ steps }: RunSeen) =>
  steps.map(({ name, status, read, written, skips }) => ({ name, status, read, written, skips }));

/** Everybody wins: `count` people, u-1 … in any order. */
export async function givenOut(
  server: Pick<TestServer, 'url'>,
  campaign: string,
  count: number,
): Promise<void> {
  const crowd = makeCrowd(server, 50);
  let next = 0;
  const person = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      const { status } = await crowd.press(campaign, `u-${next}`);
      expect(status).toBe(201);
    }
  };
  await Promise.all(Array.from({ length: 50 }, person));
  await crowd.close();
}

async function integrity(server: TestServer, campaign: string): Promise<unknown> {
  return (await operator(server, 'GET', `/v1/admin/campaigns/${campaign}/integrity`)).body['ok'];
}

/** From outside, as a fault would: what is given out meanwhile is set aside, all of it. */
async function setAside(server: TestServer, dataDir: string, campaign: string, count: number): Promise<void> {
  const record = new Database(join(dataDir, 'record.db'), { timeout: 10_000 });
  record.exec(
    `CREATE TRIGGER fault BEFORE INSERT ON claims BEGIN SELECT RAISE(ABORT, 'a fault put in'); END`,
  );
  await givenOut(server, campaign, count);
  const dead = record.prepare<[], number>("SELECT COUNT(*) FROM dead_letters WHERE state = 'dead'").pluck();
  while (dead.get() !== count) await new Promise((resolve) => setTimeout(resolve, 5));
  record.exec('DROP TRIGGER fault');
  record.close();
}

/**
 * From outside, once so many are recorded: one campaign was archived two days ago, the coupons of another have expired,
 * and there are old lines of the audit log. In how many runs the units were told of is chance: nothing of it stays.
 */
async function longAgo(dataDir: string, units: number): Promise<void> {
  const record = new Database(join(dataDir, 'record.db'), { timeout: 10_000 });
  const recorded = record.prepare<[], number>('SELECT COUNT(*) FROM claims').pluck();
  while (recorded.get() !== units) await new Promise((resolve) => setTimeout(resolve, 5));
  record.exec('DELETE FROM outbox WHERE seq_first IS NOT NULL');
  const archivedAt = Date.now() - 2 * 86_400_000;
  const inBody = record.prepare('UPDATE campaigns SET body = json_set(body, ?, ?) WHERE id = ?');
  inBody.run('$.archivedAt', archivedAt, 'old');
  inBody.run('$.couponExpiresAt', 1, 'expired');
  const line = record.prepare(
    "INSERT INTO audit (at, actor, request_id, action, target, before, after) VALUES (1, '', NULL, '', '', '', '')",
  );
  record.transaction(() => {
    for (let i = 0; i < 700; i++) line.run();
  })();
  record.close();
}

async function letterStates(server: TestServer): Promise<Record<string, number>> {
  const { body } = await operator(server, 'GET', '/v1/admin/dead-letters?limit=1000');
  const states = (body['items'] as { state: string }[]).map(({ state }) => state);
  return Object.fromEntries([...new Set(states)].map((one) => [one, states.filter((s) => s === one).length]));
}

/** The files of the only report, by what they say of the people; ids and times are another run's. */
async function reported(server: TestServer) {
  const { items } = (await operator(server, 'GET', '/v1/admin/files')).body as {
    items: Record<string, string>[];
  };
  const ids = items.map(({ id }) => id ?? '').filter((id) => id.startsWith('report-'));
  const json = ids.find((id) => id.startsWith('report-json-'));
  const { body } = await operator(server, 'GET', `/v1/admin/files/${json}`);
  return {
    names: items.map(({ name = '' }) => name).toSorted((a, b) => (a < b ? -1 : 1)),
    totals: body['totals'],
  };
}

export const killedJobs: readonly KilledJob[] = [
  {
    job: 'reconcile',
    async setUp(server) {
      for (let i = 0; i < 80; i++) await openCampaign(server, `c-${i}`, 5);
      await givenOut(server, 'c-7', 5);
      return {};
    },
    seen: (server) => integrity(server, 'c-7'),
  },
  {
    job: 'issue',
    async setUp(server) {
      await openCampaign(server, 'c', 3000, { codes: { source: 'generated', issue: 'by_job' } });
      await givenOut(server, 'c', 3000);
      await operator(server, 'POST', '/v1/admin/campaigns/c/close');
      return { campaign: 'c', chunkSize: 20 };
    },
    async seen(server) {
      const rows = await winnersCsv(server, 'c');
      const codes = new Set(rows.map(({ code }) => code));
      return {
        ok: await integrity(server, 'c'),
        rows: rows.length,
        codes: codes.size,
        status: rows[0]?.['status'],
      };
    },
  },
  {
    job: 'retry-dead-letters',
    async setUp(server, dataDir) {
      await openCampaign(server, 'c', 600);
      await setAside(server, dataDir, 'c', 600);
      return { campaign: 'c' };
    },
    async seen(server) {
      const rows = await winnersCsv(server, 'c');
      const ok = await integrity(server, 'c');
      return { ok, rows: rows.length, letters: await letterStates(server) };
    },
  },
  {
    job: 'report',
    kills: 1,
    oneChunk: true,
    async setUp(server) {
      await openCampaign(server, 'c', 1500);
      await givenOut(server, 'c', 1500);
      await operator(server, 'POST', '/v1/admin/campaigns/c/close');
      return { campaign: 'c' };
    },
    seen: reported,
  },
  {
    job: 'sweep',
    env: { DIBS_RETENTION_PERSONAL_DAYS: '1' },
    atCommitOf: ['units', 'erase', 'old-audit'],
    async setUp(server, dataDir) {
      for (const [id, count] of [
        ['old', 500],
        ['expired', 300],
      ] as const) {
        await openCampaign(server, id, count);
        await givenOut(server, id, count);
      }
      for (const act of ['close', 'archive'])
        await operator(server, 'POST', `/v1/admin/campaigns/old/${act}`);
      await longAgo(dataDir, 800);
      return {};
    },
    async seen(server) {
      const rows = await winnersCsv(server, 'old');
      const ids = new Set(rows.map(({ userId }) => userId));
      const named = rows.filter(({ userId }) => !/^erased:[0-9a-f]{48}$/.test(userId ?? ''));
      const expired = new Set((await winnersCsv(server, 'expired')).map(({ status }) => status));
      return { ok: await integrity(server, 'old'), rows: rows.length, ids: ids.size, named, expired };
    },
  },
];
