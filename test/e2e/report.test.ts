/**
 * Protects the promise that a report tells what happened: its figures are the crowd's own history, answer by answer, over
 * a restart too; and the job writes the same down as files that stay.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Client } from '../../src/cli/client.ts';
import type { CrowdOptions } from '../../src/cli/rush/plan.ts';
import { type RushResult, runRush } from '../../src/cli/rush/run-rush.ts';
import type { TestServer } from '../support/server.ts';
import { newDataDir, openCampaign, operator, removeDataDir, startServer } from '../support/server.ts';

const dataDir = newDataDir();
let server: TestServer;

beforeAll(async () => {
  server = await startServer(dataDir);
}, 30_000);

afterAll(async () => {
  await server.stop();
  removeDataDir(dataDir);
});

interface Told {
  status: string;
  given: number;
  presses: {
    total: number;
    verdicts: Record<string, number>;
    laterVerdicts: Record<string, number>;
    processes: number;
  };
  sellOut: { startedAt: string; soldOutAt: string; tookMs: number; fromFirstWinMs: number } | null;
  winners: Record<'first' | 'last', { seq: number; userId: string } | null>;
  demand: Record<'people' | 'turnedAway', { count: number; low: number; high: number }>;
  latencyMs: { measured: number; p50: number; p99: number } | null;
  units: { totals: Record<string, number> };
  integrity: { ok: boolean };
}

async function reportOf(id: string): Promise<Told> {
  const answer = await operator(server, 'GET', `/v1/admin/campaigns/${id}/report`);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body as unknown as Told;
}

/** No try is cut: the server cannot know which of those were heard. */
function rush(campaignId: string, users: number, prefix = 'u-'): Promise<RushResult> {
  const crowd: CrowdOptions = {
    ...{ users, userPrefix: prefix, claimsPerUser: 1, cutRatio: 0, seed: 7 },
    ...{ doublePressers: users / 5, askers: users / 10 },
    waiting: { leavers: 0, returners: 0, hasty: 0, noShows: 0 },
  };
  const client = new Client({ url: server.url, key: server.adminKey }, {});
  return runRush(
    client,
    {
      ...{ campaignId, crowd, connections: 100, processes: 1, pace: { kind: 'closed' }, atOpening: false },
      ...{ exclusive: false, triesMax: 30, jwt: null },
      ...{ patienceMs: 10_000, linePatienceMs: 60_000, timeoutMs: 5000, settleMs: 10_000 },
    },
    { onProgress() {}, onStage() {}, stopper: { stop() {} } },
  );
}

const inOrder = (counts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).sort(([a], [b]) => a.localeCompare(b)));

test('its figures are those of the crowd, answer by answer', { timeout: 60_000 }, async () => {
  await openCampaign(server, 'drop', 100);
  const startedAt = Date.now();
  const { ok, summary } = await rush('drop', 5_000);
  expect(ok).toBe(true);
  const told = await reportOf('drop');
  expect(inOrder(told.presses.verdicts)).toEqual(inOrder(summary.verdicts));
  expect(told.presses.total).toBe(summary.tries);
  expect([told.given, told.status, told.integrity.ok]).toEqual([100, 'sold_out', true]);
  const { first, last } = told.winners;
  expect([first?.seq, first?.userId]).toEqual([summary.firstWinner?.seq, summary.firstWinner?.userId]);
  expect([last?.seq, last?.userId]).toEqual([summary.lastWinner?.seq, summary.lastWinner?.userId]);
  const soldOutAt = Date.parse(told.sellOut?.soldOutAt ?? '');
  expect(soldOutAt).toBeGreaterThanOrEqual(startedAt);
  expect(Math.abs((told.sellOut?.fromFirstWinMs ?? 0) - (summary.soldOutAfterMs ?? 0))).toBeLessThan(1_000);
  const { people, turnedAway } = told.demand;
  expect(Math.abs(people.count - 5_000)).toBeLessThan(5_000 * 0.0325);
  expect(turnedAway).toEqual({ count: people.count - 100, low: people.low - 100, high: people.high - 100 });
  expect(told.latencyMs?.measured).toBe(Math.floor(summary.tries / 16));
});

test('it tells of before and after a restart together', { timeout: 60_000 }, async () => {
  await openCampaign(server, 'twice', 50);
  const first = await rush('twice', 300, 'a-');
  await server.stop();
  server = await startServer(dataDir);
  const second = await rush('twice', 300, 'b-');
  const told = await reportOf('twice');
  const sums: Record<string, number> = {};
  for (const { summary } of [first, second])
    for (const [name, count] of Object.entries(summary.verdicts)) sums[name] = (sums[name] ?? 0) + count;
  expect(inOrder(told.presses.verdicts)).toEqual(inOrder(sums));
  expect(told.presses.processes).toBe(2);
  expect(Math.abs(told.demand.people.count - 600)).toBeLessThan(20);
});

test('people who wait have their verdicts in it too', { timeout: 60_000 }, async () => {
  await openCampaign(server, 'ordered', 20, { mode: 'ordered' });
  const { summary } = await rush('ordered', 200);
  const told = await reportOf('ordered');
  const sum = (counts: Readonly<Record<string, number>>, name: string): number => counts[name] ?? 0;
  expect(sum(told.presses.verdicts, 'pending')).toBe(sum(summary.verdicts, 'pending'));
  expect(sum(told.presses.laterVerdicts, 'won')).toBe(20);
  expect(told.given).toBe(20);
});

test('the job writes the page, JSON and CSV as files', { timeout: 60_000 }, async () => {
  const begun = await operator(server, 'POST', '/v1/admin/jobs/report/runs', {
    params: { campaign: 'drop', language: 'ko' },
  });
  expect(begun.status, JSON.stringify(begun.body)).toBeLessThan(300);
  const { id } = begun.body as { id: string };
  let run: Record<string, unknown> = {};
  await expect
    .poll(
      async () => {
        run = (await operator(server, 'GET', `/v1/admin/jobs/runs/${id}`)).body;
        return run['status'];
      },
      { timeout: 20_000, interval: 100 },
    )
    .toBe('completed');
  const files = run['result'] as Record<'html' | 'json' | 'csv', string>;
  const textOf = async (file: string): Promise<string> => {
    const answer = await fetch(`${server.url}/v1/admin/files/${file}`, {
      headers: { authorization: `Bearer ${server.adminKey}` },
    });
    expect(answer.status).toBe(200);
    return answer.text();
  };
  expect(await textOf(files.html)).toContain('<html lang="ko">');
  expect((JSON.parse(await textOf(files.json)) as Told).given).toBe(100);
  expect(await textOf(files.csv)).toContain('winners,units,,100\n');
  const unknown = await operator(server, 'POST', '/v1/admin/jobs/report/runs', {
    params: { campaign: 'nobody' },
  });
  expect(unknown.body['code']).toBe('campaign_not_found');
});
