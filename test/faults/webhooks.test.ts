// Protects: on Redis, Kafka and MariaDB with several processes, the one that sends webhooks is killed with -9 and another goes
// on: each fact arrives at least once, in order for each claim, rightly signed, and Kafka has it too.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openKafkaEnds } from '../../src/adapters/kafka/ends.ts';
import { TOPICS } from '../../src/adapters/kafka/topics.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { Services, Site } from '../support/distributed.ts';
import { makeSite, startServices, stopServices } from '../support/distributed.ts';

const UNITS = 100;
const ENV = { DIBS_WEBHOOK_PRIVATE_TARGETS: 'yes', DIBS_WEBHOOK_RETRIES: '1s,1s,2s,5s,5s,5s,5s' };
const secret = `whsec_${randomBytes(32).toString('base64')}`;
const taken: { id: string; type: string; claimId: string | undefined }[] = [];
let wrong = 0;
let services: Services | null;
let site: Site;

const receiver = createServer((request, response) => void take(request, response));

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  try {
    const fact = new Webhook(secret).verify(body, request.headers as Record<string, string>) as {
      type: string;
      data: { claimId?: string };
    };
    const id = request.headers['webhook-id'] as string;
    taken.push({ id, type: fact.type, claimId: fact.data.claimId });
  } catch {
    wrong += 1;
  }
  // Slow enough for a kill in the middle.
  setTimeout(() => response.end(), 100);
}

beforeAll(async () => {
  services = await startServices();
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  if (services) site = makeSite(services, services.redis.url);
});

afterAll(async () => {
  await site?.close();
  await stopServices(services);
  receiver.closeAllConnections();
  receiver.close();
});

const idsOf = (type: string) => new Set(taken.filter((one) => one.type === type).map(({ id }) => id));

it('goes on when the process that sends is killed', async ({ skip }) => {
  if (services === null) skip('no services');
  const roles = 'decider,relay,recorder,jobs';
  const [api, ...both] = await Promise.all([
    site.start('api', { roles: 'api', env: ENV }),
    ...['a', 'b'].map((name) => site.start(name, { roles, env: ENV })),
  ]);
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const added = await site.call('POST', '/v1/admin/webhooks', { url, secret });
  expect(added.status, JSON.stringify(added.body)).toBe(201);
  await site.open('drop', UNITS);
  const press = (user: number) =>
    fetch(`${api.url}/v1/campaigns/drop/claims`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId: `u-${user}` }),
    });
  for (let first = 0; first < UNITS; first += 20)
    await Promise.all(Array.from({ length: 20 }, (_, i) => press(first + i)));

  await expect.poll(() => idsOf('coupon.issued').size, { timeout: 30_000 }).toBeGreaterThan(20);
  const [lease] = await site.query("SELECT holder FROM leases WHERE name = 'webhooks'");
  const sender = both.find(({ pid }) => String(lease?.['holder']).includes(`-${pid}-`));
  expect(sender).toBeDefined();
  await sender?.kill();
  const list = await site.call('GET', '/v1/admin/campaigns/drop/claims?limit=5');
  for (const { code } of list.body['items'] as { code: string }[])
    expect((await site.call('POST', `/v1/admin/coupons/${code}/redeem`)).status).toBe(200);

  await expect.poll(() => idsOf('coupon.issued').size, { timeout: 40_000 }).toBe(UNITS);
  await expect.poll(() => idsOf('coupon.redeemed').size, { timeout: 20_000 }).toBe(5);
  expect(wrong).toBe(0);
  const first = new Map<string, string[]>();
  for (const { id, type, claimId } of taken) {
    if (claimId === undefined) continue;
    const known = first.get(claimId) ?? [];
    if (!known.includes(`${type} ${id}`)) first.set(claimId, [...known, `${type} ${id}`]);
  }
  const orders = new Set([...first.values()].map((facts) => facts.map((one) => one.split(' ')[0]).join()));
  expect(orders).toEqual(new Set(['coupon.issued', 'coupon.issued,coupon.redeemed']));
  const [left] = await site.query('SELECT COUNT(*) AS unsent FROM outbox WHERE sent_at IS NULL');
  expect(Number(left?.['unsent'])).toBe(0);
  expect(await onKafka(services as Services)).toBeGreaterThanOrEqual(UNITS + 5);
});

/** Facts about coupons that Kafka has. */
async function onKafka({ kafka }: Services): Promise<number> {
  const connection = { brokers: [kafka.url], clientId: 'test' };
  const ends = openKafkaEnds({ connection, system: makeSystem(), topic: TOPICS.coupons, partitions: 3 });
  const counts = [...(await ends.ends()).values()];
  await ends.close();
  return counts.reduce((sum, count) => sum + count, 0);
}
