/**
 * W1: deliveries a second to a receiver on this machine, embedded. W2: how much it slows them that a second webhook
 * answers each try after three seconds, and not at once.
 */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import type { Figure } from '../measure.ts';
import { figure, isShort, rounds } from '../measure.ts';
import { openCampaign, type Running, startDibs } from '../servers.ts';

const FACTS = isShort ? 500 : 5_000;
const ROUNDS = 3;
const SLOW_MS = 3_000;
const ATONCE = 50;

interface Receiver {
  url: string;
  /** Resolves with the ms from the first to the last of so many. */
  taken(count: number): Promise<number>;
  close(): void;
}

async function startReceiver(): Promise<Receiver> {
  let count = 0;
  let first = 0;
  let wanted: { count: number; done: (ms: number) => void } | null = null;
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === '/slow') {
      setTimeout(() => response.end(), SLOW_MS);
      return;
    }
    response.end();
    if (request.url === '/quick') return;
    if (count === 0) first = performance.now();
    count += 1;
    if (wanted?.count === count) wanted.done(performance.now() - first);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: (wish) =>
      new Promise((done) => {
        wanted = { count: wish, done };
      }),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function addWebhook({ port, adminKey }: Running, url: string): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/admin/webhooks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url, facts: ['coupon.issued'] }),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}

async function press(server: Running): Promise<void> {
  const pool = new Pool(`http://127.0.0.1:${server.port}`, { connections: ATONCE });
  let next = 0;
  const person = async (): Promise<void> => {
    for (let user = next++; user < FACTS; user = next++) {
      const { body } = await pool.request({
        ...{ method: 'POST', path: '/v1/campaigns/drop/claims' },
        headers: { 'content-type': 'application/json' },
        body: `{"userId":"u${user}"}`,
      });
      await body.dump();
    }
  };
  await Promise.all(Array.from({ length: ATONCE }, person));
  await pool.close();
}

/** Deliveries a second to one webhook, beside another one that has an answer for everything. */
async function delivered(other: 'none' | 'quick' | 'slow'): Promise<number> {
  const receiver = await startReceiver();
  const server = await startDibs({ core: null, env: { DIBS_WEBHOOK_PRIVATE_TARGETS: 'yes' } });
  try {
    await addWebhook(server, `${receiver.url}/measured`);
    if (other !== 'none') await addWebhook(server, `${receiver.url}/${other}`);
    await openCampaign(server, 'drop', FACTS);
    const taken = receiver.taken(FACTS);
    await press(server);
    return FACTS / ((await taken) / 1000);
  } finally {
    await server.stop();
    receiver.close();
  }
}

export async function webhooks(): Promise<Figure[]> {
  const alone: number[] = [];
  const ratios: number[] = [];
  const notes = { besideAQuickOne: 0, besideASlowOne: 0 };
  await rounds(ROUNDS, async () => {
    alone.push(await delivered('none'));
    notes.besideAQuickOne = Math.round(await delivered('quick'));
    notes.besideASlowOne = Math.round(await delivered('slow'));
    ratios.push(notes.besideASlowOne / notes.besideAQuickOne);
  });
  const slowed = 'deliveries beside a slow webhook ÷ beside a quick one';
  return [
    figure({ id: 'W1', what: 'webhook deliveries, embedded', unit: '/s', atLeast: 500 }, alone),
    figure({ id: 'W2', what: slowed, unit: '×', atLeast: 0.9 }, ratios, notes),
  ];
}
