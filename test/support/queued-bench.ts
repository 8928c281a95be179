// Queued mode on a hand clock and a log whose durability a test holds in its hand, as it is put together for one process.

import { makeMemoryGate } from '../../src/adapters/memory/gate.ts';
import { makeMemoryLine } from '../../src/adapters/memory/line.ts';
import type { Campaign } from '../../src/core/campaign.ts';
import type { ClaimWon } from '../../src/core/event.ts';
import type { LineFact } from '../../src/core/line-fact.ts';
import { packLineFacts } from '../../src/core/line-fact.ts';
import type { LiveCampaign } from '../../src/flow/catalog.ts';
import { makeCatalog } from '../../src/flow/catalog.ts';
import { makeClaimFlow } from '../../src/flow/claim.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import { makeJoinFlow } from '../../src/flow/join.ts';
import { fillLines, withLines } from '../../src/flow/line-gate.ts';
import { LineUp, STEP_MS } from '../../src/flow/line-up.ts';
import { makeLookUp } from '../../src/flow/look-up.ts';
import type { ModeFlow } from '../../src/flow/mode.ts';
import type { ClaimLife, Found, Outcome, PlaceTold, Press } from '../../src/flow/outcome.ts';
import type { Pacer } from '../../src/flow/release.ts';
import { makePacer } from '../../src/flow/release.ts';
import { makeTickets } from '../../src/flow/tickets.ts';
import type { Gate } from '../../src/ports/gate.ts';
import type { Line, NearLine } from '../../src/ports/line.ts';
import type { LineHistory } from '../../src/ports/line-history.ts';
import type { RecordStore } from '../../src/ports/record.ts';
import type { HandClock } from './hand-clock.ts';
import { makeHandClock } from './hand-clock.ts';
import type { HandLog } from './hand-log.ts';
import { makeHandLog } from './hand-log.ts';
import { sampleCampaign } from './samples.ts';

const MASTER = Buffer.from('a master secret for tests only');
export const SHUFFLE_SEED = 'ab'.repeat(32);

export interface QueuedBench {
  clock: HandClock;
  log: HandLog;
  gate: Gate;
  lineUp: LineUp;
  live: LiveCampaign;
  flow: ModeFlow;
  pacer: Pacer;
  /** verdicts that came after the answer to the press, as `user won 3` */
  heard: string[];
  /** what the pacer could not do */
  faults: string[];
  history: LineHistory;
  press(userId: string, more?: Partial<Press>): { told(): string; outcomes: Outcome[] };
  pressAnd(userId: string, hear: (outcome: Outcome) => void, more?: Partial<Press>): void;
  /** A press whose facts are let through to the log, and what was told. */
  join(userId: string, more?: Partial<Press>): Promise<string>;
  joinAll(...userIds: string[]): Promise<void>;
  find(userId: string): Promise<Found>;
  /** What is found of a user's latest try, in short. */
  mine(userId: string): Promise<string>;
  byTicket(ticket: string, userId?: string | null): Promise<string>;
  leave(userId: string): Promise<string>;
  /** Steps of the pacer, whose facts are let through; `through` false: they stay on their way. */
  steps(count: number, through?: boolean): Promise<void>;
  /** A new version of the campaign, in force at gate and line. */
  change(over: Partial<Campaign>, through?: boolean): Promise<void>;
  /** Everything that is not on the log is gone; the clock goes on. */
  restarted(): Promise<QueuedBench>;
}

export interface BenchOptions {
  campaign?: Partial<Campaign>;
  /** other processes have to do with the same line, which is far: it answers later */
  shared?: boolean;
  /** of the process before */
  past?: { clock: HandClock; wins: readonly ClaimWon[]; lines: readonly LineFact[] };
}

export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What was told, in short: `won 3`, `#7 2 ahead, serving 4`, `sold_out`, `outcome_unknown`; `…` while it is owed. */
export function short(outcome: Outcome | undefined): string {
  if (outcome === undefined) return '…';
  if (outcome.verdict === 'none') return outcome.problem.code;
  if (outcome.verdict === 'pending') return place(outcome.place);
  return 'claim' in outcome ? `${outcome.verdict} ${outcome.claim.seq}` : outcome.verdict;
}

function place(told: PlaceTold | null): string {
  if (told === null) return 'pending';
  const { position, servingNumber, ahead, confirmBy } = told;
  const rest = confirmBy === null ? '' : ', confirm';
  return position === null ? 'no number yet' : `#${position} ${ahead} ahead, serving ${servingNumber}${rest}`;
}

export function shortFound(found: Found): string {
  if (found.kind === 'waiting') return short(found.pending);
  if (found.kind === 'claim') return `won ${(found.claim as ClaimLife).seq}`;
  if (found.kind !== 'refused') return found.kind;
  return found.why === null ? found.verdict : `${found.verdict}: ${found.why}`;
}

/** An open campaign in which a second lets 20 people in, one a step. */
export function queuedCampaign(over: Partial<Campaign> = {}): Campaign {
  return sampleCampaign({ mode: 'queued', release: { perSecond: 20 }, quantity: 3, ...over });
}

function farLine({ standingNow: _never, ...line }: NearLine): Line {
  return {
    ...line,
    join: (id, attempt, answer) => line.join(id, attempt, (given) => setImmediate(answer, given)),
    async standing(id, of) {
      await settled();
      return line.standing(id, of);
    },
  };
}

function historyOf(lines: readonly LineFact[]): LineHistory {
  return {
    async page(_id, after) {
      const facts = packLineFacts(lines.slice(after, after + 7));
      return { facts, next: after + 7 < lines.length ? after + 7 : null };
    },
  };
}

async function fillGate(gate: Gate, live: LiveCampaign, wins: readonly ClaimWon[]): Promise<void> {
  const seqs = Float64Array.from(wins, ({ seq }) => seq);
  const wonAt = Float64Array.from(wins, (win) => win.wonAt);
  const userIds = wins.map(({ userId }) => userId);
  await gate.load(live.campaign.id, { seqs, wonAt, userIds, keys: wins.map(({ key }) => key) });
  live.issued = wins.length;
}

export async function makeQueuedBench({
  campaign: over = {},
  shared = false,
  past,
}: BenchOptions = {}): Promise<QueuedBench> {
  const clock = past?.clock ?? makeHandClock();
  const log = makeHandLog();
  const gate = makeMemoryGate(clock);
  const catalog = makeCatalog();
  const codes = makeCodes(MASTER);
  const tickets = makeTickets(MASTER);
  const campaign = queuedCampaign(over);
  const { id } = campaign;
  const lineUp = new LineUp({
    ...{ catalog, log, system: clock, shared },
    line: shared ? farLine(makeMemoryLine(clock)) : makeMemoryLine(clock),
    seedOf: () => SHUFFLE_SEED,
  });
  const faults: string[] = [];
  const pacer = makePacer({
    ...{ lineUp, gate, codes },
    holdsLease: () => true,
    onFault: (_id, error) => faults.push(error.message),
  });
  const flow = makeJoinFlow({
    ...{ lineUp, gate, tickets },
    poke: (campaignId) => pacer.poke(campaignId),
    onVerdict: (listener) => pacer.onVerdict(listener),
  });
  const heard: string[] = [];
  flow.onVerdict((_live, userId, outcome) => heard.push(`${userId} ${short(outcome)}`));
  const live = catalog.put(campaign);
  live.atGate = true;
  const rules = withLines(gate, lineUp);
  await rules.begin(campaign);
  if (past) {
    log.durable.push(...past.wins);
    log.lines.push(...past.lines);
    await fillGate(gate, live, past.wins);
    await fillLines(lineUp, historyOf(past.lines), catalog);
  }
  const record = { find: async () => [] } as unknown as RecordStore;
  const parts = { catalog, gate, log, record, codes, system: clock, shared, modes: { queued: flow } };
  const claims = makeClaimFlow({ ...parts, inFlightMax: 1000, logWaitingMax: 1000 });
  const lookUp = makeLookUp({ ...parts, tickets, caughtUp: async () => true });

  const pressAnd: QueuedBench['pressAnd'] = (userId, hear, more = {}) =>
    claims.claim({ campaignId: id, userId, key: null, tokenClaims: {}, ...more }, hear);
  const press: QueuedBench['press'] = (userId, more) => {
    const outcomes: Outcome[] = [];
    pressAnd(userId, (outcome) => outcomes.push(outcome), more);
    return { outcomes, told: () => outcomes.map(short).join(' and ') || short(undefined) };
  };
  const through = async (): Promise<void> => {
    await settled();
    log.letThrough();
    await settled();
  };
  const bench: QueuedBench = {
    ...{ clock, log, gate, lineUp, live, flow, pacer, heard, faults, press, pressAnd },
    history: { page: (campaignId, after) => historyOf(log.lines).page(campaignId, after) },
    async join(userId, more) {
      const one = press(userId, more);
      await through();
      return one.told();
    },
    async joinAll(...userIds) {
      for (const userId of userIds) press(userId);
      await through();
    },
    find: (userId) => lookUp.mine(id, userId),
    mine: async (userId) => shortFound(await lookUp.mine(id, userId)),
    byTicket: async (ticket, userId = null) => shortFound(await lookUp.byTicket(id, ticket, userId)),
    async leave(userId) {
      const leaving = flow.leave?.(live, userId);
      await through();
      return leaving === undefined ? 'no way to' : shortFound(await leaving);
    },
    async steps(count, letThrough = true) {
      for (let step = 0; step < count; step++) {
        clock.move(STEP_MS);
        pacer.tick();
        if (letThrough) await through();
        else await settled();
      }
    },
    async change(next, letThrough = true) {
      const changed = { ...live.campaign, ...next, version: live.campaign.version + 1 };
      await rules.configure(changed);
      catalog.put(changed);
      if (letThrough) await through();
      else await settled();
    },
    restarted: () =>
      makeQueuedBench({ campaign: live.campaign, past: { clock, wins: log.durable, lines: log.lines } }),
  };
  return bench;
}
