/**
 * Protects the promise of the two modes in which people wait, from outside: `dibs rush` finds nothing wrong with a crowd
 * that leaves, comes back, presses twice and asks too often, the line keeps its pace, and everybody hears his verdict.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client } from '../../src/cli/client.ts';
import type { CrowdOptions } from '../../src/cli/rush/plan.ts';
import { type RushOptions, type RushResult, runRush } from '../../src/cli/rush/run-rush.ts';
import { type PublishedShuffle, verifyShuffle } from '../../src/core/shuffle.ts';
import type { TestServer } from '../support/server.ts';
import {
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

function rush(
  campaignId: string,
  crowd: Partial<CrowdOptions> & { users: number },
  more: Partial<RushOptions> = {},
): Promise<RushResult> {
  const { users } = crowd;
  const options: RushOptions = {
    ...{ campaignId, connections: 100, processes: 1, pace: { kind: 'closed' } },
    ...{ atOpening: false, exclusive: true, triesMax: 30, jwt: null },
    ...{ patienceMs: 10_000, linePatienceMs: 60_000, timeoutMs: 5000, settleMs: 10_000 },
    ...more,
    crowd: {
      ...{ userPrefix: 'u-', claimsPerUser: 1, cutRatio: 0.02, seed: 5 },
      doublePressers: users / 10,
      askers: users / 10,
      waiting: { leavers: users / 20, returners: users / 100, hasty: users / 50, noShows: 0 },
      ...crowd,
    },
  };
  const client = new Client({ url: server.url, key: server.adminKey }, {});
  return runRush(client, options, { onProgress() {}, onStage() {}, stopper: { stop() {} } });
}

async function expectAllHolds(campaignId: string, { ok, report, summary }: RushResult): Promise<void> {
  expect(report.checks.flatMap(({ id, findings }) => findings.map((finding) => `${id} ${finding}`))).toEqual(
    [],
  );
  expect(summary.unresolved).toBe(0);
  expect(ok).toBe(true);
  const integrity = await operator(server, 'GET', `/v1/admin/campaigns/${campaignId}/integrity`);
  expect(integrity.body, JSON.stringify(integrity.body)).toMatchObject({ ok: true });
}

test('1,000 people in line for 100 units at 50 a second', { timeout: 60_000 }, async () => {
  await openCampaign(server, 'line', 100, { mode: 'queued', release: { perSecond: 50 } });
  const result = await rush('line', { users: 1000 });
  await expectAllHolds('line', result);
  const { summary } = result;
  expect(summary).toMatchObject({ toldWins: 100, recorded: 100 });
  expect(summary.waiting).toMatchObject({ paceSet: 50, left: expect.any(Number) });
  expect(summary.waiting?.waitingMost).toBeGreaterThan(500);
  expect(summary.waiting?.left).toBeGreaterThan(10);
  expect(summary.waiting?.paceMeasured).toBeGreaterThan(50 * 0.95);
  expect(summary.waiting?.paceMeasured).toBeLessThan(50 * 1.05);
  const compared = Object.fromEntries(result.report.checks.map((check) => [check.id, check.compared]));
  for (const id of ['L1', 'L2', 'L3', 'L4', 'L5', 'W2', 'W3', 'W4'])
    expect(compared[id], id).toBeGreaterThan(50);
});

test('3,000 people on the log for 100 units', { timeout: 60_000 }, async () => {
  await openCampaign(server, 'log', 100, { mode: 'ordered' });
  const result = await rush('log', { users: 3000 });
  await expectAllHolds('log', result);
  expect(result.summary).toMatchObject({ mode: 'ordered', toldWins: 100, recorded: 100 });
  expect(result.summary.waiting?.waitingMost).toBeGreaterThan(50);
});

test('who arrives one after the other wins in that order, where the log decides', {
  timeout: 60_000,
}, async () => {
  await openCampaign(server, 'steady', 400, { mode: 'ordered' });
  const result = await rush('steady', { users: 600 }, { pace: { kind: 'rate', perSecond: 400 } });
  await expectAllHolds('steady', result);
  const order = result.report.checks.find((check) => check.id === 'W1');
  expect(order?.compared).toBeGreaterThan(100);
});

test('who is let in and does not press once more loses his turn to the next', {
  timeout: 60_000,
}, async () => {
  const settings = { mode: 'queued', release: { perSecond: 50 }, confirm: { withinSeconds: 1 } };
  await openCampaign(server, 'confirm', 40, settings);
  const waiting = { leavers: 5, returners: 0, hasty: 5, noShows: 60 };
  const result = await rush('confirm', { users: 200, waiting });
  await expectAllHolds('confirm', result);
  expect(result.summary).toMatchObject({ toldWins: 40, recorded: 40 });
  expect(result.summary.waiting?.expired).toBeGreaterThan(5);
});

test('places drawn by lot can be checked from what is published', { timeout: 60_000 }, async () => {
  const opensAt = new Date(Date.now() + 2500).toISOString();
  const made = await operator(server, 'POST', '/v1/admin/campaigns', {
    ...{ id: 'lots', name: 'lots', kind: 'coupon', quantity: 30, mode: 'queued', opensAt },
    ...{ release: { perSecond: 100 }, line: { shuffleBeforeOpen: true } },
  });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  const read = async () =>
    (await (await fetch(`${server.url}/v1/campaigns/lots/line`)).json()) as PublishedShuffle;
  const { commitment, seed } = await read();
  expect(seed).toBeNull();
  const result = await rush('lots', {
    users: 200,
    waiting: { leavers: 0, returners: 0, hasty: 5, noShows: 0 },
  });
  await expectAllHolds('lots', result);
  const published = { ...(await read()), commitment };
  expect(verifyShuffle(published)).toEqual({ ok: true, places: 200 });
  for (const { seq, userId = '' } of await winnersCsv(server, 'lots')) {
    expect(verifyShuffle(published, { userId, place: Number(seq) })).toMatchObject({ ok: true });
  }
});
