// Protects: after an archived campaign was erased nothing in the whole data folder names any of its people, in any mode,
// whatever they did; its counts and checks still hold; who won is not known any more, and nobody can win again.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeQueuedCrowd } from '../support/queued-crowd.ts';
import type { Crowd, TestServer, Told } from '../support/server.ts';
import {
  makeCrowd,
  newDataDir,
  openCampaign,
  operator,
  removeDataDir,
  startServer,
  winnersCsv,
} from '../support/server.ts';

const PEOPLE = 120;
const UNITS = 40;
const MODES = ['instant', 'ordered', 'queued'] as const;
type Mode = (typeof MODES)[number];

/** Nobody else is called so, and nobody finds it by chance. */
const nameOf = (mode: Mode, nth: number): string => `zq-${mode}-${nth}@person.example`;
const NAME = /zq-(?:instant|ordered|queued)-\d+@person\.example/;
const KEPT = 'kept-person-1@person.example';

/** Nobody presses while the jobs run here, and they need not wait for it. */
const ENV = { DIBS_JOBS_GIVE_WAY_SECONDS: '0' };

const dataDir = newDataDir();
let server: TestServer;
let crowd: Crowd;
const integrityBefore = new Map<Mode, unknown>();

/** Every byte of every file. */
function filesThatName(pattern: string): string[] {
  return readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .filter((path) => new RegExp(pattern).test(readFileSync(path, 'latin1')));
}

async function run(job: string, params: object): Promise<Record<string, unknown>> {
  const asked = await operator(server, 'POST', `/v1/admin/jobs/${job}/runs`, { params });
  expect(asked.status, JSON.stringify(asked.body)).toBeLessThan(300);
  const id = String(asked.body['id']);
  for (;;) {
    const { body } = await operator(server, 'GET', `/v1/admin/jobs/runs/${id}`);
    if (body['status'] === 'completed') return body;
    if (['failed', 'stopped'].includes(String(body['status']))) throw new Error(JSON.stringify(body));
    await new Promise((resume) => setTimeout(resume, 30));
  }
}

const integrityOf = (mode: Mode): Promise<Told> =>
  operator(server, 'GET', `/v1/admin/campaigns/${mode}-drop/integrity`);

/** What is said of everybody, without when it was said. */
const shown = ({ body }: Told): unknown =>
  (body['checks'] as { id: string; ok: boolean }[]).map(({ id, ok }) => ({ id, ok }));

async function rush(mode: Mode): Promise<void> {
  const names = Array.from({ length: PEOPLE }, (_, i) => nameOf(mode, i));
  const id = `${mode}-drop`;
  const eligibility = { denyUsers: [nameOf(mode, 999)] };
  const release = mode === 'queued' ? { release: { perSecond: 1000 } } : {};
  await openCampaign(server, id, UNITS, { mode, codes: { source: 'generated' }, eligibility, ...release });
  if (mode === 'queued') {
    const people = makeQueuedCrowd(server.url, { connections: 50, lookMs: 50 });
    await Promise.all(names.map((name) => people.live(id, name)));
    await people.close();
  } else await Promise.all(names.map((name) => crowd.press(id, name, `key-of-${name}`)));
  let winners: Record<string, string>[] = [];
  while (winners.length < UNITS) winners = await winnersCsv(server, id);
  const [first, second] = winners;
  const redeemed = await operator(server, 'POST', `/v1/admin/coupons/${first?.['code']}/redeem`, {});
  expect(redeemed.status, JSON.stringify(redeemed.body)).toBe(200);
  await operator(server, 'POST', `/v1/admin/coupons/${second?.['code']}/revoke`, {
    reason: `${second?.['userId']} asked for it`,
  });
  await run('export', { what: 'winners', campaign: id });
  await run('report', { campaign: id });
}

async function endIt(mode: Mode): Promise<void> {
  for (const act of ['close', 'archive']) {
    const { status } = await operator(server, 'POST', `/v1/admin/campaigns/${mode}-drop/${act}`);
    expect(status).toBe(200);
  }
  const report = await integrityOf(mode);
  expect(report.body['ok'], JSON.stringify(report.body)).toBe(true);
  integrityBefore.set(mode, shown(report));
}

beforeAll(async () => {
  server = await startServer(dataDir, ENV);
  crowd = makeCrowd(server, 50);
  await openCampaign(server, 'kept-drop', 5);
  await crowd.press('kept-drop', KEPT);
  for (const mode of MODES) {
    await rush(mode);
    await endIt(mode);
  }
}, 60_000);

afterAll(async () => {
  await crowd.close();
  await server.stop();
  removeDataDir(dataDir);
});

describe('the people of archived campaigns', () => {
  it('are in the data folder before', () => {
    for (const mode of MODES) expect(filesThatName(`zq-${mode}-\\d+@`)).not.toEqual([]);
  });

  it('are not erased before somebody asks or their time has come, and never while it runs', async () => {
    const refused = await operator(server, 'POST', '/v1/admin/jobs/sweep/runs', {
      params: { erase: 'kept-drop' },
    });
    expect(refused).toMatchObject({ status: 409, body: { code: 'campaign_live' } });
    await run('sweep', {});
    for (const mode of MODES) expect(filesThatName(`zq-${mode}-\\d+@`)).not.toEqual([]);
  });

  it('are nowhere in it after', { timeout: 60_000 }, async () => {
    for (const mode of MODES) await run('sweep', { erase: `${mode}-drop` });
    expect(filesThatName(NAME.source)).toEqual([]);
    expect(filesThatName(KEPT)).not.toEqual([]);
  });

  it.each(MODES)('leave counts and checks as they were: %s', async (mode) => {
    const report = await integrityOf(mode);
    expect(shown(report)).toEqual(integrityBefore.get(mode));
    expect(report.body['ok']).toBe(true);
    const winners = await winnersCsv(server, `${mode}-drop`);
    expect(winners).toHaveLength(UNITS);
    expect(new Set(winners.map(({ userId }) => userId)).size).toBe(UNITS);
    for (const { userId } of winners) expect(userId).toMatch(/^erased:/);
    const { body } = await operator(server, 'GET', `/v1/admin/campaigns/${mode}-drop`);
    expect(body).toMatchObject({ erasedAt: expect.any(String), eligibility: null });
  });

  it.each(MODES)('are not known any more, and cannot win again: %s', async (mode) => {
    for (const nth of [0, 1, PEOPLE - 1]) {
      const mine = await fetch(
        `${server.url}/v1/campaigns/${mode}-drop/claims/me?userId=${encodeURIComponent(nameOf(mode, nth))}`,
      );
      expect(mine.status).toBe(404);
      expect(await mine.json()).toMatchObject({ code: 'no_claim' });
      const again = await crowd.press(`${mode}-drop`, nameOf(mode, nth), `key-of-${nameOf(mode, nth)}`);
      expect(again).toMatchObject({ status: 409, body: { code: 'closed' } });
    }
  });

  it('stay erased when it is done again, and after a start', { timeout: 60_000 }, async () => {
    const before = await Promise.all(MODES.map((mode) => winnersCsv(server, `${mode}-drop`)));
    for (const mode of MODES) await run('sweep', { erase: `${mode}-drop` });
    expect(await Promise.all(MODES.map((mode) => winnersCsv(server, `${mode}-drop`)))).toEqual(before);
    await crowd.close();
    await server.stop();
    server = await startServer(dataDir, ENV);
    crowd = makeCrowd(server, 10);
    expect(filesThatName(NAME.source)).toEqual([]);
    expect((await crowd.press('kept-drop', KEPT)).status).toBe(200);
    for (const mode of MODES) expect((await integrityOf(mode)).body['ok']).toBe(true);
    const again = await crowd.press('instant-drop', nameOf('instant', 0));
    expect(again).toMatchObject({ status: 409, body: { code: 'closed' } });
  });
});
