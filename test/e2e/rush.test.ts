/**
 * Protects the main promise from outside, over HTTP: exactly the quantity, one each, the same answer again, told =
 * recorded = exported, and whoever had his answer before another pressed is ahead of him (I9).
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
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

const dataDir = newDataDir();
let server: TestServer;

beforeAll(async () => {
  server = await startServer(dataDir);
}, 30_000);

afterAll(async () => {
  await server.stop();
  removeDataDir(dataDir);
});

interface Press {
  user: string;
  pressedAt: number;
  toldAt: number;
  status: number;
  claim: { seq: number; code: string; id: string } | null;
  code: unknown;
}

async function rush(campaign: string, users: string[], connections: number): Promise<Press[]> {
  const crowd = makeCrowd(server, connections);
  const presses: Press[] = [];
  let next = 0;
  const person = async (): Promise<void> => {
    while (next < users.length) {
      const user = users[next++] as string;
      const pressedAt = performance.now();
      const { status, body } = await crowd.press(campaign, user);
      const claim = (body['claim'] ?? null) as Press['claim'];
      presses.push({ user, pressedAt, toldAt: performance.now(), status, claim, code: body['code'] });
    }
  };
  await Promise.all(Array.from({ length: connections }, person));
  await crowd.close();
  return presses;
}

/** How often somebody with a higher seq had his answer before somebody with a lower one pressed. */
function inversions(presses: Press[]): number {
  const wins = presses.filter((press) => press.status === 201);
  const byTold = [...wins].sort((a, b) => a.toldAt - b.toldAt);
  let found = 0;
  let told = 0;
  let highest = 0;
  for (const win of [...wins].sort((a, b) => a.pressedAt - b.pressedAt)) {
    while (told < byTold.length && (byTold[told] as Press).toldAt < win.pressedAt) {
      highest = Math.max(highest, (byTold[told] as Press).claim?.seq ?? 0);
      told += 1;
    }
    if ((win.claim?.seq ?? 0) < highest) found += 1;
  }
  return found;
}

test('10,000 people, 2,000 double presses, 200 connections, 100 units', { timeout: 60_000 }, async () => {
  await openCampaign(server, 'hundred', 100);
  const people = Array.from({ length: 10_000 }, (_, i) => `p-${i}`);
  const users = people.flatMap((user, i) => (i % 5 === 0 ? [user, user] : [user]));
  const presses = await rush('hundred', users, 200);
  const won = presses.filter((press) => press.status === 201);
  const again = presses.filter((press) => press.status === 200);
  const rest = presses.filter((press) => press.status !== 201 && press.status !== 200);
  expect(won.length).toBe(100);
  expect(new Set(won.map((press) => press.user)).size).toBe(100);
  expect(won.map((press) => press.claim?.seq).sort((a, b) => (a ?? 0) - (b ?? 0))).toEqual(
    Array.from({ length: 100 }, (_, i) => i + 1),
  );
  const byUser = new Map(won.map((press) => [press.user, press.claim]));
  for (const press of again) expect(press.claim).toEqual(byUser.get(press.user));
  expect(new Set(rest.map((press) => `${press.status} ${String(press.code)}`))).toEqual(
    new Set(['409 sold_out']),
  );
  expect(presses.length).toBe(12_000);
  expect(inversions(presses)).toBe(0);

  const integrity = await operator(server, 'GET', '/v1/admin/campaigns/hundred/integrity');
  expect(integrity.body, JSON.stringify(integrity.body)).toMatchObject({ ok: true });
  const rows = await winnersCsv(server, 'hundred');
  expect(rows.map((row) => [row['userId'], Number(row['seq']), row['code'], row['id']])).toEqual(
    won
      .sort((a, b) => (a.claim?.seq ?? 0) - (b.claim?.seq ?? 0))
      .map((press) => [press.user, press.claim?.seq, press.claim?.code, press.claim?.id]),
  );
});

test('one person, a thousand times at once', { timeout: 30_000 }, async () => {
  await openCampaign(server, 'once', 100);
  const presses = await rush('once', new Array<string>(1000).fill('eager'), 200);
  expect(presses.filter((press) => press.status === 201).length).toBe(1);
  expect(presses.filter((press) => press.status === 200).length).toBe(999);
  expect(new Set(presses.map((press) => JSON.stringify(press.claim))).size).toBe(1);
});
