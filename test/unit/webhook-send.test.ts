// Protects: whatever a receiver does (redirects, silence, a flood, a cut), a try ends in time, is told as what it was, and
// goes to no other place.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { makeWebhookSender } from '../../src/adapters/webhook/send.ts';

const TIMEOUT_MS = 300;
let elsewhere = 0;
let seen: { method: string | undefined; body: string; headers: IncomingMessage['headers'] } | null = null;

const answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/good'(_request, response) {
    response.end('thanks');
  },
  '/created'(_request, response) {
    response.writeHead(201).end();
  },
  '/redirect'(_request, response) {
    response.writeHead(302, { location: '/elsewhere' }).end();
  },
  '/elsewhere'(_request, response) {
    elsewhere += 1;
    response.end();
  },
  '/busy'(_request, response) {
    response.writeHead(503, { 'retry-after': '7' }).end('later');
  },
  '/silent'() {},
  '/flood'(_request, response) {
    response.writeHead(200);
    const block = Buffer.alloc(65_536, 'x');
    const more = (): void => {
      while (!response.destroyed && response.write(block));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  },
  '/drip'(_request, response) {
    response.writeHead(200);
    response.write('a');
  },
  '/cut'(request) {
    request.socket.destroy();
  },
  '/cut-late'(_request, response) {
    response.writeHead(200, { 'content-length': '100' });
    response.write('begin', () => response.destroy());
  },
};

const receiver = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on('end', () => {
    seen = { method: request.method, body, headers: request.headers };
    answers[request.url ?? '']?.(request, response);
  });
});
const rules = { privateTargets: true, ports: [443] };
const sender = makeWebhookSender({ rules, system: makeSystem(), timeoutMs: TIMEOUT_MS });
let base = '';
const send = (path: string) =>
  sender.send({ url: base + path, headers: { 'webhook-id': 'f-1' }, body: '{"ü":1}' });

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await sender.close();
  receiver.closeAllConnections();
  receiver.close();
});

describe('a try', () => {
  it('posts the bytes and headers it was given', async () => {
    expect(await send('/good')).toMatchObject({
      status: 200,
      body: 'thanks',
      fault: null,
      retryAfterMs: null,
    });
    expect(seen).toMatchObject({ method: 'POST', body: '{"ü":1}', headers: { 'webhook-id': 'f-1' } });
    expect((await send('/created')).status).toBe(201);
  });

  it('follows no redirect', async () => {
    expect(await send('/redirect')).toMatchObject({ status: 302, fault: null });
    expect(elsewhere).toBe(0);
  });

  it('hears when it may come again', async () => {
    expect(await send('/busy')).toMatchObject({ status: 503, body: 'later', retryAfterMs: 7000 });
  });

  it('waits for an answer for a limited time', async () => {
    const { status, fault, ms } = await send('/silent');
    expect([status, fault]).toEqual([null, `no answer within ${TIMEOUT_MS / 1000} s`]);
    expect(ms).toBeLessThan(TIMEOUT_MS + 250);
  });

  it('reads a little of an endless body, and takes the status for the answer', async () => {
    const { status, body, ms } = await send('/flood');
    expect([status, body.length]).toEqual([200, 1024]);
    expect(ms).toBeLessThan(TIMEOUT_MS + 250);
  });

  it('does not wait for a body that never ends', async () => {
    expect(await send('/drip')).toMatchObject({ status: 200, body: 'a' });
  });

  it('tells a connection that was cut from one that was refused', async () => {
    expect(await send('/cut')).toMatchObject({ status: null, fault: expect.any(String) });
    expect(await send('/cut-late')).toMatchObject({ status: 200, body: 'begin' });
    const nobody = await sender.send({ url: 'http://127.0.0.1:9/', headers: {}, body: '' });
    expect(nobody).toMatchObject({ status: null, fault: expect.stringContaining('ECONNREFUSED') });
  });
});
