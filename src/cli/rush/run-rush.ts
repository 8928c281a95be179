/**
 * A rush from beginning to end: looks at the campaign, sends the crowd, waits until the record is quiet, and holds
 * every answer against it.
 */
import { checkHistory, type HistoryReport, type RecordedWin, type Truth } from '../../core/history.ts';
import type { Client, ClockReading } from '../client.ts';
import { monotonicMs, sleep } from '../clock.ts';
import { CommandFailure, exitCodes } from '../failure.ts';
import type { Winner } from '../winners.ts';
import { type CrowdResult, sendCrowd } from './crowd.ts';
import type { Pace } from './generator-options.ts';
import type { CrowdOptions } from './plan.ts';
import type { Progress } from './progress.ts';
import type { RequestOptions } from './request.ts';
import { type RushSummary, summarize } from './summary.ts';
import type { TryList } from './try-list.ts';

export interface RushOptions {
  readonly campaignId: string;
  readonly crowd: CrowdOptions;
  readonly connections: number;
  readonly processes: number;
  readonly pace: Pace;
  /** Waits for opensAt by the server's clock, and presses in that moment. */
  readonly atOpening: boolean;
  /** Nobody else presses: then whoever else is in the record is a phantom. */
  readonly exclusive: boolean;
  readonly triesMax: number;
  readonly patienceMs: number;
  /** How long somebody stands in a line that answers him, at most. */
  readonly linePatienceMs: number;
  readonly timeoutMs: number;
  /** How long the record may take to become quiet. */
  readonly settleMs: number;
  readonly jwt: RequestOptions['jwt'];
}

export interface RushResult {
  readonly ok: boolean;
  readonly summary: RushSummary;
  readonly report: HistoryReport;
}

/** A campaign as everybody sees it; `opensAt` and `closesAt` say when it really opened and closed. */
interface PublicCampaign {
  readonly quantity: number;
  readonly perUserLimit?: number;
  readonly status: string;
  readonly mode: string;
  readonly opensAt: string | null;
  readonly closesAt: string | null;
}

/** How a line moves, as its operator set it. */
interface LineRules {
  readonly release?: { readonly perSecond: number } | null;
  readonly confirm?: { readonly withinSeconds: number } | null;
}

export interface RushWatch {
  onProgress(progress: Progress): void;
  /** Called with what happens between the stages. */
  onStage(text: string): void;
  /** Told when the first press is due, on `monotonicMs`. */
  onStart?(startMs: number): void;
  /** Told of everything that was asked and answered, before it is checked. */
  onCrowd?(crowd: CrowdResult): void;
  readonly stopper: { stop: () => void };
}

export async function runRush(client: Client, options: RushOptions, watch: RushWatch): Promise<RushResult> {
  const before = await readCampaign(client, options.campaignId);
  const clock = await client.clock();
  const recordBefore = await readRecord(client, options.campaignId);
  const startMs = options.atOpening ? openingOf(before, clock, watch) : 0;
  const crowd = await send(client, options, startMs, watch);
  watch.onCrowd?.(crowd);
  watch.onStage('waiting for the record');
  // A server that was killed in the rush may still be on its way up.
  const deadlineMs = monotonicMs() + options.settleMs;
  const after = await patiently(deadlineMs, () => readCampaign(client, options.campaignId));
  const rules = await patiently(deadlineMs, () => readRules(client, options.campaignId, after));
  const record = await patiently(deadlineMs, () =>
    readQuietRecord(client, options.campaignId, crowd.tries, after.quantity, deadlineMs),
  );
  const takenBefore = recordBefore?.length ?? 0;
  const lowest = Math.min(before.quantity, after.quantity);
  const truth: Truth = {
    quantity: after.quantity,
    lowestQuantity: lowest,
    perUserLimit: after.perUserLimit ?? 1,
    record,
    seqsBefore: new Set(recordBefore?.map((win) => win.seq)),
    exclusive: options.exclusive,
    ...windowOf(after, clock),
    clock,
    clockErrorMs: options.processes > 1 ? 0.05 : 0,
  };
  const { tries, presses } = crowd;
  const { mode, quantity } = after;
  const confirms = (rules.confirm ?? null) !== null;
  const report = checkHistory(tries, truth, { mode, confirms, presses, looks: presses.looks });
  const perSecond = rules.release?.perSecond ?? null;
  const summary = summarize({ ...options, quantity, mode, takenBefore, perSecond }, crowd, truth);
  return { ok: report.ok && summary.unresolved === 0, summary, report };
}

async function readCampaign(client: Client, id: string): Promise<PublicCampaign> {
  return (await client.get<PublicCampaign>(`/v1/campaigns/${encodeURIComponent(id)}`)).body;
}

/** What people are not told of a line only an operator can say. */
async function readRules(client: Client, id: string, shown: PublicCampaign & LineRules): Promise<LineRules> {
  if (shown.mode !== 'queued' || client.key === null) return shown;
  return (await client.get<LineRules>(`/v1/admin/campaigns/${encodeURIComponent(id)}`)).body;
}

/** All winners by seq; null without an operator key. */
async function readRecord(client: Client, id: string): Promise<RecordedWin[] | null> {
  if (client.key === null) return null;
  const record: RecordedWin[] = [];
  for await (const win of client.pages<Winner>(`/v1/admin/campaigns/${encodeURIComponent(id)}/claims`)) {
    const { seq, userId, code, status, wonAt } = win;
    record.push({ seq, userId, code, status, wonAtMs: Date.parse(wonAt) });
  }
  return record;
}

/** Asks again while the server cannot be reached or is not ready. */
async function patiently<T>(deadlineMs: number, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const later = error instanceof CommandFailure && isPassing(error);
      if (!later || monotonicMs() > deadlineMs) throw error;
    }
    await sleep(200);
  }
}

const isPassing = ({ details }: CommandFailure): boolean =>
  details['code'] === 'unreachable' || details['status'] === 503;

/** The recorder is moments behind the answers: reads until every told win is there, or patience ends. */
async function readQuietRecord(
  client: Client,
  campaignId: string,
  tries: TryList,
  quantity: number,
  deadlineMs: number,
): Promise<RecordedWin[] | null> {
  const told = new Set<number>();
  for (let row = 0; row < tries.length; row++) if (tries.seq[row]) told.add(tries.seq[row] ?? 0);
  const expected = tries.answers.includes('sold_out') ? quantity : told.size;
  for (let pauseMs = 50; ; pauseMs = Math.min(1000, pauseMs * 2)) {
    const record = await readRecord(client, campaignId);
    if (record === null) return null;
    const recorded = new Set(record.map((win) => win.seq));
    const quiet = record.length >= expected && [...told].every((seq) => recorded.has(seq));
    if (quiet || monotonicMs() > deadlineMs) return record;
    await sleep(pauseMs);
  }
}

function openingOf(campaign: PublicCampaign, clock: ClockReading, watch: RushWatch): number {
  if (campaign.status !== 'scheduled' || campaign.opensAt === null) return 0;
  const startMs = Date.parse(campaign.opensAt) - clock.offsetMs;
  watch.onStage(`waiting for the opening at ${campaign.opensAt}`);
  return startMs;
}

function windowOf(campaign: PublicCampaign, clock: ClockReading): Pick<Truth, 'window'> {
  if (campaign.opensAt === null && campaign.closesAt === null) return {};
  const window = {
    ...(campaign.opensAt !== null && { opensAtMs: Date.parse(campaign.opensAt) }),
    ...(campaign.closesAt !== null && { closesAtMs: Date.parse(campaign.closesAt) }),
    ...clock,
  };
  return { window };
}

async function send(
  client: Client,
  options: RushOptions,
  startMs: number,
  watch: RushWatch,
): Promise<CrowdResult> {
  const url = new URL(client.url);
  const tls = url.protocol === 'https:';
  const port = Number(url.port) || (tls ? 443 : 80);
  const { campaignId, crowd, connections, pace, jwt } = options;
  const { triesMax, patienceMs, linePatienceMs, timeoutMs } = options;
  const { userPrefix } = crowd;
  const basePath = url.pathname.replace(/\/$/, '');
  const generator = {
    target: { host: url.hostname.replace(/^\[|\]$/g, ''), port, tls },
    request: { hostHeader: url.host, basePath, campaignId, userPrefix, jwt },
    share: { index: 0, of: 1 },
    ...{ crowd, connections, pace, triesMax, patienceMs, linePatienceMs, timeoutMs },
  };
  const { onProgress, stopper } = watch;
  const onStart = watch.onStart?.bind(watch);
  const run = { processes: options.processes, startMs, onProgress, onStart, stopper };
  const result = await sendCrowd(generator, run);
  if (result) return result;
  throw new CommandFailure(exitCodes.unreachable, `no connection to ${client.url}`, null, {
    code: 'unreachable',
  });
}
