/**
 * Protects: a told win is never lost (I3), nobody wins twice (I2), and exactly the quantity goes out (I1, I5, I6),
 * however often the process is killed in the middle of a rush.
 */

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

const KILLS = 30;
const QUANTITY = 60_000;
const dataDir = newDataDir();
let server: TestServer | undefined;

afterAll(async () => {
  await server?.kill();
  removeDataDir(dataDir);
});

interface Win {
  seq: number;
  code: string;
}

const winOf = (body: Record<string, unknown>): Win => {
  const { seq, code } = body['claim'] as Win;
  return { seq, code };
};

/** Presses for new people until the server dies. What was answered is told; the rest is unknown. */
async function rushUntilDead(
  at: TestServer,
  prefix: string,
  told: Map<string, Win>,
  unknown: Set<string>,
): Promise<void> {
  const crowd = makeCrowd(at, 100);
  let next = 0;
  let dead = false;
  const person = async (): Promise<void> => {
    while (!dead) {
      const user = `${prefix}-${next++}`;
      try {
        const { status, body } = await crowd.press('drop', user);
        expect(status, JSON.stringify(body)).toBe(201);
        told.set(user, winOf(body));
      } catch (error) {
        if ((error as Error).name === 'AssertionError') throw error;
        unknown.add(user);
        dead = true;
      }
    }
  };
  const people = Promise.all(Array.from({ length: 100 }, person));
  const before = told.size;
  const wanted = 50 + Math.floor(Math.random() * 1000);
  await expect.poll(() => told.size - before, { timeout: 20_000, interval: 1 }).toBeGreaterThan(wanted);
  await at.kill();
  await people;
  await crowd.close();
}

test(`kill -9 at ${KILLS} random moments of a winners' rush`, { timeout: 240_000 }, async () => {
  const told = new Map<string, Win>();
  const unknown = new Set<string>();
  server = await startServer(dataDir);
  await openCampaign(server, 'drop', QUANTITY);
  for (let kill = 0; kill < KILLS; kill++) {
    await rushUntilDead(server, `k${kill}`, told, unknown);
    server = await startServer(dataDir);
    const crowd = makeCrowd(server, 20);
    const some = [...told].slice(-20);
    const again = await Promise.all(some.map(([user]) => crowd.press('drop', user)));
    expect(again.map(({ status, body }) => [status, winOf(body)])).toEqual(some.map(([, win]) => [200, win]));
    await crowd.close();
  }
  await driveToSoldOut(server, told, unknown);
  await compareWithRecord(server, told);
});

/** Those who had no answer ask again, then new people come until nothing is left. */
async function driveToSoldOut(at: TestServer, told: Map<string, Win>, unknown: Set<string>): Promise<void> {
  const crowd = makeCrowd(at, 100);
  for (const user of unknown) {
    const { status, body } = await crowd.press('drop', user);
    expect([200, 201]).toContain(status);
    told.set(user, winOf(body));
  }
  let next = 0;
  let soldOut = 0;
  const person = async (): Promise<void> => {
    while (soldOut < 100) {
      const user = `last-${next++}`;
      const { status, body } = await crowd.press('drop', user);
      if (status === 201) told.set(user, winOf(body));
      else {
        expect(body['code']).toBe('sold_out');
        soldOut += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: 100 }, person));
  await crowd.close();
}

async function compareWithRecord(at: TestServer, told: Map<string, Win>): Promise<void> {
  const integrity = await operator(at, 'GET', '/v1/admin/campaigns/drop/integrity');
  expect(integrity.body, JSON.stringify(integrity.body)).toMatchObject({ ok: true });
  const rows = await winnersCsv(at, 'drop');
  expect(rows.length).toBe(QUANTITY);
  expect(rows.map((row) => Number(row['seq']))).toEqual(Array.from({ length: QUANTITY }, (_, i) => i + 1));
  expect(new Set(rows.map((row) => row['userId'])).size).toBe(QUANTITY);
  const recorded = new Map(
    rows.map((row) => [row['userId'], { seq: Number(row['seq']), code: row['code'] }]),
  );
  const lost = [...told].filter(([user, win]) => {
    const row = recorded.get(user);
    return row?.seq !== win.seq || row.code !== win.code;
  });
  expect(lost).toEqual([]);
  expect(told.size).toBe(QUANTITY);
}
