/**
 * P11 and what joining a line costs, of one process: joins against bare node:http, polls of places against fastify
 * returning a constant, and the pace of a line while twenty thousand people poll.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Figure } from '../measure.ts';
import { figure, isShort, median, rounds } from '../measure.ts';
import type { Running } from '../servers.ts';
import { load, openCampaign, startDibs, startProgram, startReference } from '../servers.ts';

const CONNECTIONS = 200;
const SECONDS = isShort ? 1 : 3;
const ROUNDS = 7;
const MANY = 10_000_000;
/** A line that hardly moves. */
const STILL = { mode: 'queued', release: { perSecond: 0.01 } };
const TICKETS = 1000;
const POLLERS = isShort ? 2000 : 20_000;
const POLL_EACH_SEC = 2;
const PER_SECOND = 1000;
const PACE_SEC = isShort ? 2 : 15;
const PACE_ROUNDS = 3;

async function places(server: Running, campaign: string, folder: string): Promise<string> {
  const paths: string[] = [];
  for (let i = 0; i < TICKETS; i++) {
    const userId = `poller-${i}`;
    const answer = await fetch(`http://127.0.0.1:${server.port}/v1/campaigns/${campaign}/claims`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId }),
    });
    const { ticket } = (await answer.json()) as { ticket: string };
    paths.push(`/v1/campaigns/${campaign}/claims/${ticket}?userId=${userId}`);
  }
  const file = join(folder, `${campaign}.paths`);
  writeFileSync(file, paths.join('\n'));
  return file;
}

async function servingOf(server: Running, campaign: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/v1/campaigns/${campaign}`);
  return ((await answer.json()) as { servingNumber: number }).servingNumber;
}

async function joins(dibs: Running, bare: Running): Promise<Figure> {
  const press = async (server: Running, campaign: string, prefix: string): Promise<number> => {
    const what = { port: server.port, campaign, connections: CONNECTIONS, seconds: SECONDS, prefix };
    const { perSecond, statuses } = await load(null, what);
    if (server === dibs && Object.keys(statuses).join() !== '202') throw new Error(JSON.stringify(statuses));
    return perSecond;
  };
  await openCampaign(dibs, 'join-warm', MANY, 'disk', STILL);
  await press(bare, 'x', 'warm');
  await press(dibs, 'join-warm', 'warm');
  const all = await rounds(ROUNDS, async (index) => {
    await openCampaign(dibs, `join-${index}`, MANY, 'disk', STILL);
    const reference = await press(bare, 'x', `a${index}`);
    return { reference, joined: await press(dibs, `join-${index}`, `b${index}`) };
  });
  return figure(
    { id: 'P11j', what: 'joins of a line at disk ÷ bare node:http', unit: '×', atLeast: 0.6 },
    all.map(({ joined, reference }) => joined / reference),
    { joinsPerSecond: Math.round(median(all.map(({ joined }) => joined))) },
  );
}

async function polls(dibs: Running, constant: Running, folder: string): Promise<Figure> {
  await openCampaign(dibs, 'polled', MANY, 'disk', STILL);
  const pathsFile = await places(dibs, 'polled', folder);
  const poll = async (server: Running): Promise<number> => {
    const what = {
      port: server.port,
      campaign: 'polled',
      connections: CONNECTIONS,
      seconds: SECONDS,
      prefix: 'p',
    };
    const { perSecond, statuses } = await load(null, { ...what, pathsFile });
    if (Object.keys(statuses).join() !== '200') throw new Error(JSON.stringify(statuses));
    return perSecond;
  };
  await poll(dibs);
  await poll(constant);
  const all = await rounds(ROUNDS, async () => ({
    reference: await poll(constant),
    polled: await poll(dibs),
  }));
  return figure(
    { id: 'P11', what: 'polls of places ÷ fastify returning a constant', unit: '×', atLeast: 0.85 },
    all.map(({ polled, reference }) => polled / reference),
    { pollsPerSecond: Math.round(median(all.map(({ polled }) => polled))) },
  );
}

async function pace(dibs: Running, folder: string): Promise<Figure> {
  const all = await rounds(PACE_ROUNDS, async (index) => {
    const campaign = `pace-${index}`;
    const release = { perSecond: PER_SECOND };
    await openCampaign(dibs, campaign, MANY, 'disk', { mode: 'queued', release });
    const what = { port: dibs.port, campaign, connections: CONNECTIONS, prefix: 'w' };
    await load(null, { ...what, count: POLLERS + PACE_SEC * PER_SECOND });
    const pathsFile = await places(dibs, campaign, folder);
    const rate = POLLERS / POLL_EACH_SEC;
    const polling = load(null, { ...what, seconds: PACE_SEC + 2, rate, pathsFile });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const [from, began] = [await servingOf(dibs, campaign), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, (PACE_SEC - 1) * 1000));
    const [to, ended] = [await servingOf(dibs, campaign), performance.now()];
    const { perSecond } = await polling;
    return { ratio: (1000 * (to - from)) / (ended - began) / PER_SECOND, perSecond };
  });
  const off = all.map(({ ratio }) => Math.abs(ratio - 1) * 100);
  return figure(
    { id: 'P11p', what: `pace of 1,000/s while ${POLLERS} poll each 2 s, off by`, unit: '%', atMost: 5 },
    off,
    { pollsPerSecond: Math.round(median(all.map(({ perSecond }) => perSecond))) },
  );
}

export async function line(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'dibs-bench-line-'));
  const bare = await startReference(null);
  const constant = await startProgram(
    fileURLToPath(new URL('../reference-fastify.ts', import.meta.url)),
    [],
    null,
  );
  const dibs = await startDibs({ core: null });
  try {
    return [await joins(dibs, bare), await polls(dibs, constant, folder), await pace(dibs, folder)];
  } finally {
    await Promise.all([bare.stop(), constant.stop(), dibs.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}
