/**
 * A crowd writes down what really happened, asks again by the rules, and does not blame a right server nor believe
 * a wrong one.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Client } from '../../src/cli/client.ts';
import { type RushOptions, type RushResult, runRush } from '../../src/cli/rush/run-rush.ts';
import { type FakeServer, type Lie, startFakeServer } from './cli-fake-server.ts';

let server: FakeServer;
beforeEach(async () => {
  server = await startFakeServer();
  server.addCampaign('c', 20);
});
afterEach(() => server.stop());

type Changes = Partial<Omit<RushOptions, 'crowd'>> & { crowd?: Partial<RushOptions['crowd']> };

function rush(changes: Changes = {}, key: string | null = server.key): Promise<RushResult> {
  const crowd = {
    users: 400,
    userPrefix: 'u-',
    claimsPerUser: 1,
    doublePressers: 0,
    askers: 0,
    cutRatio: 0,
    seed: 7,
    ...changes.crowd,
  };
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
    timeoutMs: 2000,
    settleMs: 300,
    jwt: null,
    ...changes,
    crowd,
  };
  const env = { DIBS_DATA_DIR: '/nonexistent' };
  const client = new Client({ url: server.url, ...(key !== null && { key }) }, env);
  return runRush(client, options, { onProgress() {}, onStage() {}, stopper: { stop() {} } });
}

const failed = ({ report }: RushResult) =>
  report.checks.filter((check) => !check.ok).map((check) => check.id);

describe('a right server', () => {
  it('gives exactly the quantity, and nothing is found', async () => {
    const result = await rush({ crowd: { doublePressers: 100, askers: 50 } });
    expect(failed(result)).toEqual([]);
    expect(result.ok).toBe(true);
    const { summary } = result;
    expect(summary.verdicts).toMatchObject({ won: 20 });
    expect(summary.tries).toBe(400 + 100 + 50);
    expect(summary).toMatchObject({ presses: 500, unresolved: 0, toldWins: 20, recorded: 20 });
    expect(summary.firstWinner?.seq).toBe(1);
    expect(summary.lastWinner?.seq).toBe(20);
    expect(summary.soldOutAfterMs).toBeGreaterThan(0);
  });

  it('is asked again after cut connections and refusals, until every press has its answer', async () => {
    server.overloadedNext = 15;
    server.breakNext = 15;
    const refused = await rush();
    expect(failed(refused)).toEqual([]);
    expect(refused.summary).toMatchObject({ unresolved: 0, recorded: 20 });
    expect(refused.summary.verdicts).toMatchObject({ overloaded: 15, connection_lost: 15 });
    server.addCampaign('c', 20);
    const cut = await rush({ crowd: { cutRatio: 0.2 } });
    expect(failed(cut)).toEqual([]);
    expect(cut.summary).toMatchObject({ unresolved: 0, recorded: 20 });
    expect(cut.summary.verdicts['cut']).toBeGreaterThan(40);
  });

  it('is pressed in the same order by the same seed', async () => {
    const first = await rush({ connections: 1 });
    server.addCampaign('c', 20);
    const second = await rush({ connections: 1 });
    server.addCampaign('c', 20);
    const other = await rush({ connections: 1, crowd: { seed: 8 } });
    const who = ({ summary }: RushResult) => [summary.firstWinner?.userId, summary.lastWinner?.userId];
    expect(who(second)).toEqual(who(first));
    expect(who(other)).not.toEqual(who(first));
  });

  it('may have winners of an earlier crowd', async () => {
    await rush();
    const result = await rush({ crowd: { cutRatio: 0.1 } });
    expect(failed(result)).toEqual([]);
    expect(result.summary.verdicts).toMatchObject({ already_won: expect.any(Number) });
  });

  it('is pressed from several processes as well', async () => {
    const result = await rush({ processes: 2, crowd: { doublePressers: 100, cutRatio: 0.05 } });
    expect(failed(result)).toEqual([]);
    expect(result.summary).toMatchObject({ presses: 500, recorded: 20, toldWins: 20 });
  });

  it('is pressed at a rate, and in bursts', async () => {
    const rated = await rush({ pace: { kind: 'rate', perSecond: 1000 } });
    expect(failed(rated)).toEqual([]);
    expect(rated.summary.durationMs).toBeGreaterThan(350);
    server.addCampaign('c', 20);
    const burst = await rush({ pace: { kind: 'burst', size: 100, gapMs: 100 } });
    expect(failed(burst)).toEqual([]);
    expect(burst.summary.durationMs).toBeGreaterThan(295);
  });

  it('is given names that are not ASCII as they are', async () => {
    const result = await rush({ crowd: { userPrefix: '길동-', users: 30 } });
    expect(failed(result)).toEqual([]);
    expect(server.campaigns.get('c')?.wins[0]?.userId).toMatch(/^길동-\d+$/);
  });

  it('needs no operator key: then the answers are compared among themselves', async () => {
    const result = await rush({}, null);
    expect(result.summary.recorded).toBeNull();
    const skipped = result.report.checks.filter((check) => check.skipped !== undefined);
    expect(skipped.map((check) => check.id)).toEqual(['I3', 'I4', 'I5', 'I10']);
    expect(result.ok).toBe(true);
  });
});

describe('a press without an answer in the end', () => {
  it('is counted, and is not well', async () => {
    server.overloadedNext = Number.POSITIVE_INFINITY;
    const result = await rush({ triesMax: 3, crowd: { users: 10 } });
    expect(result.summary).toMatchObject({ unresolved: 10, tries: 30, toldWins: 0 });
    expect(result.ok).toBe(false);
  });

  it('is final when the campaign does not say when it opens', async () => {
    server.addCampaign('c', 20, 'draft');
    const result = await rush({ crowd: { users: 10 } });
    expect(result.summary.verdicts).toEqual({ not_open: 10 });
    expect(result.summary.unresolved).toBe(0);
  });
});

describe('a lying server', () => {
  const lies: [Lie, string][] = [
    ['oversell', 'I1'],
    ['forget-win', 'I3'],
    ['forget-person', 'I2'],
    ['early-sold-out', 'I11'],
    ['other-code', 'I8'],
    ['swap-order', 'I9'],
    ['phantom', 'I4'],
    ['other-person', 'I8'],
  ];
  it.each(lies)('that does %s is found out by %s', async (lie, id) => {
    server.lie = lie;
    const result = await rush({ connections: 4, crowd: { doublePressers: 200, askers: 200 } });
    expect(failed(result)).toContain(id);
    expect(result.ok).toBe(false);
  });
});
