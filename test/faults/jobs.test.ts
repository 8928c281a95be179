// Protects: a run of a job outlives whoever does it and the database that it is kept in: killed, stopped in its tracks,
// or cut off in mid-chunk, another process or the same goes on after the last committed chunk, nothing is issued twice,
// and the counts in the run's row are those of an unbroken run.

import { afterAll, describe, expect, it } from 'vitest';
import {
  type DibsProcess,
  makeSite,
  type Site,
  startProcesses,
  startServices,
  stopServices,
} from '../support/distributed.ts';
import { givenOut, type RunSeen } from '../support/killed-jobs.ts';

const WINNERS = 800;
const CHUNK = 10;
/** Longer than a runner's lease, and the time to notice. */
const TAKEN_OVER = { timeout: 40_000, interval: 50 };
/** Who was killed has somebody in his place by then, also on a slow machine. */
const RESUMED = { timeout: 15_000, interval: 50 };

const services = await startServices();
const made = services && makeSite(services, services.redis.url, { DIBS_JOBS_GIVE_WAY_SECONDS: '0' });
if (made !== null) {
  await startProcesses(made, { api: 'api', back: 'relay,recorder', 'jobs-a': 'jobs', 'jobs-b': 'jobs' });
}
afterAll(async () => {
  await made?.close();
  await stopServices(services);
});

describe.skipIf(made === null)('a run of issue', () => {
  const site = made as Site;

  /** The run in its middle, and the process that has it. */
  async function middle(campaign: string): Promise<{ id: string; runner: DibsProcess }> {
    await site.open(campaign, WINNERS, { codes: { source: 'generated', issue: 'by_job' } });
    const [api] = site.apis();
    await givenOut({ url: api?.url ?? '' }, campaign, WINNERS);
    await site.call('POST', `/v1/admin/campaigns/${campaign}/close`);
    const params = { campaign, chunkSize: CHUNK };
    const asked = await site.call('POST', '/v1/admin/jobs/issue/runs', { params });
    expect(asked.status, JSON.stringify(asked.body)).toBe(202);
    const id = String(asked.body['id']);
    await expect
      .poll(async () => (await stepOf(id))?.written ?? 0, { timeout: 30_000, interval: 1 })
      .toBeGreaterThan(100);
    const [row] = await site.query('SELECT owner FROM job_runs WHERE id = ?', [id]);
    const pid = Number(String(row?.['owner']).split('-').at(-2));
    const runner = site.processes.find((one) => one.pid === pid);
    if (!runner) throw new Error(`nobody has the run: ${String(row?.['owner'])}`);
    return { id, runner };
  }

  const seen = async (id: string) =>
    (await site.call('GET', `/v1/admin/jobs/runs/${id}`)).body as unknown as RunSeen;
  const stepOf = async (id: string) => (await seen(id)).steps?.find(({ name }) => name === 'issue');

  /** The state and the counts of an unbroken run. */
  async function whole(campaign: string, id: string, starts: number): Promise<void> {
    await expect.poll(async () => (await seen(id)).status, TAKEN_OVER).toBe('completed');
    const run = await seen(id);
    expect(run.starts).toBeGreaterThanOrEqual(starts);
    const [collect, issue] = run.steps;
    expect(collect).toMatchObject({ name: 'collect', read: WINNERS, written: WINNERS });
    expect(issue).toMatchObject({ name: 'issue', read: WINNERS, written: WINNERS, skips: {} });
    const [row] = await site.query(
      `SELECT COUNT(issued_at) AS issued, COUNT(DISTINCT code_lookup) AS codes FROM claims
       WHERE campaign_no = (SELECT no FROM campaigns WHERE id = ?)`,
      [campaign],
    );
    expect(row).toEqual({ issued: WINNERS, codes: WINNERS });
    const left = await site.query(
      `SELECT SUM(seq_last - seq_first + 1) AS told FROM outbox
       WHERE type = 'coupon.issued' AND campaign_no = (SELECT no FROM campaigns WHERE id = ?)`,
      [campaign],
    );
    expect(Number(left[0]?.['told'])).toBe(WINNERS);
  }

  it('goes on in another process when its own is killed with -9', async () => {
    const { id, runner } = await middle('killed');
    await runner.kill();
    await expect.poll(async () => (await seen(id)).starts, RESUMED).toBeGreaterThan(1);
    await whole('killed', id, 2);
    await runner.start();
  });

  it('is taken over from a process that stands still, whose commit is refused when it wakes', async () => {
    const { id, runner } = await middle('frozen');
    process.kill(runner.pid as number, 'SIGSTOP');
    await expect.poll(async () => (await seen(id)).starts, TAKEN_OVER).toBeGreaterThan(1);
    process.kill(runner.pid as number, 'SIGCONT');
    await whole('frozen', id, 2);
  });

  it('waits for the database that is killed with -9 in mid-chunk, and goes on by itself', async () => {
    const { id } = await middle('cut-off');
    await services?.maria.kill();
    await services?.maria.restart();
    await expect.poll(async () => (await seen(id)).status, TAKEN_OVER).toBe('completed');
    await whole('cut-off', id, (await seen(id)).starts);
  });
});

describe.skipIf(made === null)('a run of grant', () => {
  const site = made as Site;
  const USERS = 1200;

  async function upload(lines: readonly string[]): Promise<string> {
    const headers = { authorization: `Bearer ${site.adminKey}`, 'content-type': 'text/csv' };
    const url = `${site.apis()[0]?.url ?? ''}/v1/admin/files`;
    const answer = await fetch(url, { method: 'POST', headers, body: lines.join('\n') });
    expect(answer.status).toBe(201);
    return ((await answer.json()) as { id: string }).id;
  }

  it('in a process of its own passes the gate of all, and nobody has two after kill -9', async () => {
    await site.open('gift', USERS, { eligibility: { allowUsers: [] } });
    const users = Array.from({ length: USERS }, (_, i) => `u-${i}`);
    const params = { campaign: 'gift', file: await upload([...users, 'u-7']) };
    const asked = await site.call('POST', '/v1/admin/jobs/grant/runs', { params });
    const id = String(asked.body['id']);
    const run = async () => (await site.call('GET', `/v1/admin/jobs/runs/${id}`)).body as unknown as RunSeen;
    await expect.poll(async () => (await run()).written, { timeout: 30_000, interval: 1 }).toBeGreaterThan(0);
    const [row] = await site.query('SELECT owner FROM job_runs WHERE id = ?', [id]);
    const pid = Number(String(row?.['owner']).split('-').at(-2));
    await site.processes.find((one) => one.pid === pid)?.kill();
    await expect.poll(async () => (await run()).status, TAKEN_OVER).toBe('completed');
    const [grant] = (await run()).steps;
    expect(grant).toMatchObject({ read: USERS + 1, written: USERS, skips: { already_won: 1 } });
    const counted = `SELECT COUNT(*) AS units, COUNT(DISTINCT user_id) AS users FROM claims
      WHERE campaign_no = (SELECT no FROM campaigns WHERE id = 'gift')`;
    await expect
      .poll(async () => (await site.query(counted))[0], TAKEN_OVER)
      .toEqual({ units: USERS, users: USERS });
    const press = await fetch(`${site.apis()[0]?.url ?? ''}/v1/campaigns/gift/claims`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"userId":"somebody"}',
    });
    expect(((await press.json()) as { code: string }).code).toBe('ineligible');
  });
});
