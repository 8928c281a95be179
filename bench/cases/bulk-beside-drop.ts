/**
 * A drop with a bulk job of 1,000,000 beside it: the same crowd with the job and without, in turn. The job is `grant`, which
 * presses at the same gate, so nothing of it is out of the crowd's way by itself. It is stopped and goes on in each round.
 */

import type { Figure } from '../measure.ts';
import { figure, isShort, median, rounds } from '../measure.ts';
import type { Running } from '../servers.ts';
import { load, openCampaign, startDibs } from '../servers.ts';

const GIFTS = isShort ? 20_000 : 1_000_000;
const SECONDS = isShort ? 3 : 6;
const CONNECTIONS = 100;
/** Presses a second of the crowd whose waiting is measured: well below what can be answered. */
const STEADY_PER_SECOND = 2_000;
const ROUNDS = 5;
const LOOK_MS = 20;

interface RunSeen {
  id: string;
  status: string;
  read: number;
}

async function call<T>(server: Running, path: string, init: RequestInit = {}): Promise<T> {
  const headers = { authorization: `Bearer ${server.adminKey}`, ...init.headers };
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { ...init, headers });
  const body = (await answer.json()) as T;
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(body)}`);
  return body;
}

/** A run of the bulk job, begun and stopped again. */
async function makeBulk(server: Running): Promise<RunSeen> {
  await openCampaign(server, 'gifts', GIFTS);
  const body = Array.from({ length: GIFTS }, (_, i) => `member-${i}\n`).join('');
  const headers = { 'content-type': 'text/csv' };
  const file = await call<{ id: string }>(server, '/v1/admin/files', { method: 'POST', headers, body });
  return call<RunSeen>(server, '/v1/admin/jobs/grant/runs', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ params: { campaign: 'gifts', file: file.id } }),
  });
}

async function until(server: Running, id: string, is: (run: RunSeen) => boolean): Promise<RunSeen> {
  for (;;) {
    const run = await call<RunSeen>(server, `/v1/admin/jobs/runs/${id}`);
    if (is(run)) return run;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function stopped(server: Running, { id }: RunSeen): Promise<RunSeen> {
  await call(server, `/v1/admin/jobs/runs/${id}/stop`, { method: 'POST' });
  return until(server, id, ({ status }) => status === 'stopped');
}

/** In full work, before the crowd comes. */
async function goingOn(server: Running, run: RunSeen): Promise<void> {
  await call(server, `/v1/admin/jobs/runs/${run.id}/restart`, { method: 'POST' });
  await until(server, run.id, ({ read, status }) => status === 'running' && read > run.read + 2000);
}

export async function bulkBesideDrop(): Promise<Figure[]> {
  const server = await startDibs({ core: null });
  try {
    let run = await makeBulk(server);
    await until(server, run.id, ({ read }) => read > 1000);
    run = await stopped(server, run);
    await openCampaign(server, 'warm', 10_000_000);
    await load(null, {
      port: server.port,
      campaign: 'warm',
      connections: CONNECTIONS,
      count: 40_000,
      prefix: 'warm',
    });
    const drop = async (name: string) => {
      await openCampaign(server, name, 10_000_000);
      const crowd = { port: server.port, campaign: name, connections: CONNECTIONS, seconds: SECONDS };
      const most = await load(null, { ...crowd, prefix: `${name}-m` });
      const steady = await load(null, { ...crowd, prefix: `${name}-s`, rate: STEADY_PER_SECOND });
      return { perSecond: most.perSecond, p99Ms: steady.p99Ms };
    };
    const measured = await rounds(ROUNDS, async (index) => {
      const beside = async () => {
        const before = run.read;
        await goingOn(server, run);
        const told = await drop(`beside-${index}`);
        run = await stopped(server, run);
        return { ...told, items: run.read - before };
      };
      // Whatever grows with the data meets both: who begins changes from round to round.
      const first = index % 2 === 0 ? await drop(`alone-${index}`) : null;
      const withJob = await beside();
      const alone = first ?? (await drop(`alone-${index}`));
      return { alone, withJob };
    });
    const notes = {
      'p99 alone, ms': median(measured.map(({ alone }) => alone.p99Ms)),
      'p99 beside the job, ms': median(measured.map(({ withJob }) => withJob.p99Ms)),
      'claims/s alone': Math.round(median(measured.map(({ alone }) => alone.perSecond))),
      'claims/s beside the job': Math.round(median(measured.map(({ withJob }) => withJob.perSecond))),
      'items of the job in a round': Math.round(median(measured.map(({ withJob }) => withJob.items))),
    };
    return [
      figure(
        { id: 'J1', what: 'p99 of a drop with a bulk job of 1,000,000 beside it', unit: '×', atMost: 1.5 },
        measured.map(({ alone, withJob }) => withJob.p99Ms / alone.p99Ms),
        notes,
      ),
      figure(
        { id: 'J2', what: 'claims a second of a drop with that job beside it', unit: '×', atLeast: 0.9 },
        measured.map(({ alone, withJob }) => withJob.perSecond / alone.perSecond),
      ),
    ];
  } finally {
    await server.stop();
  }
}
