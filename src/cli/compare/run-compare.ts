/** The same crowd in each mode, one after the other, on one server. */
import type { Client } from '../client.ts';
import { sleep, wallMs } from '../clock.ts';
import type { WaitingOptions } from '../rush/plan.ts';
import { type RushOptions, type RushResult, runRush } from '../rush/run-rush.ts';
import { readIntegrity } from '../verify.ts';
import { factsOnLog, redisBytes } from './parts.ts';
import { cpuMsOf } from './processes.ts';

export const modes = ['instant', 'ordered', 'queued'] as const;
export type Mode = (typeof modes)[number];

export interface CompareOptions {
  readonly users: number;
  readonly quantity: number;
  readonly perSecond: number;
  readonly connections: number;
  readonly processes: number;
  readonly seed: number;
  /** What the parts keep: `disk` embedded, `logged` on services; null: the server's own choice. */
  readonly durability: string | null;
  /** Where the figures beside the answers come from. */
  readonly pids: readonly number[];
  readonly dataDir: string | null;
  readonly redisUrl: string | null;
}

/** One column of the table. Figures that could not be had are null. */
export interface ModeFigures {
  readonly mode: Mode;
  /** Every invariant held, by the crowd's checker and by the server's report. */
  readonly ok: boolean;
  readonly campaignId: string;
  readonly toldWithinMs: RushResult['summary']['toldWithinMs'];
  /** Presses a second until each had its first answer, verdict or ticket. */
  readonly claimsPerSecond: number;
  readonly won: number;
  readonly fairness: RushResult['summary']['fairness'];
  /** CPU of the server, and of its services where they are known, a press; ms. */
  readonly cpuMsPerClaim: number | null;
  /** Embedded: writes, each a batch of facts with one fsync. */
  readonly factsOnLog: number | null;
  readonly logUnit: 'facts' | 'writes';
  readonly redisBytes: number | null;
  /** Questions by ticket, a press. */
  readonly asksPerClaim: number;
  readonly rush: RushResult;
}

export interface CompareWatch {
  onMode(mode: Mode, step: 'warm-up' | 'crowd'): void;
  readonly stopper: { stop: () => void };
}

/** People who are as patient as they are told to be, so that the modes differ and not the crowds. */
const patient: WaitingOptions = { leavers: 0, returners: 0, hasty: 0, noShows: 0 };
/** A crowd of this part comes before: nobody compares a server that has just been started. */
const warmUpShare = 0.1;

export async function runCompare(
  client: Client,
  options: CompareOptions,
  watch: CompareWatch,
): Promise<ModeFigures[]> {
  const stamp = wallMs().toString(36);
  for (const mode of modes) {
    watch.onMode(mode, 'warm-up');
    const users = Math.max(50, Math.round(options.users * warmUpShare));
    const quantity = Math.max(1, Math.min(20, Math.round(options.quantity * warmUpShare)));
    await rushIn(
      client,
      mode,
      `warm-${mode}-${stamp}`,
      { ...options, users, quantity, perSecond: 1000 },
      watch,
    );
  }
  const columns: ModeFigures[] = [];
  for (const mode of modes) {
    watch.onMode(mode, 'crowd');
    columns.push(await figuresOf(client, mode, `compare-${mode}-${stamp}`, options, watch));
  }
  return columns;
}

async function figuresOf(
  client: Client,
  mode: Mode,
  campaignId: string,
  options: CompareOptions,
  watch: CompareWatch,
): Promise<ModeFigures> {
  const { pids, dataDir, redisUrl } = options;
  const factsBefore = await factsOnLog(client, dataDir);
  const cpuBefore = cpuMsOf(pids);
  const rush = await rushIn(client, mode, campaignId, options, watch);
  // What is recorded and sent on after the last answer belongs to the claims too.
  await sleep(500);
  const integrity = await readIntegrity(client, campaignId);
  const cpu = difference(cpuMsOf(pids), cpuBefore);
  const { summary } = rush;
  const presses = Math.max(1, summary.presses);
  return {
    ...{ mode, campaignId, rush, won: summary.toldWins, fairness: summary.fairness },
    ok: rush.ok && integrity.ok,
    toldWithinMs: summary.toldWithinMs,
    claimsPerSecond: summary.firstAnswersPerSecond,
    cpuMsPerClaim: cpu === null ? null : cpu / presses,
    logUnit: dataDir === null ? 'facts' : 'writes',
    factsOnLog: difference(await factsOnLog(client, dataDir), factsBefore),
    redisBytes: await redisBytes(redisUrl, campaignId),
    asksPerClaim: summary.asks / presses,
  };
}

const difference = (after: number | null, before: number | null): number | null =>
  after === null || before === null ? null : after - before;

async function rushIn(
  client: Client,
  mode: Mode,
  campaignId: string,
  options: CompareOptions,
  { stopper }: CompareWatch,
): Promise<RushResult> {
  const { quantity, perSecond, durability } = options;
  await client.post('/v1/admin/campaigns', {
    ...{ id: campaignId, name: `The same crowd, ${mode}`, kind: 'coupon', quantity, mode },
    ...(durability !== null && { durability }),
    ...(mode === 'queued' && { release: { perSecond } }),
    codes: { source: 'generated' },
  });
  await client.post(`/v1/admin/campaigns/${campaignId}/open`);
  return await runRush(client, crowdOf(campaignId, options), { onProgress() {}, onStage() {}, stopper });
}

function crowdOf(campaignId: string, options: CompareOptions): RushOptions {
  const { users, seed, connections, processes } = options;
  return {
    campaignId,
    crowd: {
      ...{ users, seed, userPrefix: 'u-', claimsPerUser: 1, cutRatio: 0, waiting: patient },
      doublePressers: Math.round(users * 0.1),
      askers: 0,
    },
    ...{ connections, processes, pace: { kind: 'closed' }, atOpening: false, exclusive: true },
    ...{ triesMax: 30, patienceMs: 60_000, linePatienceMs: 1_800_000, timeoutMs: 10_000, settleMs: 15_000 },
    jwt: null,
  };
}
