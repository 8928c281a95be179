// Protects: every fact of the record reaches a webhook at least once, in order for each claim and rightly signed, though the
// receiver and the server are killed meanwhile; and a receiver that misbehaves harms nobody but itself.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { openStore } from '../../examples/webhook-receiver/receiver.ts';
import { freePort } from '../../scripts/services/ports.ts';
import type { TestServer } from '../support/server.ts';
import {
  makeCrowd,
  newDataDir,
  openCampaign,
  operator,
  removeDataDir,
  startServer,
} from '../support/server.ts';

const root = join(import.meta.dirname, '..', '..');
const ENV = { DIBS_WEBHOOK_PRIVATE_TARGETS: 'yes', DIBS_WEBHOOK_RETRIES: '1s,1s,1s,2s,5s,5s,5s,5s,5s' };
const HOOKS = '/v1/admin/webhooks';
const WAIT_MS = 60_000;
const folders: string[] = [];
const children = new Set<ChildProcess>();

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) removeDataDir(folder);
});

function folder(): string {
  const made = newDataDir();
  folders.push(made);
  return made;
}

/** The receiver of the examples, as its own process: it checks with a library that knows nothing of Dibs. */
async function startReceiver(secret: string, port: number, store: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['examples/webhook-receiver/receiver.ts'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], WEBHOOK_SECRET: secret, PORT: String(port), STORE: store },
  });
  children.add(child);
  await once(child.stdout, 'data');
  return child;
}

async function killNow(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  children.delete(child);
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await pause(50)) if (await what()) return;
  throw new Error(`not within ${WAIT_MS} ms: ${what.toString()}`);
}

async function pressAll(server: TestServer, from: number, to: number): Promise<void> {
  const crowd = makeCrowd(server, 20);
  await Promise.all(Array.from({ length: to - from }, (_, i) => crowd.press('drop', `u${from + i}`)));
  await crowd.close();
}

/** Uses the coupons with these seqs. */
async function redeem(server: TestServer, seqs: number[]): Promise<void> {
  await until(async () => {
    const { body } = await operator(server, 'GET', '/v1/admin/campaigns/drop/claims?limit=1000');
    const codes = (body['items'] as { seq: number; code: string }[]).filter(({ seq }) => seqs.includes(seq));
    if (codes.length < seqs.length) return false;
    for (const { code } of codes) {
      const { status } = await operator(server, 'POST', `/v1/admin/coupons/${code}/redeem`);
      expect(status).toBe(200);
    }
    return true;
  });
}

test('receiver and server are killed with -9: each fact arrives, in order, with a signature that others accept', async () => {
  const dataDir = folder();
  const port = await freePort();
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const path = join(folder(), 'facts.db');
  let server = await startServer(dataDir, ENV);
  let receiver = await startReceiver(secret, port, path);
  const store = openStore(path);
  const count = (type: string): number =>
    (store.prepare('SELECT count(*) AS n FROM facts WHERE type = ?').get(type) as { n: number }).n;
  const url = `http://127.0.0.1:${port}/dibs`;
  const made = await operator(server, 'POST', HOOKS, { url, secret });
  await openCampaign(server, 'drop', 600);

  await pressAll(server, 0, 200);
  await until(() => count('coupon.issued') > 20);
  await killNow(receiver);
  await pressAll(server, 200, 400);
  await redeem(server, [1, 2, 150, 399]);
  await pause(700);
  receiver = await startReceiver(secret, port, path);
  await until(() => count('coupon.issued') > 250);
  await server.kill();
  server = await startServer(dataDir, ENV);
  await pressAll(server, 400, 650);
  await redeem(server, [3, 401, 600]);
  await operator(server, 'POST', '/v1/admin/campaigns/drop/close');

  await until(() => count('coupon.issued') === 600 && count('coupon.redeemed') === 7);
  await until(() => count('campaign.closed') === 1);
  const rows = store.prepare('SELECT claim_id, type FROM facts WHERE claim_id IS NOT NULL ORDER BY no').all();
  const byClaim = Map.groupBy(rows as { claim_id: string; type: string }[], ({ claim_id }) => claim_id);
  expect(byClaim.size).toBe(600);
  for (const seq of [1, 2, 3, 150, 399, 401, 600]) {
    const types = byClaim.get(`drop.${seq}`)?.map(({ type }) => type);
    expect(types).toEqual(['coupon.issued', 'coupon.redeemed']);
  }
  const failed = await operator(
    server,
    'GET',
    `${HOOKS}/${made.body['id'] as string}/deliveries?state=failed`,
  );
  expect(failed.body['items']).toEqual([]);
  await until(async () => {
    const pending = await operator(
      server,
      'GET',
      `${HOOKS}/${made.body['id'] as string}/deliveries?state=pending`,
    );
    return (pending.body['items'] as unknown[]).length === 0;
  });
  store.close();
  await killNow(receiver);
  await server.stop();
}, 90_000);

const tenMegabytes = Buffer.alloc(10_485_760, 'x');

/** Ways of taking a webhook, by path. */
async function startBadReceivers() {
  const got = new Map<string, Set<string>>();
  let inner = 0;
  const receiver = createServer((request, response) => {
    const { url = '', headers } = request;
    const ids = got.get(url) ?? new Set();
    got.set(url, ids.add(headers['webhook-id'] as string));
    request.resume();
    if (url === '/slow') setTimeout(() => response.end(), 3_000);
    else if (url === '/silent') return;
    else if (url === '/wrong') response.writeHead(500).end('broken');
    else if (url === '/redirect') response.writeHead(307, { location: '/inner' }).end();
    else if (url === '/close') request.socket.destroy();
    else if (url === '/flood') response.end(tenMegabytes);
    else {
      if (url === '/inner') inner += 1;
      response.end();
    }
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  return {
    got,
    inner: () => inner,
    url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`,
    stop() {
      receiver.closeAllConnections();
      receiver.close();
    },
  };
}

test('receivers that are slow, silent, broken, closing, flooding or sending elsewhere hold up nobody else', async () => {
  const bad = await startBadReceivers();
  const server = await startServer(folder(), ENV);
  const ids: Record<string, string> = {};
  for (const path of ['/good', '/slow', '/silent', '/wrong', '/redirect', '/close', '/flood']) {
    const { body } = await operator(server, 'POST', HOOKS, { url: bad.url + path, facts: ['coupon.issued'] });
    ids[path] = body['id'] as string;
  }
  await openCampaign(server, 'drop', 200);
  await pressAll(server, 0, 210);
  const began = Date.now();
  await until(() => bad.got.get('/good')?.size === 200);
  expect(Date.now() - began).toBeLessThan(8_000);
  await until(() => bad.got.get('/flood')?.size === 200);

  const answers = async (path: string) => {
    const { body } = await operator(server, 'GET', `${HOOKS}/${ids[path]}/deliveries?limit=1000`);
    return (
      body['items'] as { state: string; answers: { status: number | null; error: string; body: string }[] }[]
    )
      .flatMap((delivery) => delivery.answers)
      .map(({ status, error, body: said }) => ({ status, error, said: said.length }));
  };
  await until(async () => (await answers('/silent')).length > 0);
  expect((await answers('/silent'))[0]).toEqual({ status: null, error: 'no answer within 5 s', said: 0 });
  expect((await answers('/wrong'))[0]).toEqual({ status: 500, error: 'answered 500', said: 6 });
  expect((await answers('/redirect'))[0]).toMatchObject({
    status: 307,
    error: expect.stringContaining('redirect'),
  });
  expect((await answers('/close'))[0]).toMatchObject({ status: null, error: expect.any(String) });
  expect((await answers('/flood'))[0]).toEqual({ status: 200, error: null, said: 1024 });
  expect(bad.inner()).toBe(0);
  const integrity = await operator(server, 'GET', '/v1/admin/campaigns/drop/integrity');
  expect(integrity.body).toMatchObject({ ok: true });
  await server.stop();
  bad.stop();
}, 60_000);
