/**
 * Protects: more presses than can be taken are refused at once and in words (503 overloaded), memory stays bounded, and
 * what is given is exact all the same.
 */

import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import type { TestServer } from '../support/server.ts';
import {
  makeCrowd,
  newDataDir,
  openCampaign,
  operator,
  removeDataDir,
  startServer,
  winnersCsv,
} from '../support/server.ts';

const QUANTITY = 30_000;
const CONNECTIONS = 1500;
const dataDir = newDataDir();
let server: TestServer | undefined;

afterAll(async () => {
  await server?.kill();
  removeDataDir(dataDir);
});

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

test('a crowd far above what may be in flight', { timeout: 120_000 }, async () => {
  server = await startServer(dataDir, { DIBS_MAX_IN_FLIGHT: '100', DIBS_JOURNAL_QUEUE_MAX: '100' });
  await openCampaign(server, 'flood', QUANTITY);
  const crowd = makeCrowd(server, CONNECTIONS);
  const told = new Map<string, number>();
  const tally = new Map<string, number>();
  let next = 0;
  let soldOut = false;
  let highestMiB = 0;
  const pid = server.child.pid as number;
  const person = async (): Promise<void> => {
    let user = `u-${next++}`;
    while (!soldOut) {
      const { status, body, headers } = await crowd.press('flood', user);
      const name = status === 201 ? 'won' : String(body['code'] ?? body['verdict']);
      tally.set(name, (tally.get(name) ?? 0) + 1);
      if (name === 'overloaded') {
        expect([status, Number(headers['retry-after']) >= 1]).toEqual([503, true]);
        continue;
      }
      if (status === 201 || status === 200) told.set(user, (body['claim'] as { seq: number }).seq);
      if (name === 'sold_out') soldOut = true;
      user = `u-${next++}`;
      if (next % 1000 === 0) highestMiB = Math.max(highestMiB, residentMiB(pid));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, person));
  await crowd.close();

  expect(tally.get('overloaded') ?? 0).toBeGreaterThan(1000);
  expect(new Set(tally.keys())).toEqual(new Set(['won', 'overloaded', 'sold_out']));
  expect(highestMiB).toBeLessThan(500);
  const rows = await winnersCsv(server, 'flood');
  expect(rows.length).toBe(QUANTITY);
  expect(rows.filter((row) => told.get(row['userId'] as string) !== Number(row['seq']))).toEqual([]);
  const integrity = await operator(server, 'GET', '/v1/admin/campaigns/flood/integrity');
  expect(integrity.body).toMatchObject({ ok: true });
});
