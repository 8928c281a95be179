// Webhooks over a real SQLite, a clock that tests move, and receivers that do what a test says.

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openRecordFile } from '../../src/adapters/sqlite/record-file.ts';
import { webhookBody } from '../../src/core/webhook.ts';
import { type Deliverer, makeDeliverer } from '../../src/flow/deliver.ts';
import { makeSecretSeal, mintWebhookSecret } from '../../src/flow/webhook-secret.ts';
import { makeStoredPorts } from '../../src/main/stored-ports.ts';
import type { Deliveries, LeftFact } from '../../src/ports/deliveries.ts';
import type { WebhookRequest, WebhookSent } from '../../src/ports/webhook-sender.ts';
import type { Endpoint, Webhooks } from '../../src/ports/webhooks.ts';
import { dataFolder } from './data-folder.ts';
import { type HandClock, makeHandClock } from './hand-clock.ts';
import { noteSqlite } from './note-sqlite.ts';
import { sampleAudit } from './samples.ts';

export const answered = (status: number): WebhookSent => ({
  ...{ status, ms: 1, body: '', fault: null, retryAfterMs: null },
});
export const AWAY: WebhookSent = { ...answered(200), status: null, fault: 'connect ECONNREFUSED' };

export interface WebhookWorld {
  clock: HandClock;
  webhooks: Webhooks;
  deliveries: Deliveries;
  deliverer: Deliverer;
  /** event ids by endpoint, of the tries that were answered with 2xx */
  taken: Map<string, string[]>;
  /** all tries, by endpoint */
  tries: Map<string, number>;
  /** endpoints that were disabled */
  disabled: Endpoint[];
  /** what an endpoint answers; by default 200 */
  answer: (endpointId: string, eventId: string) => WebhookSent | Promise<WebhookSent>;
  /** the record fails as long as this is true */
  broken: boolean;
  add(id: string): Promise<Endpoint>;
  leave(ids: string[], facts: LeftFact[]): Promise<void>;
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>;
  /** Moves the clock in steps, letting happen what happens; a look at each. */
  pass(ms: number, stepMs?: number): Promise<void>;
}

export const fact = (seq: number, type = 'coupon.issued'): LeftFact => ({
  eventId: `c:1:${seq}:${type}`,
  type,
  campaignId: 'c',
  orderKey: `c.${seq}`,
  body: webhookBody(type, 0, { seq }),
});

export async function makeWebhookWorld(waitsMs: number[]): Promise<WebhookWorld> {
  const file = await openRecordFile(join(dataFolder(), 'record.db'));
  noteSqlite();
  const clock = makeHandClock();
  const { webhooks, deliveries } = makeStoredPorts(file.db);
  const seal = makeSecretSeal(Buffer.alloc(32), clock);
  const note = (of: string, eventId: string): void => {
    const known = world.taken.get(of) ?? [];
    world.taken.set(of, [...known, eventId]);
  };
  const send = async ({ url, headers }: WebhookRequest): Promise<WebhookSent> => {
    const id = new URL(url).hostname.split('.')[0] as string;
    const eventId = headers['webhook-id'] as string;
    world.tries.set(id, (world.tries.get(id) ?? 0) + 1);
    const told = await world.answer(id, eventId);
    if (told.status !== null && told.status < 300) note(id, eventId);
    return told;
  };
  const breaks = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, name, receiver) =>
        world.broken
          ? () => Promise.reject(new Error('the record is away'))
          : Reflect.get(target, name, receiver),
    });
  const deliverer = makeDeliverer({
    webhooks: breaks(webhooks),
    deliveries: breaks(deliveries),
    ...{ system: clock, sender: { send }, seal, userAgent: 'test', waitsMs, goOn: () => true },
    onDisabled: (endpoint) => world.disabled.push(endpoint),
    onFault: () => undefined,
  });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  const world: WebhookWorld = {
    ...{ clock, webhooks, deliveries, deliverer, settle },
    ...{ taken: new Map(), tries: new Map(), disabled: [], broken: false },
    answer: () => answered(200),
    async add(id) {
      const endpoint: Endpoint = {
        ...{ id, version: 1, url: `https://${id}.example/`, description: '', facts: null, campaigns: null },
        secrets: seal.seal(id, [{ secret: mintWebhookSecret(clock), until: null }]),
        ...{ state: 'enabled', why: null, disabledAt: null, createdAt: clock.now(), updatedAt: clock.now() },
      };
      await webhooks.add(endpoint, 50, sampleAudit());
      return endpoint;
    },
    leave: (ids, facts) => deliveries.leave(ids, facts, clock.now()),
    async pass(ms, stepMs = 500) {
      for (let gone = 0; gone < ms; gone += stepMs) {
        clock.move(stepMs);
        await deliverer.look().catch(() => undefined);
        await settle();
      }
    },
  };
  onTestFinished(async () => {
    const stopped = deliverer.stop();
    clock.move(1_000);
    await stopped;
    await file.db.destroy();
  });
  return world;
}
