// Dibs with several processes, whole, in one simulated world: the real flows (claim, follow, supervise with rebuild and
// relay, record) over a simulated gate, log and record, with users who ask until they know. What breaks in it and when
// follows from a seed; at the end everybody's answers are held against the record.

import type { Campaign, Durability } from '../../src/core/campaign.ts';
import type { ClaimWon } from '../../src/core/event.ts';
import { makeCatalog } from '../../src/flow/catalog.ts';
import { makeClaimFlow } from '../../src/flow/claim.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import { makeFollower } from '../../src/flow/follow.ts';
import { makeRecorder } from '../../src/flow/record.ts';
import { makeSupervisor } from '../../src/flow/supervise.ts';
import { caughtUp } from '../../src/main/recorder/caught-up.ts';
import { repeat } from '../../src/main/repeat.ts';
import type { Log } from '../../src/ports/log.ts';
import { sampleCampaign } from './samples.ts';
import { type Api, Crowd, type Try } from './simulated-crowd.ts';
import { askGate, keepGate, SimulatedGate, type Snapshot } from './simulated-gate.ts';
import { makeProducer, SimulatedTopic } from './simulated-log.ts';
import { forgetCare, keeperWithout, type Mutant, withoutWait } from './simulated-mutants.ts';
import { askRecord, SimulatedRecord } from './simulated-record.ts';
import { Chance, makeWire, SimulatedProcess, SimulatedTime, type Wire } from './simulated-time.ts';

export interface WorldOptions {
  seed: number;
  durability: Durability;
  /** what may break, once or several times */
  faults: readonly Fault[];
  without?: Mutant;
  /** told of each thing that happens */
  say?: (atMs: number, what: string) => void;
}

/** One thing that breaks, at one time, for a time. */
export type Fault =
  | 'api killed'
  | 'api asleep'
  /** it is asked, falls asleep before it is answered, and the gate is emptied meanwhile */
  | 'api asleep at a press, gate emptied'
  | 'supervisor killed'
  | 'supervisor asleep'
  | 'recorder killed'
  | 'gate restarted'
  | 'gate emptied'
  | 'gate forgets scripts'
  | 'gate set back'
  | 'gate hangs'
  /** the address leads to a replica that is behind; some go on with the old one for a while */
  | 'gate fails over'
  | 'log away'
  | 'record away';

export interface Lived {
  campaign: Campaign;
  tries: Try[];
  record: ClaimWon[];
  letters: { campaignId: string | null; reason: string; fact: ClaimWon }[];
  /** users who never learnt their verdict */
  unresolved: number;
  epoch: number;
  reserved: number;
  tookMs: number;
  /** wins that the gate has forgotten before anybody had put them on the log */
  forgotten: number;
}

const TROUBLE_MS = 6_000;
const END_MS = 90_000;
const SOURCE = 'claims/0';

export async function live(options: WorldOptions): Promise<Lived> {
  return new World(options).run();
}

class World {
  readonly #options: WorldOptions;
  readonly #time = new SimulatedTime();
  readonly #chance: Chance;
  readonly #clock: SimulatedProcess;
  /** the one that the address leads to */
  #gate: SimulatedGate;
  readonly #topic = new SimulatedTopic();
  readonly #record: SimulatedRecord;
  readonly #codes = makeCodes(Buffer.from('a master secret for tests only'));
  readonly #campaign: Campaign;
  readonly #apis: Api[] = [];
  readonly #supervisors: SimulatedProcess[] = [];
  readonly #recorders: SimulatedProcess[] = [];
  readonly #recorderMs: number;
  readonly #recorderBatch: number;
  readonly #crowd: Crowd;
  #gateAway: { until: number; hangs: boolean } | null = null;
  #recordAwayUntil = 0;
  #forgotten = 0;
  readonly #abandoned: SimulatedGate[] = [];
  #snapshot: Snapshot | null = null;

  constructor(options: WorldOptions) {
    this.#options = options;
    const chance = new Chance(options.seed);
    this.#chance = chance;
    this.#clock = new SimulatedProcess(this.#time);
    this.#gate = this.#makeGate();
    this.#record = new SimulatedRecord(() => this.#clock.now());
    const quantity = 2 + chance.below(8);
    const users = quantity + chance.below(10);
    this.#campaign = sampleCampaign({ quantity, durability: options.durability });
    this.#crowd = new Crowd({
      time: this.#time,
      chance,
      campaignId: this.#campaign.id,
      users,
      apis: this.#apis,
      say: (what) => this.#say(what),
      dozed: () => this.#make('gate emptied', 0),
    });
    // Now and then a recorder that falls behind.
    const slow = chance.in(0.4);
    this.#recorderMs = slow ? chance.between(100, 700) : 5;
    this.#recorderBatch = slow ? 1 + chance.below(2) : 100;
    this.#record.comparesHeld = options.without !== 'comparing';
    this.#record.lateRule = options.without !== 'late rule';
  }

  async run(): Promise<Lived> {
    const { id } = this.#campaign;
    this.#begin();
    for (let i = 1 + this.#chance.below(2); i >= 0; i--) this.#startApi(i);
    for (const i of [0, 1]) this.#startSupervisor(i);
    for (const i of [0, 1]) this.#startRecorder(i);
    this.#crowd.come();
    const count = 1 + this.#chance.below(4);
    for (let i = 0; i < count; i++) this.#planTrouble();
    await this.#time.run(END_MS, () => this.#crowd.unresolved === 0 && this.#time.nowMs > TROUBLE_MS + 6_000);
    const tookMs = this.#time.nowMs;
    const { unresolved, tries } = this.#crowd;
    // What the record still has to take in.
    await this.#time.run(tookMs + 60_000, () => this.#record.next(SOURCE) === this.#topic.facts.length);
    for (const { process } of this.#apis) process.die();
    for (const process of [...this.#supervisors, ...this.#recorders]) process.die();
    const { epoch, reserved } = this.#record.row(id);
    const record = this.#record.claims(id);
    return {
      campaign: this.#campaign,
      tries,
      record,
      letters: this.#record.letters,
      unresolved,
      epoch,
      reserved,
      tookMs,
      forgotten: this.#forgotten + this.#abandoned.flatMap((gate) => this.#notOnLog(gate)).length,
    };
  }

  #makeGate(): SimulatedGate {
    const { without } = this.#options;
    const gate = new SimulatedGate(() => this.#clock.now());
    gate.asksForArming = without !== 'arming';
    gate.hasLease = without !== 'lease';
    return gate;
  }

  #say(what: string): void {
    this.#options.say?.(this.#time.nowMs, what);
  }

  #begin(): void {
    const { id, durability } = this.#campaign;
    this.#record.create(this.#campaign);
    this.#gate.configure(this.#campaign);
    const leaseUntil = this.#clock.now() + 2_000;
    const blockEnd = durability === 'logged' ? null : 100;
    if (blockEnd !== null) this.#record.lease(id, 1, blockEnd);
    this.#gate.arm(id, {
      epoch: 1,
      holders: 'empty',
      lastSeq: 0,
      reserved: 0,
      bounds: { blockEnd, leaseUntil },
    });
  }

  // How things are reached.

  #gateWire(process: SimulatedProcess): Wire {
    const chance = this.#chance;
    const away = () => this.#gateAway;
    const delayMs = () => (chance.in(0.02) ? chance.between(1, 500) : chance.between(0.1, 3));
    return makeWire({ process, chance, away, delayMs, patienceMs: 800, lost: 0.01 });
  }

  #recordWire(process: SimulatedProcess): Wire {
    const chance = this.#chance;
    const away = () => (this.#recordAwayUntil > this.#time.nowMs ? { until: 0, hangs: false } : null);
    const delayMs = () => (chance.in(0.02) ? chance.between(1, 1_500) : chance.between(0.5, 4));
    return makeWire({ process, chance, away, delayMs, patienceMs: 5_000, lost: 0.005 });
  }

  #producer(process: SimulatedProcess): Log {
    const chance = this.#chance;
    const delayMs = () => (chance.in(0.03) ? chance.between(1, 1_000) : chance.between(1, 8));
    return makeProducer({ topic: this.#topic, process, chance, delayMs, lost: 0.02 });
  }

  // The processes.

  #startApi(index: number): void {
    const process = new SimulatedProcess(this.#time);
    const catalog = makeCatalog();
    // Who serves people may go on with a server that the address does not lead to any more.
    const seen = { gate: this.#gate };
    const gate = askGate(() => seen.gate, process, this.#gateWire(process));
    const ports = askRecord(this.#record, this.#recordWire(process));
    const endless = { monotonic: () => 0, now: () => process.now(), after: process.after.bind(process) };
    const system = this.#options.without === 'tell bound' ? endless : process;
    const flow = makeClaimFlow({
      catalog,
      gate,
      log: this.#producer(process),
      record: ports.record,
      codes: this.#codes,
      system,
      shared: true,
      inFlightMax: 1000,
      logWaitingMax: 1000,
    });
    const api: Api = { process, flow, seen, ready: false, open: new Set(), dozesMs: 0 };
    this.#apis[index] = api;
    const follower = makeFollower({ catalog, ...ports, gate, system: process });
    repeat(process, 500, async () => {
      await follower.look().catch(() => undefined);
      if (this.#options.without === 'again on the log') forgetCare(catalog);
      api.ready = true;
    });
  }

  #startSupervisor(index: number): void {
    const process = new SimulatedProcess(this.#time);
    this.#supervisors[index] = process;
    const ports = askRecord(this.#record, this.#recordWire(process));
    const gateWire = this.#gateWire(process);
    const log = this.#producer(process);
    const present = () => this.#gate;
    const supervisor = makeSupervisor({
      ...ports,
      gate: askGate(present, process, gateWire),
      keeper: keeperWithout(this.#options.without, keepGate(present, gateWire), present),
      log,
      system: this.#options.without === 'wait' ? withoutWait(process) : process,
      caughtUp: this.#caughtUp(process, log, ports),
      leaseMs: 2_000,
      oneServer: !this.#options.faults.includes('gate fails over'),
      holder: `supervisor-${index}`,
      onStep: (_id, step, detail) => this.#say(`supervisor-${index} ${step} ${JSON.stringify(detail)}`),
    });
    repeat(process, 500, () => supervisor.round());
  }

  #caughtUp(process: SimulatedProcess, log: Log, { record }: ReturnType<typeof askRecord>) {
    if (this.#options.without === 'drain') return async () => true;
    const ends = async (): Promise<Map<string, number>> => {
      if (this.#topic.awayUntil > this.#time.nowMs) throw new Error('the log is away');
      return new Map([[SOURCE, this.#topic.facts.length]]);
    };
    return async (patienceMs: number): Promise<boolean> => {
      if (log.state().fault !== null) return false;
      return caughtUp({ kafka: { ends }, record, system: process }, patienceMs);
    };
  }

  #startRecorder(index: number): void {
    const process = new SimulatedProcess(this.#time);
    this.#recorders[index] = process;
    const ports = askRecord(this.#record, this.#recordWire(process));
    const pause = (ms: number) => new Promise<void>((resume) => void process.after(ms, resume));
    const parts = {
      ...ports,
      source: SOURCE,
      reader: this.#topic.reader(),
      codes: this.#codes,
      system: process,
    };
    const run = async (): Promise<void> => {
      // The second one holds the lease only sometimes; both at once do no harm.
      const recorder = await makeRecorder({ ...parts, batchMax: this.#recorderBatch });
      while (process.alive) {
        const { facts } = await recorder.step();
        await pause(facts === 0 ? 60 : this.#recorderMs * (index + 1));
      }
    };
    const again = (): void => void run().catch(() => process.after(150, again));
    process.after(index * 40, again);
  }

  // Trouble.

  #planTrouble(): void {
    const chance = this.#chance;
    const fault = chance.of(this.#options.faults);
    const atMs = chance.between(50, TROUBLE_MS - 2_000);
    const forMs = chance.in(0.5) ? chance.between(20, 600) : chance.between(600, 4_000);
    if (fault === 'gate set back' || fault === 'gate fails over') {
      this.#time.at(chance.between(10, atMs), () => {
        this.#snapshot = this.#gate.snapshot();
      });
    }
    this.#time.at(atMs, () => {
      this.#say(`${fault}, for ${Math.round(forMs)} ms`);
      this.#make(fault, forMs);
    });
  }

  #make(fault: Fault, forMs: number): void {
    const chance = this.#chance;
    const until = this.#time.nowMs + forMs;
    switch (fault) {
      case 'api killed':
        return this.#killApi(chance.below(this.#apis.length), forMs);
      case 'api asleep':
        return chance.of(this.#apis).process.sleep(forMs);
      case 'api asleep at a press, gate emptied':
        chance.of(this.#apis).dozesMs = 2_000 + forMs;
        return undefined;
      case 'supervisor killed':
        return this.#kill(this.#supervisors, forMs, (i) => this.#startSupervisor(i));
      case 'supervisor asleep':
        return chance.of(this.#supervisors).sleep(forMs);
      case 'recorder killed':
        return this.#kill(this.#recorders, forMs, (i) => this.#startRecorder(i));
      case 'gate hangs':
        return this.#awayGate({ until, hangs: true });
      case 'log away':
        this.#topic.awayUntil = until;
        return undefined;
      case 'record away':
        this.#recordAwayUntil = until;
        return undefined;
      default:
        return this.#damageGate(fault, until);
    }
  }

  #damageGate(fault: Fault, until: number): void {
    if (fault === 'gate forgets scripts') return this.#gate.restart();
    const decided = this.#notOnLog();
    if (fault === 'gate emptied') this.#gate.flush();
    if (fault === 'gate set back' && this.#snapshot !== null) this.#gate.restore(this.#snapshot);
    if (fault === 'gate fails over') this.#failOver();
    const kept = new Set(this.#notOnLog().map(nameOf));
    this.#forgotten += decided.filter((fact) => !kept.has(nameOf(fact))).length;
    if (fault === 'gate emptied' || fault === 'gate fails over') return undefined;
    this.#gate.restart();
    this.#awayGate({ until: Math.min(until, this.#time.nowMs + 500), hangs: false });
  }

  #failOver(): void {
    const replica = this.#makeGate();
    if (this.#snapshot !== null) replica.restore(this.#snapshot);
    this.#abandoned.push(this.#gate);
    this.#gate = replica;
    for (const api of this.#apis) {
      this.#time.in(this.#chance.between(0, 5_000), () => {
        api.seen.gate = this.#gate;
      });
    }
  }

  #notOnLog(gate = this.#gate): ClaimWon[] {
    const onLog = new Set(this.#topic.facts.map(nameOf));
    return gate.decided(this.#campaign.id).filter((fact) => !onLog.has(nameOf(fact)));
  }

  #awayGate(away: { until: number; hangs: boolean }): void {
    this.#gateAway = away;
    this.#time.at(away.until, () => {
      if (this.#gateAway === away) this.#gateAway = null;
    });
  }

  #kill(all: SimulatedProcess[], forMs: number, start: (index: number) => void): void {
    const index = this.#chance.below(all.length);
    all[index]?.die();
    this.#time.in(forMs, () => {
      if (all[index]?.alive === false) start(index);
    });
  }

  #killApi(index: number, forMs: number): void {
    const api = this.#apis[index] as Api;
    api.process.die();
    api.ready = false;
    for (const cut of [...api.open]) cut();
    this.#time.in(forMs, () => {
      if (this.#apis[index] === api) this.#startApi(index);
    });
  }
}

const nameOf = ({ epoch, seq, userId }: ClaimWon): string => `${epoch}/${seq}/${userId}`;
