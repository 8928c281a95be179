// Protects: a stop signal that reaches the server several times, as it does when a whole process group is told to end,
// cuts nobody short; whoever presses Ctrl-C a second time is obeyed at once.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TestServer } from '../support/server.ts';
import { newDataDir, openCampaign, removeDataDir, startServer } from '../support/server.ts';

let dataDir: string;
let server: TestServer;
let socket: Socket;
let answer: string;

beforeEach(async () => {
  dataDir = newDataDir();
  server = await startServer(dataDir);
  await openCampaign(server, 'drop', 100);
  answer = '';
  socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
});

afterEach(async () => {
  socket.destroy();
  await server.kill();
  removeDataDir(dataDir);
});

const pause = (ms: number) => new Promise((wake) => setTimeout(wake, ms));
const body = JSON.stringify({ userId: 'slow' });

/** A press whose body is on its way: the server has taken it and waits for the rest. */
async function beginPress(): Promise<void> {
  const head = [
    'POST /v1/campaigns/drop/claims HTTP/1.1',
    'host: x',
    'content-type: application/json',
    `content-length: ${body.length}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 5)}`);
  await pause(100);
}

test('four signals within a moment: the press on its way is still answered', async () => {
  const ended = once(server.child, 'exit');
  await beginPress();
  for (const signal of ['SIGTERM', 'SIGTERM', 'SIGINT', 'SIGTERM'] as const) {
    server.child.kill(signal);
    await pause(50);
  }
  socket.write(body.slice(5));
  expect(await ended).toEqual([0, null]);
  expect(answer).toMatch(/^HTTP\/1\.1 201 /);
});

test('Ctrl-C again after more than a second ends at once', async () => {
  const ended = once(server.child, 'exit');
  await beginPress();
  server.child.kill('SIGINT');
  await pause(1200);
  expect(server.child.exitCode).toBeNull();
  const asked = performance.now();
  server.child.kill('SIGINT');
  expect(await ended).toEqual([1, null]);
  expect(performance.now() - asked).toBeLessThan(3000);
});
