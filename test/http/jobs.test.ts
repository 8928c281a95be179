// Protects: operators ask for runs of jobs, watch them, stop and restart them and say when they run, each change with its
// line in the audit log; what is unknown or wrong is refused in the words of the catalogue, and changes nothing.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnv } from '../support/clean-env.ts';
import { askForRun, endedRun } from '../support/killed-jobs.ts';
import type { TestServer } from '../support/server.ts';
import { newDataDir, openCampaign, operator, removeDataDir, startServer } from '../support/server.ts';

const dataDir = newDataDir();
let server: TestServer;
const call = (method: string, path: string, body?: object) =>
  operator(server, method, `/v1/admin/jobs${path}`, body);

beforeAll(async () => {
  server = await startServer(dataDir, { DIBS_JOBS_GIVE_WAY_SECONDS: '0' });
  for (let i = 0; i < 200; i++) await openCampaign(server, `c-${i}`, 5);
});
afterAll(async () => {
  await server.kill();
  removeDataDir(dataDir);
});

async function lastAudit(): Promise<Record<string, unknown> | undefined> {
  const { body } = await operator(server, 'GET', '/v1/admin/audit?limit=1');
  return (body['items'] as Record<string, unknown>[])[0];
}

describe('jobs', () => {
  it('are listed with their params, their last run and when they run by themselves', async () => {
    const { status, body } = await call('GET', '');
    expect(status).toBe(200);
    const jobs = body['items'] as Record<string, unknown>[];
    const one = jobs.find(({ name }) => name === 'reconcile');
    expect(one).toMatchObject({
      params: { type: 'object', properties: { campaign: { type: 'string' } } },
      schedules: [{ id: 'reconcile', cron: '* * * * *', timeZone: 'UTC', enabled: true }],
    });
    expect(jobs.map(({ name }) => name)).toEqual(expect.arrayContaining(['issue', 'sweep', 'reconcile']));
  });

  it('a run is asked for, found at its location, listed, and told until it has ended', async () => {
    const asked = await call('POST', '/reconcile/runs', { params: { campaign: 'c-1' } });
    expect(asked.status).toBe(202);
    expect(asked.body).toMatchObject({
      job: 'reconcile',
      status: 'queued',
      params: { campaign: 'c-1', apply: true },
    });
    const id = String(asked.body['id']);
    expect(asked.headers['location']).toBe(`/v1/admin/jobs/runs/${id}`);
    expect(await lastAudit()).toMatchObject({ action: 'job.run', target: id });
    const events = await fetch(`${server.url}/v1/admin/jobs/runs/${id}/events`, {
      headers: { authorization: `Bearer ${server.adminKey}` },
    });
    expect(events.headers.get('content-type')).toContain('text/event-stream');
    const text = await events.text();
    expect(text).toMatch(/^event: progress\ndata: \{"id":"run-/);
    expect(text.endsWith('event: ended\ndata: {"status":"completed"}\n\n')).toBe(true);
    const run = await call('GET', `/runs/${id}`);
    expect(run.body).toMatchObject({
      status: 'completed',
      read: 1,
      written: 1,
      skipped: 0,
      total: 1,
      starts: 1,
    });
    expect((await call('GET', `/reconcile/runs/${id}`)).body).toEqual(run.body);
    expect((await call('GET', `/issue/runs/${id}`)).body['code']).toBe('run_not_found');
    const again = await askForRun(server, 'reconcile', { campaign: 'c-1' });
    await endedRun(server, again.id);
    const page = await call('GET', '/reconcile/runs?limit=1');
    expect(page.body['items']).toMatchObject([{ id: again.id }]);
    const next = await call('GET', `/reconcile/runs?limit=1&cursor=${String(page.body['next'])}`);
    expect(next.body['items']).toMatchObject([{ id }]);
  });

  it('the same work runs once, is stopped, and goes on where it was', async () => {
    // Each minute the schedule would ask for the same work.
    const off = { job: 'reconcile', cron: '* * * * *', enabled: false };
    expect((await call('PUT', '/schedules/reconcile', off)).status).toBeLessThan(300);
    const { body } = await call('GET', '/reconcile/runs?limit=1');
    for (const { id } of body['items'] as { id: string }[]) await endedRun(server, id);
    const first = await askForRun(server, 'reconcile', {});
    const second = await call('POST', '/reconcile/runs', { params: { apply: true } });
    expect(second).toMatchObject({ status: 409, body: { code: 'job_running', run: first.id } });
    expect((await call('POST', `/runs/${first.id}/restart`)).body['code']).toBe('job_running');
    expect((await call('POST', `/runs/${first.id}/stop`)).status).toBe(200);
    expect(await lastAudit()).toMatchObject({ action: 'job.stop', target: first.id });
    const stopped = await endedRun(server, first.id);
    expect(stopped.status).toBe('stopped');
    expect((await call('POST', `/runs/${first.id}/stop`)).body['code']).toBe('invalid_transition');
    const restarted = await call('POST', `/reconcile/runs/${first.id}/restart`);
    expect(restarted).toMatchObject({ status: 202, body: { id: first.id } });
    expect(await lastAudit()).toMatchObject({ action: 'job.restart', target: first.id });
    const done = await endedRun(server, first.id);
    expect(done).toMatchObject({ status: 'completed', read: 200, written: 200 });
    expect((await call('POST', `/runs/${first.id}/restart`)).body['code']).toBe('invalid_transition');
  });

  it.each([
    ['an unknown job', 'POST', '/nope/runs', {}, 404, 'job_not_found'],
    ['runs of an unknown job', 'GET', '/nope/runs', undefined, 404, 'job_not_found'],
    ['an unknown run', 'GET', '/runs/nope', undefined, 404, 'run_not_found'],
    ['stopping an unknown run', 'POST', '/runs/nope/stop', undefined, 404, 'run_not_found'],
    ['restarting an unknown run', 'POST', '/runs/nope/restart', undefined, 404, 'run_not_found'],
    ['events of an unknown run', 'GET', '/runs/nope/events', undefined, 404, 'run_not_found'],
    ['an unknown param', 'POST', '/reconcile/runs', { params: { campain: 'c-1' } }, 400, 'unknown_field'],
    ['a param beside params', 'POST', '/reconcile/runs', { campaign: 'c-1' }, 400, 'unknown_field'],
    [
      'a param of another type',
      'POST',
      '/reconcile/runs',
      { params: { apply: 'yes' } },
      400,
      'invalid_field',
    ],
    ['a missing param', 'POST', '/issue/runs', {}, 400, 'invalid_field'],
    ['params that are no object', 'POST', '/issue/runs', { params: [] }, 400, 'invalid_field'],
    [
      'an unknown campaign',
      'POST',
      '/reconcile/runs',
      { params: { campaign: 'no' } },
      404,
      'campaign_not_found',
    ],
    ['a foreign cursor', 'GET', '/reconcile/runs?cursor=abc', undefined, 400, 'invalid_cursor'],
    ['a limit past the greatest', 'GET', '/reconcile/runs?limit=1001', undefined, 400, 'invalid_query'],
    [
      'a schedule of an unknown job',
      'PUT',
      '/schedules/x',
      { job: 'no', cron: '* * * * *' },
      404,
      'job_not_found',
    ],
    ['no cron expression', 'PUT', '/schedules/x', { job: 'sweep', cron: 'daily at' }, 400, 'invalid_field'],
    [
      'a day that never comes',
      'PUT',
      '/schedules/x',
      { job: 'sweep', cron: '0 0 31 2 *' },
      400,
      'invalid_field',
    ],
    [
      'no time zone',
      'PUT',
      '/schedules/x',
      { job: 'sweep', cron: '* * * * *', timeZone: 'Seoul' },
      400,
      'invalid_field',
    ],
    ['an unknown schedule', 'DELETE', '/schedules/none', undefined, 404, 'schedule_not_found'],
  ])('refuses %s', async (_title, method, path, body, status, code) => {
    const told = await call(method, path, body);
    expect(told).toMatchObject({ status, body: { code } });
  });

  it('names the field that is wrong', async () => {
    const unknown = await call('POST', '/reconcile/runs', { params: { campain: 'c-1' } });
    expect(unknown.body['pointer']).toBe('/params/campain');
    expect((await call('POST', '/issue/runs', {})).body['pointer']).toBe('/params/campaign');
    const zone = await call('PUT', '/schedules/x', { job: 'sweep', cron: '* * * * *', timeZone: 'Seoul' });
    expect(zone.body['pointer']).toBe('/timeZone');
  });

  it('run by schedules that operators make, change and remove', async () => {
    const asked = {
      job: 'reconcile',
      cron: '* * * * * *',
      timeZone: 'Asia/Seoul',
      params: { campaign: 'c-2' },
    };
    const made = await call('PUT', '/schedules/every-second', asked);
    expect(made).toMatchObject({ status: 200, body: { id: 'every-second', enabled: true } });
    expect(await lastAudit()).toMatchObject({ action: 'job.schedule', target: 'every-second', before: null });
    await expect
      .poll(
        async () => ((await call('GET', '/reconcile/runs?limit=5')).body['items'] as { by: string }[])[0]?.by,
        {
          timeout: 8000,
        },
      )
      .toBe('schedule');
    await call('PUT', '/schedules/every-second', { ...asked, enabled: false });
    expect(await lastAudit()).toMatchObject({ before: { enabled: true }, after: { enabled: false } });
    expect((await call('DELETE', '/schedules/every-second')).status).toBe(204);
    expect(await lastAudit()).toMatchObject({ action: 'job.unschedule', target: 'every-second' });
  });

  it('are in the metrics', async () => {
    await expect
      .poll(async () => (await fetch(`${server.url}/metrics`)).text(), { timeout: 12_000 })
      .toMatch(/dibs_job_runs\{status="completed"\} [1-9]/);
    const text = await (await fetch(`${server.url}/metrics`)).text();
    expect(text).toMatch(/dibs_job_failed\{job="reconcile"\} 0/);
    expect(text).toMatch(/dibs_job_chunks_total\{job="reconcile"\} [1-9]/);
  });

  it('need the role operate, and read for looking', async () => {
    const key = await operator(server, 'POST', '/v1/admin/keys', { name: 'r', role: 'read' });
    const reader = { ...server, adminKey: String(key.body['key']) };
    expect((await operator(reader, 'GET', '/v1/admin/jobs')).status).toBe(200);
    expect((await operator(reader, 'POST', '/v1/admin/jobs/reconcile/runs', {})).status).toBe(403);
    expect((await operator(reader, 'PUT', '/v1/admin/jobs/schedules/x', {})).status).toBe(403);
    expect((await fetch(`${server.url}/v1/admin/jobs`)).status).toBe(401);
  });
});

describe('dibs jobs', () => {
  interface Ended {
    code: number;
    out: string;
    err: string;
  }

  /** As people run it: a process of its own. */
  function dibs(...args: string[]): Promise<Ended> {
    const file = join(import.meta.dirname, '../../src/cli/dibs.ts');
    const env = cleanEnv({ DIBS_URL: server.url, DIBS_ADMIN_KEY: server.adminKey });
    return new Promise((resolve) => {
      execFile(process.execPath, [file, 'jobs', ...args], { env }, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      );
    });
  }

  it('lists the jobs, runs one and waits for it, and shows what it did', async () => {
    const [listed, ran] = await Promise.all([
      dibs('list'),
      dibs('run', 'reconcile', '--campaign', 'c-5', '--param', 'apply=no', '--wait'),
    ]);
    expect(listed.code).toBe(0);
    expect(listed.out).toContain('reconcile  Compare gate, log and record');
    expect(ran.code, ran.err).toBe(0);
    expect(ran.out).toMatch(/✓ reconcile run-\S+ is completed\n/);
    expect(ran.out).toMatch(/compare +completed +1 of 1/);
    const status = await dibs('status', '--json');
    const runs = JSON.parse(status.out) as { job: string; id: string }[];
    const run = runs.find(({ job }) => job === 'reconcile');
    const one = await dibs('status', run?.id ?? '', '--json');
    expect(JSON.parse(one.out)).toMatchObject({
      params: { campaign: 'c-5', apply: false },
      status: 'completed',
    });
  });

  it('stops a run, lets it go on, and says so', async () => {
    const asked = await dibs('run', 'reconcile', '--json');
    const { id } = JSON.parse(asked.out) as { id: string };
    const stopped = await dibs('stop', id);
    // 200 campaigns are compared faster than a command starts, on some machines.
    if (stopped.code === 0) {
      const again = await dibs('restart', id, '--wait');
      expect(again).toMatchObject({ code: 0 });
      expect(again.out).toMatch(/compare +completed +200 of 200/);
    } else expect(stopped.err).toContain('invalid_transition');
  });

  it('schedules, switches off and removes', async () => {
    const params = ['--cron', '0 3 * * *', '--time-zone', 'Asia/Seoul', '--id', 'nightly'];
    const made = await dibs('schedule', 'reconcile', ...params, '--param', 'campaign=c-1');
    expect(made).toMatchObject({ code: 0, out: '✓ reconcile runs at 0 3 * * * (Asia/Seoul)\n' });
    expect((await dibs('schedule', 'reconcile', '--id', 'nightly', '--off')).out).toContain(
      'does not run by itself',
    );
    const jobs = (await call('GET', '')).body['items'] as { name: string; schedules: { id: string }[] }[];
    expect(
      jobs.find(({ name }) => name === 'reconcile')?.schedules.find(({ id }) => id === 'nightly'),
    ).toMatchObject({
      ...{ cron: '0 3 * * *', timeZone: 'Asia/Seoul', enabled: false, nextAt: null },
      params: { campaign: 'c-1', apply: true },
    });
    expect((await dibs('schedule', 'reconcile', '--id', 'nightly', '--remove')).code).toBe(0);
  });

  it.each([
    ['an unknown job', ['run', 'nope'], 1, 'job_not_found'],
    ['an unknown param', ['run', 'reconcile', '--param', 'a=b'], 1, 'unknown_field'],
    ['a param without a value', ['run', 'reconcile', '--param', 'a'], 2, 'name=value'],
    ['an unknown run', ['stop', 'run-0'], 1, 'run_not_found'],
    ['no schedule to switch off', ['schedule', 'issue', '--off'], 2, '--cron'],
  ])('refuses %s', async (_title, args, code, says) => {
    const ended = await dibs(...args);
    expect(ended.code).toBe(code);
    expect(ended.err).toContain(says);
  });
});
