/**
 * Protects imported codes from outside, in each mode: each winner has the row of his number exactly once, told the same
 * each time he asks and after the server was killed, and one of them is used once.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { definePool, expectPinsOut, type PoolShow, redeemAtOnce, rushForPins } from '../support/pool-show.ts';
import type { TestServer } from '../support/server.ts';
import { newDataDir, operator, removeDataDir, startServer } from '../support/server.ts';

const dataDir = newDataDir();
let server: TestServer;

beforeAll(async () => {
  server = await startServer(dataDir);
}, 30_000);

afterAll(async () => {
  await server.stop();
  removeDataDir(dataDir);
});

test('import 1,000, rush, use one under 100 tries', async () => {
  const show: PoolShow = { id: 'pins', codes: 1000, people: 1500 };
  const pins = await definePool(server, show);
  const won = await rushForPins([server], show, pins);
  expect(won.size).toBe(1000);
  await expectPinsOut(server, show, pins);
  await redeemAtOnce([server], pins[499] as string);
  await server.kill();
  server = await startServer(dataDir);
  await expectPinsOut(server, show, pins);
  // Whoever asks again after that is told the same.
  await rushForPins([server], { ...show, people: 50 }, pins);
});

test.each([
  ['ordered', { mode: 'ordered' }],
  ['queued', { mode: 'queued', release: { perSecond: 500 } }],
])('%s: people ask for their verdict and get their code with it', async (mode, more) => {
  const show: PoolShow = { id: `pins-${mode}`, codes: 60, people: 80, more };
  const pins = await definePool(server, show);
  await rushForPins([server], show, pins);
  await expectPinsOut(server, show, pins);
  const mine = await operator(server, 'GET', `/v1/admin/campaigns/${show.id}/claims?limit=1`);
  const [{ userId }] = mine.body['items'] as [{ userId: string }];
  const asked = await fetch(`${server.url}/v1/campaigns/${show.id}/claims/me?userId=${userId}`);
  expect(await asked.text()).toContain(JSON.stringify(pins[0]).slice(1, -1));
});
