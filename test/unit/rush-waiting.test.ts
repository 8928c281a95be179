/**
 * A crowd that has to wait: it asks by ticket, leaves, comes back, presses twice and once more, and is done when
 * everybody had his verdict; a right server is not blamed, and each way to treat waiting people wrongly is found.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Client } from '../../src/cli/client.ts';
import { type RushOptions, type RushResult, runRush } from '../../src/cli/rush/run-rush.ts';
import type { WaitingLie } from './cli-fake-modes.ts';
import { type FakeServer, startFakeServer } from './cli-fake-server.ts';

let server: FakeServer;
beforeEach(async () => {
  server = await startFakeServer();
});
afterEach(() => server.stop());

function rush(
  crowd: Partial<RushOptions['crowd']> = {},
  more: Partial<RushOptions> = {},
): Promise<RushResult> {
  const options: RushOptions = {
    campaignId: 'c',
    connections: 20,
    processes: 1,
    pace: { kind: 'closed' },
    atOpening: false,
    exclusive: true,
    triesMax: 30,
    patienceMs: 5000,
    linePatienceMs: 20_000,
    timeoutMs: 10_000,
    settleMs: 300,
    jwt: null,
    ...more,
    crowd: {
      users: 200,
      userPrefix: 'u-',
      claimsPerUser: 1,
      doublePressers: 40,
      askers: 40,
      cutRatio: 0.02,
      seed: 7,
      waiting: { leavers: 20, returners: 8, hasty: 10, noShows: 0 },
      ...crowd,
    },
  };
  const client = new Client({ url: server.url, key: server.key }, { DIBS_DATA_DIR: '/nonexistent' });
  return runRush(client, options, { onProgress() {}, onStage() {}, stopper: { stop() {} } });
}

const failed = ({ report }: RushResult) =>
  report.checks.filter((check) => !check.ok).map((check) => check.id);
const findings = ({ report }: RushResult) => report.checks.flatMap((check) => check.findings);

describe('a right line', () => {
  it('lets in the first of those who stay, and everybody hears his verdict', async () => {
    server.addWaiting('queued', 40, { perSecond: 30, heldUntil: 180 });
    const result = await rush({ waiting: { leavers: 80, returners: 20, hasty: 10, noShows: 0 } });
    expect(findings(result)).toEqual([]);
    const { summary } = result;
    expect(summary).toMatchObject({ unresolved: 0, toldWins: 40, recorded: 40 });
    expect(summary.verdicts).toMatchObject({ left: expect.any(Number), pending: expect.any(Number) });
    expect(summary.waiting).toMatchObject({ paceSet: 30, left: expect.any(Number) });
    expect(summary.waiting?.left).toBeGreaterThan(4);
    expect(summary.waiting?.waitingMost).toBeGreaterThan(100);
    expect(summary.waiting?.paceMeasured).toBeGreaterThan(25);
    expect(summary.waiting?.paceMeasured).toBeLessThan(35);
    expect(summary.waiting?.soldOutToldMs?.max).toBeLessThan(1000);
    expect(summary.toldWithinMs['won']?.max).toBeGreaterThan(400);
    const ids = result.report.checks.map((check) => check.id).slice(11);
    expect(ids).toEqual(['L1', 'L2', 'L3', 'L4', 'L5', 'W1', 'W2', 'W3', 'W4']);
    for (const check of result.report.checks.slice(11)) expect(check.compared, check.id).toBeGreaterThan(10);
  });

  it('gives the turn of people who do not press once more to the next', async () => {
    server.addWaiting('queued', 20, { perSecond: 100, confirmWithinMs: 400, heldUntil: 150 });
    const result = await rush({ waiting: { leavers: 5, returners: 0, hasty: 0, noShows: 80 } });
    expect(findings(result)).toEqual([]);
    expect(result.summary).toMatchObject({ unresolved: 0, recorded: 20 });
    expect(result.summary.waiting?.expired).toBeGreaterThan(2);
  });

  it('is long enough for many with few connections, and from several processes', async () => {
    server.addWaiting('queued', 50, { perSecond: 50, heldUntil: 850 });
    const result = await rush({ users: 900, doublePressers: 100 }, { connections: 10, processes: 2 });
    expect(findings(result)).toEqual([]);
    expect(result.summary).toMatchObject({ presses: 1000, unresolved: 0, recorded: 50 });
    expect(result.summary.waiting?.waitingMost).toBeGreaterThan(500);
  });
});

describe('a right log', () => {
  it('is decided in order, and everybody hears his verdict', async () => {
    server.addWaiting('ordered', 40);
    const result = await rush({ users: 400 });
    expect(findings(result)).toEqual([]);
    expect(result.summary).toMatchObject({ unresolved: 0, toldWins: 40, recorded: 40, mode: 'ordered' });
    expect(result.report.checks.map((check) => check.id).slice(11)).toEqual(['W1', 'W3']);
    expect(result.summary.toldWithinMs['sold_out']?.p50).toBeGreaterThan(0);
  });
});

describe('a lying line', () => {
  const lies: [WaitingLie, string][] = [
    ['shared-number', 'L1'],
    ['second-place', 'L2'],
    ['moving-position', 'L3'],
    ['serving-back', 'L3'],
    ['backwards', 'L4'],
    ['skip', 'L5'],
    ['longer-wait', 'W2'],
    ['forget-verdict', 'W3'],
    ['keep-waiting', 'W4'],
  ];
  it.each(lies)('that does %s is found out by %s', async (lie, id) => {
    server.lie = lie;
    server.addWaiting('queued', 20, { perSecond: 60, heldUntil: 60 });
    const result = await rush({ users: 100, askers: 60 }, { linePatienceMs: 3000, patienceMs: 500 });
    expect(failed(result)).toContain(id);
  });
});

describe('a lying log', () => {
  it.each([['backwards'], ['lose-early']] as const)('that does %s is found out by W1', async (lie) => {
    server.lie = lie;
    server.addWaiting('ordered', 50);
    const result = await rush(
      { users: 100, cutRatio: 0 },
      { connections: 3, pace: { kind: 'rate', perSecond: 500 } },
    );
    expect(failed(result)).toContain('W1');
  });
});
