// One campaign at a shared gate, everything at hand and without delays, for tests of the flows that look after it. Time
// is the test's, as in hand-clock; each call of a part can be made to fail, or to be waited for.

import type { Campaign } from '../../src/core/campaign.ts';
import type { ClaimWon } from '../../src/core/event.ts';
import type { SuperviseParts } from '../../src/flow/supervise.ts';
import type { Epoch } from '../../src/ports/epochs.ts';
import type { SharedGate } from '../../src/ports/shared-gate.ts';
import { type HandClock, makeHandClock } from './hand-clock.ts';
import { type HandLog, makeHandLog } from './hand-log.ts';
import { sampleCampaign, sampleWin } from './samples.ts';
import { askGate, keepGate, SimulatedGate } from './simulated-gate.ts';
import { askRecord, SimulatedRecord } from './simulated-record.ts';
import type { Wire } from './simulated-time.ts';

export interface Bench {
  clock: HandClock;
  server: SimulatedGate;
  sql: SimulatedRecord;
  log: HandLog;
  gate: SharedGate;
  campaign: Campaign;
  parts: SuperviseParts;
  /** every call of a part, by name, in order */
  calls: string[];
  /** what `onStep` told */
  steps: string[];
  /** set: told before each call is carried out; what it throws is what the call fails with */
  before: { call: (name: string) => void | Promise<void> };
  /** what drains: by default the hand log into the record */
  drain: { caughtUp: () => Promise<boolean> };
  epoch(): Epoch;
  /** Decides at the gate as some process would; returns the facts. */
  decide(...users: string[]): ClaimWon[];
  /** Puts facts into the record. */
  record(...facts: ClaimWon[]): void;
  /** Moves time on in steps of 50 ms until `done` or `ms` later, with all that follows at each. */
  pass(ms: number, done?: () => boolean): Promise<void>;
}

const instant: Wire = async (ask) => ask();

export function makeBench(over: Partial<Campaign> = {}): Bench {
  const clock = makeHandClock();
  const server = new SimulatedGate(() => clock.now());
  const sql = new SimulatedRecord(() => clock.now());
  const log = makeHandLog();
  const campaign = sampleCampaign({ durability: 'logged', quantity: 10, ...over });
  sql.create(campaign);
  server.configure(campaign);
  const blockEnd = campaign.durability === 'logged' ? null : 100;
  if (blockEnd !== null) sql.lease(campaign.id, 1, blockEnd);
  const bounds = { blockEnd, leaseUntil: clock.now() + 2_000 };
  server.arm(campaign.id, { epoch: 1, holders: 'empty', lastSeq: 0, reserved: 0, bounds });
  const calls: string[] = [];
  const steps: string[] = [];
  const before: Bench['before'] = { call: () => undefined };
  const drain: Bench['drain'] = {
    async caughtUp() {
      log.letThrough();
      take(log.durable.splice(0) as ClaimWon[]);
      return true;
    },
  };
  let stored = 0;
  function take(facts: readonly ClaimWon[]): void {
    const wins = facts.map((fact) => ({ fact, codeLookup: null }));
    sql.store({
      source: 's',
      from: stored,
      next: stored + wins.length,
      wins,
      unreadable: [],
      now: clock.now(),
    });
    stored += wins.length;
  }
  const noted = <T extends object>(part: T): T =>
    Object.fromEntries(
      Object.entries(part).map(([name, run]) => [
        name,
        async (...args: unknown[]) => {
          await before.call(name);
          calls.push(name);
          return (run as (...all: unknown[]) => unknown)(...args);
        },
      ]),
    ) as T;
  const gate = askGate(() => server, clock, instant);
  const ports = askRecord(sql, instant);
  const parts: SuperviseParts = {
    record: noted(ports.record),
    epochs: noted(ports.epochs),
    leases: noted(ports.leases),
    campaigns: noted(ports.campaigns),
    gate: { ...noted(gate), claim: gate.claim },
    keeper: noted(keepGate(() => server, instant)),
    log,
    system: clock,
    async caughtUp() {
      await before.call('caughtUp');
      calls.push('caughtUp');
      return drain.caughtUp();
    },
    leaseMs: 2_000,
    oneServer: true,
    holder: 'me',
    onStep: (_id, step) => steps.push(step),
  };
  return {
    clock,
    server,
    sql,
    log,
    gate,
    campaign,
    parts,
    calls,
    steps,
    before,
    drain,
    epoch: () => sql.epochOf(campaign.id) as Epoch,
    decide: (...users) =>
      server
        .claim(
          campaign.id,
          sql.row(campaign.id).epoch,
          users.map((userId) => ({ userId, key: null, eligible: true })),
        )
        .flatMap((answer) => (answer.verdict === 'won' ? [answer.fact] : [])),
    record: (...facts) => take(facts),
    async pass(ms, done = () => false) {
      for (let passed = 0; passed < ms && !done(); passed += 50) {
        await new Promise((resume) => setImmediate(resume));
        log.letThrough();
        if (done()) return;
        clock.move(50);
      }
      await new Promise((resume) => setImmediate(resume));
    },
  };
}

/** A fact of the bench's campaign. */
export const factOf = (seq: number, over: Partial<ClaimWon> = {}): ClaimWon =>
  sampleWin(seq, { campaignId: 'chicken-100', ...over });
