/** The HTTP layer over the real embedded parts, in this process, for tests that ask it things. */

import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { makeClaimFlow } from '../../src/flow/claim.ts';
import { makeWebhookFlow } from '../../src/flow/webhooks.ts';
import type { HttpConfig, HttpParts } from '../../src/http/parts.ts';
import { buildServer } from '../../src/http/server.ts';
import { startEmbedded } from '../../src/main/embedded.ts';
import type { Parts } from '../../src/main/parts.ts';
import type { WebhookSender } from '../../src/ports/webhook-sender.ts';
import { newDataDir, removeDataDir } from './server.ts';

export const ADMIN_KEY = 'the-admin-key-of-the-tests';

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** the body, when it is JSON */
  json: Record<string, unknown>;
}

export interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array | object | undefined;
}

export interface Site {
  url: string;
  app: FastifyInstance;
  parts: Parts;
  faults: unknown[];
  call(path: string, call?: Call): Promise<Answer>;
  /** an operator's call */
  admin(path: string, call?: Call): Promise<Answer>;
  press(campaignId: string, userId: string, headers?: Record<string, string>): Promise<Answer>;
  /** makes an open campaign */
  campaign(id: string, quantity: number, more?: object): Promise<void>;
  /** Writes bytes to a connection of its own and returns all that comes back until it ends or is silent for `quietMs`. */
  raw(bytes: string | Buffer, quietMs?: number): Promise<string>;
  stop(): Promise<void>;
}

const CONFIG: HttpConfig = {
  auth: 'open',
  jwt: { secret: null, jwksUrl: null, issuer: null, audience: null },
  rateLimit: { user: null, ip: null },
  trustProxy: [],
  corsOrigins: [],
  adminKey: ADMIN_KEY,
  connectionsMax: 1000,
  streamsPerUserMax: 2,
  streamsMax: 100,
  drainMs: 3000,
};

function isBytes(body: Call['body']): body is string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array;
}

async function ask(url: string, { method, headers = {}, body }: Call): Promise<Answer> {
  const isObject = body !== undefined && !isBytes(body);
  const sent =
    body === undefined
      ? {}
      : { body: isObject ? JSON.stringify(body) : (body as string | Uint8Array<ArrayBuffer>) };
  const type = isObject ? { 'content-type': 'application/json' } : {};
  const answer = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...type, ...headers },
    redirect: 'manual',
    ...sent,
  });
  const text = await answer.text();
  let json: Record<string, unknown> = {};
  if ((answer.headers.get('content-type') ?? '').includes('json') && text !== '') {
    json = JSON.parse(text) as Record<string, unknown>;
  }
  return { status: answer.status, headers: answer.headers, text, json };
}

function exchange(port: number, bytes: string | Buffer, quietMs: number): Promise<string> {
  return new Promise((resolve) => {
    let got = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setTimeout(quietMs, () => socket.destroy());
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(got));
  });
}

export async function startSite(
  config: Partial<HttpConfig> = {},
  more: Partial<HttpParts> & { inFlightMax?: number; webhookSender?: WebhookSender } = {},
): Promise<Site> {
  const dataDir = newDataDir();
  const system = makeSystem();
  const master = createHash('sha256').update('the master secret of the tests').digest();
  const parts = await startEmbedded(
    { dataDir, master, recorderBatch: 1000, recorderRatePerSecond: 0 },
    system,
  );
  const faults: unknown[] = [];
  const claims = makeClaimFlow({ ...parts, inFlightMax: more.inFlightMax ?? 10_000, logWaitingMax: 100_000 });
  const app = await buildServer({
    ...parts,
    claims,
    master,
    config: { ...CONFIG, ...config },
    ready: () => ({ ready: true, roles: { api: 'ready' } }),
    recorderState: () => ({ ...parts.recorderState(), lagMs: 0 }),
    onFault: (error) => faults.push(error),
    version: '0.0.0-test',
    ...(more.webhookSender && {
      webhooks: makeWebhookFlow({
        ...{ ...parts.stored, sender: more.webhookSender, system, master, userAgent: 'Dibs/test' },
      }),
    }),
    ...more,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const bearer = { authorization: `Bearer ${ADMIN_KEY}` };
  const site: Site = {
    url,
    app,
    parts,
    faults,
    call: (path, call = {}) => ask(url + path, call),
    admin: (path, call = {}) => ask(url + path, { ...call, headers: { ...bearer, ...call.headers } }),
    press: (campaignId, userId, headers = {}) =>
      ask(`${url}/v1/campaigns/${campaignId}/claims`, { body: { userId }, headers }),
    async campaign(id, quantity, extra = {}) {
      const made = await site.admin('/v1/admin/campaigns', { body: { id, name: id, quantity, ...extra } });
      if (made.status !== 201) throw new Error(made.text);
      const opened = await site.admin(`/v1/admin/campaigns/${id}/open`, { method: 'POST' });
      if (opened.status !== 200) throw new Error(opened.text);
    },
    raw: (bytes, quietMs = 1500) => exchange(port, bytes, quietMs),
    async stop() {
      await app.close();
      await parts.stop();
      removeDataDir(dataDir);
    },
  };
  return site;
}
