// Protects: wins that the record could not take in are set aside, count as issued over a kill -9, and are issued later by
// the job with the code that was told, once; what is given up goes out to somebody else.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestServer, Told } from '../support/server.ts';
import {
  makeCrowd,
  newDataDir,
  openCampaign,
  operator,
  removeDataDir,
  startServer,
  winnersCsv,
} from '../support/server.ts';

const dataDir = newDataDir();
const PATH = '/v1/admin/dead-letters';
let server: TestServer;

beforeAll(async () => {
  server = await startServer(dataDir);
});
afterAll(async () => {
  await server.stop();
  removeDataDir(dataDir);
});

interface Letter {
  id: number;
  seq: number;
  userId: string;
  state: string;
  tries: number;
  reason: string;
  causes: { message: string; code: string | null }[];
  wouldDo: { kind: string; why: string | null } | null;
}

/** From outside, as a fault would: the record refuses the rows of a campaign with these numbers. */
function fault(campaignId: string, first: number, last: number): () => void {
  const run = (statement: string): void => {
    const record = new Database(join(dataDir, 'record.db'), { timeout: 10_000 });
    record.exec(statement);
    record.close();
  };
  const name = `fault_${campaignId}`;
  run(`CREATE TRIGGER ${name} BEFORE INSERT ON claims
    WHEN NEW.seq BETWEEN ${first} AND ${last}
      AND NEW.campaign_no = (SELECT no FROM campaigns WHERE id = '${campaignId}')
    BEGIN SELECT RAISE(ABORT, 'a fault put in'); END`);
  return () => run(`DROP TRIGGER ${name}`);
}

async function press(campaignId: string, users: readonly string[]): Promise<Told[]> {
  const crowd = makeCrowd(server, 20);
  const told = await Promise.all(users.map((user) => crowd.press(campaignId, user)));
  await crowd.close();
  return told;
}

const crowdOf = (count: number, name = 'u'): string[] =>
  Array.from({ length: count }, (_, i) => `${name}-${i}`);
const claimOf = ({ body }: Told) => body['claim'] as { seq: number; code: string; userId: string };

async function letters(campaign: string, more = ''): Promise<Letter[]> {
  const { body } = await operator(server, 'GET', `${PATH}?campaign=${campaign}&limit=1000${more}`);
  return body['items'] as Letter[];
}

/** ids of the invariants that do not hold */
async function red(campaign: string): Promise<string[]> {
  const { body } = await operator(server, 'GET', `/v1/admin/campaigns/${campaign}/integrity`);
  return (body['checks'] as { id: string; ok: boolean }[]).filter(({ ok }) => !ok).map(({ id }) => id);
}

/** Runs the job to its end; what its only step counted. */
async function runJob(campaign: string): Promise<Record<string, unknown>> {
  const asked = await operator(server, 'POST', '/v1/admin/jobs/retry-dead-letters/runs', {
    params: { campaign },
  });
  expect(asked.status, JSON.stringify(asked.body)).toBe(202);
  const path = `/v1/admin/jobs/runs/${String(asked.body['id'])}`;
  const read = async () => (await operator(server, 'GET', path)).body;
  await expect.poll(async () => (await read())['status'], { timeout: 20_000 }).toBe('completed');
  return ((await read())['steps'] as Record<string, unknown>[])[0] as Record<string, unknown>;
}

describe('37 wins that the record could not take in', () => {
  const ID = 'shop';
  const told = new Map<number, { code: string; userId: string }>();
  let mend: () => void = () => undefined;

  beforeAll(async () => {
    await openCampaign(server, ID, 100);
    mend = fault(ID, 20, 56);
    for (const one of await press(ID, crowdOf(150))) {
      if (one.status !== 201) continue;
      const { seq, code, userId } = claimOf(one);
      told.set(seq, { code, userId });
    }
  });

  it('are set aside with their causes; everybody was told', async () => {
    expect([...told.keys()].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    await expect.poll(async () => (await letters(ID)).length).toBe(37);
    const all = await letters(ID);
    expect(new Set(all.map(({ seq }) => seq)).size).toBe(37);
    for (const { seq, userId, state, tries, causes, wouldDo } of all) {
      expect(told.get(seq)?.userId).toBe(userId);
      expect({ state, tries }).toEqual({ state: 'dead', tries: 1 });
      expect(causes[0]?.message).toContain('a fault put in');
      expect(wouldDo).toMatchObject({
        kind: 'would_stay',
        why: expect.stringContaining('a fault put in') as string,
      });
    }
    expect(await red(ID)).toEqual(['I3']);
  });

  it('count as issued after a kill -9: their users are told what they were told, nobody gets their units', async () => {
    await server.kill();
    server = await startServer(dataDir);
    const [, { userId, code }] = [...told].find(([seq]) => seq === 30) as [
      number,
      { userId: string; code: string },
    ];
    const [again, other] = await press(ID, [userId, 'late']);
    expect([again?.status, claimOf(again as Told)]).toMatchObject([200, { seq: 30, code }]);
    expect([other?.status, other?.body['code']]).toEqual([409, 'sold_out']);
    expect(await letters(ID)).toHaveLength(37);
    expect(await red(ID)).toEqual(['I3']);
  });

  it('stay dead while the fault is there', async () => {
    const dry = await operator(server, 'POST', `${PATH}/replay`, { filter: { campaign: ID }, dryRun: true });
    expect(dry.body).toEqual({ issued: 0, alreadyThere: 0, stillDead: 37, dryRun: true, next: null });
    expect(await runJob(ID)).toMatchObject({ written: 0, skipped: 37 });
    expect((await letters(ID)).map(({ tries }) => tries)).toEqual(Array(37).fill(2));
  });

  it('one by one: a dry run changes nothing, a replay issues, twice is once', async () => {
    mend();
    const [letter] = await letters(ID, '&reason=fault');
    const at = `${PATH}/${letter?.id}`;
    expect((await operator(server, 'GET', at)).body).toMatchObject({
      wouldDo: { kind: 'would_issue', why: null },
    });
    const replay = async (query: string) => {
      const { status, body } = await operator(server, 'POST', `${at}/replay${query}`, { reason: 'mended' });
      return [status, body['outcome'], (body['letter'] as Letter).state];
    };
    expect(await replay('?dryRun=true')).toEqual([200, 'issued', 'dead']);
    expect(await replay('')).toEqual([200, 'issued', 'replayed']);
    expect(await replay('')).toEqual([200, 'already_there', 'replayed']);
    const late = await operator(server, 'POST', `${at}/discard`, { reason: 'too late' });
    expect([late.status, late.body['code']]).toEqual([409, 'dead_letter_replayed']);
  });

  it('the job issues the others; every told win has its coupon with the told code', async () => {
    expect(await runJob(ID)).toMatchObject({ written: 36 });
    const rows = await winnersCsv(server, ID);
    expect(rows.map(({ seq }) => Number(seq))).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    for (const { seq, userId, code } of rows) expect(told.get(Number(seq))).toEqual({ userId, code });
    expect(await red(ID)).toEqual([]);
    expect(new Set((await letters(ID)).map(({ state }) => state))).toEqual(new Set(['replayed']));
  });

  it('once more changes nothing', async () => {
    expect(await runJob(ID)).toMatchObject({ written: 0 });
    const { body } = await operator(server, 'POST', `${PATH}/replay`, { filter: { campaign: ID } });
    expect(body).toMatchObject({ issued: 0, alreadyThere: 0, stillDead: 0, next: null });
    expect(await winnersCsv(server, ID)).toHaveLength(100);
    const audit = await operator(server, 'GET', '/v1/admin/audit?limit=1000');
    const lines = (audit.body['items'] as { action: string; after: { outcome: string } }[]).filter(
      ({ action, after }) => action === 'dead_letter.replay' && after.outcome === 'issued',
    );
    expect(lines).toHaveLength(37);
  });
});

describe('a win that is given up', () => {
  it('goes out to somebody else, under another number', async () => {
    await openCampaign(server, 'last', 1);
    const mend = fault('last', 1, 1);
    const [ann] = await press('last', ['ann']);
    expect(claimOf(ann as Told).seq).toBe(1);
    await expect.poll(async () => (await letters('last')).length).toBe(1);
    mend();
    const [letter] = await letters('last');
    const discard = () =>
      operator(server, 'POST', `${PATH}/${letter?.id}/discard`, { reason: 'a test account' });
    expect((await discard()).body).toMatchObject({
      outcome: 'discarded',
      letter: { state: 'discarded', resolvedReason: 'a test account', wouldDo: null },
    });
    expect((await discard()).status).toBe(200);
    await expect.poll(async () => (await press('last', ['bob']))[0]?.status, { timeout: 10_000 }).toBe(201);
    expect((await press('last', ['cho']))[0]?.body['code']).toBe('sold_out');
    const replay = await operator(server, 'POST', `${PATH}/${letter?.id}/replay`);
    expect([replay.status, replay.body['code']]).toEqual([409, 'dead_letter_discarded']);
    await expect.poll(async () => (await winnersCsv(server, 'last')).map(({ seq }) => seq)).toEqual(['2']);
    expect(await red('last')).toEqual([]);
    await server.kill();
    server = await startServer(dataDir);
    expect((await press('last', ['dan']))[0]?.body['code']).toBe('sold_out');
    expect(await red('last')).toEqual([]);
  });
});

describe('what is asked wrongly', () => {
  it.each<[string, string, object | undefined, number, string]>([
    ['GET', '?state=lost', undefined, 400, 'invalid_query'],
    ['GET', '?since=yesterday', undefined, 400, 'invalid_query'],
    ['GET', '?since=2026-12-01T10:00:00', undefined, 400, 'timestamp_needs_offset'],
    ['GET', '?limit=1001', undefined, 400, 'invalid_query'],
    ['GET', '?cursor=abc', undefined, 400, 'invalid_cursor'],
    ['GET', '?campaign=nowhere', undefined, 404, 'campaign_not_found'],
    ['GET', '/999999', undefined, 404, 'dead_letter_not_found'],
    ['GET', '/abc', undefined, 404, 'dead_letter_not_found'],
    ['GET', '/-1', undefined, 404, 'dead_letter_not_found'],
    ['POST', '/999999/replay', {}, 404, 'dead_letter_not_found'],
    ['POST', '/1/replay?dryRun=maybe', {}, 400, 'invalid_query'],
    ['POST', '/999999/discard', { reason: 'x' }, 404, 'dead_letter_not_found'],
    ['POST', '/1/discard', {}, 400, 'invalid_field'],
    ['POST', '/1/discard', { reason: '  ' }, 400, 'invalid_field'],
    ['POST', '/1/discard', { reason: 'x', force: true }, 400, 'unknown_field'],
    ['POST', '/replay', { filter: { campaign: 'nowhere' } }, 404, 'campaign_not_found'],
    ['POST', '/replay', { filter: { state: 'dead' } }, 400, 'unknown_field'],
    ['POST', '/replay', { perSecond: 0 }, 400, 'invalid_field'],
    ['POST', '/replay', { cursor: 'abc' }, 400, 'invalid_cursor'],
    ['DELETE', '/1', undefined, 405, 'method_not_allowed'],
  ])('%s %s %j', async (method, path, body, status, code) => {
    const answer = await operator(server, method, PATH + path, body);
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
  });

  it('is nobody’s business without a key', async () => {
    const answer = await fetch(`${server.url}${PATH}`);
    expect(answer.status).toBe(401);
  });
});

describe('the command', () => {
  const dibs = (...args: string[]) => {
    const { status, stdout } = spawnSync(
      process.execPath,
      ['scripts/launch.mjs', 'src/cli/dibs.ts', ...args],
      {
        env: { PATH: process.env['PATH'], DIBS_URL: server.url, DIBS_ADMIN_KEY: server.adminKey },
        encoding: 'utf8',
      },
    );
    return { status, stdout };
  };

  it('lists, shows and replays', async () => {
    const { stdout } = dibs('dead-letters', 'list', '--campaign', 'shop', '--state', 'replayed', '--json');
    const { items } = JSON.parse(stdout) as { items: Letter[] };
    expect(items).toHaveLength(37);
    expect(dibs('dead-letters', 'show', String(items[0]?.id)).stdout).toContain('a fault put in');
    expect(dibs('dead-letters', 'replay', '--campaign', 'shop', '--json')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('"issued": 0') as string,
    });
    expect(dibs('dead-letters', 'replay').status).toBe(2);
  });
});
