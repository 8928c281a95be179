// Dibs with several processes, whole, in one simulated world: the real flows (claim, follow, supervise with rebuild and
// relay, record) over a simulated gate, log and record, with users who ask until they know. What breaks in it and when
// follows from a seed; at the end everybody's answers are held against the record.

import type { Campaign, Durability } from '../../src/core/campaign.ts';
import type { ClaimWon } from '../../src/core/event.ts';
import { type Catalog, makeCatalog } from '../../src/flow/catalog.ts';
import { type ClaimFlow, makeClaimFlow, type Outcome } from '../../src/flow/claim.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import { makeFollower } from '../../src/flow/follow.ts';
import { makeRecorder } from '../../src/flow/record.ts';
import { makeSupervisor } from '../../src/flow/supervise.ts';
import { caughtUp } from '../../src/main/recorder/caught-up.ts';
import { repeat } from '../../src/main/repeat.ts';
import type { Log } from '../../src/ports/log.ts';
import type { GateKeeper } from '../../src/ports/shared-gate.ts';
import { sampleCampaign } from './samples.ts';
import { askGate, keepGate, SimulatedGate, type Snapshot } from './simulated-gate.ts';
import { makeProducer, SimulatedTopic } from './simulated-log.ts';
import { askRecord, SimulatedRecord } from './simulated-record.ts';
import { Chance, makeWire, SimulatedProcess, SimulatedTime, type Wire } from './simulated-time.ts';

/** A protection that is taken out on purpose, to see that it is missed. */
export type Mutant =
  | 'drain'
  | 'salvage'
  | 'arming'
  | 'tell bound'
  | 'wait'
  | 'late rule'
  | 'freeze'
  | 'comparing'
  | 'again on the log'
  | 'relay';

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
  | 'log away'
  | 'record away';

export interface Try {
  user: number;
  invokedMs: number;
  completedMs: number;
  status: number;
  answer: string;
  seq: number;
}

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

const STATUS: Readonly<Record<string, number>> = { won: 201, already_won: 200, sold_out: 409 };
const RUSH_MS = 3_000;
const TROUBLE_MS = 6_000;
const END_MS = 90_000;
const USER_PATIENCE_MS = 8_000;
const SOURCE = 'claims/0';

interface Api {
  process: SimulatedProcess;
  flow: ClaimFlow;
  ready: boolean;
  open: Set<() => void>;
  /** so long, as soon as somebody presses; 0: not */
  dozesMs: number;
}

export async function live(options: WorldOptions): Promise<Lived> {
  return new World(options).run();
}

class World {
  readonly #options: WorldOptions;
  readonly #time = new SimulatedTime();
  readonly #chance: Chance;
  readonly #clock: SimulatedProcess;
  readonly #gate: SimulatedGate;
  readonly #topic = new SimulatedTopic();
  readonly #record: SimulatedRecord;
  readonly #codes = makeCodes(Buffer.from('a master secret for tests only'));
  readonly #campaign: Campaign;
  readonly #apis: Api[] = [];
  readonly #supervisors: SimulatedProcess[] = [];
  readonly #recorders: SimulatedProcess[] = [];
  readonly #tries: Try[] = [];
  readonly #recorderMs: number;
  readonly #recorderBatch: number;
  readonly #users: number;
  #gateAway: { until: number; hangs: boolean } | null = null;
  #recordAwayUntil = 0;
  #unresolved = 0;
  #forgotten = 0;
  #snapshot: Snapshot | null = null;

  constructor(options: WorldOptions) {
    this.#options = options;
    const chance = new Chance(options.seed);
    this.#chance = chance;
    this.#clock = new SimulatedProcess(this.#time);
    this.#gate = new SimulatedGate(() => this.#clock.now());
    this.#record = new SimulatedRecord(() => this.#clock.now());
    const quantity = 2 + chance.below(8);
    this.#users = quantity + chance.below(10);
    this.#campaign = sampleCampaign({ quantity, durability: options.durability });
    // Now and then a recorder that falls behind.
    const slow = chance.in(0.4);
    this.#recorderMs = slow ? chance.between(100, 700) : 5;
    this.#recorderBatch = slow ? 1 + chance.below(2) : 100;
    this.#gate.asksForArming = options.without !== 'arming';
    this.#record.comparesHeld = options.without !== 'comparing';
    this.#record.lateRule = options.without !== 'late rule';
  }

  async run(): Promise<Lived> {
    const { id } = this.#campaign;
    this.#begin();
    const apis = 2 + this.#chance.below(2);
    for (let i = 0; i < apis; i++) this.#startApi(i);
    for (const i of [0, 1]) this.#startSupervisor(i);
    for (const i of [0, 1]) this.#startRecorder(i);
    for (let user = 0; user < this.#users; user++) this.#comes(user);
    const count = 1 + this.#chance.below(4);
    for (let i = 0; i < count; i++) this.#planTrouble();
    this.#unresolved = this.#users;
    await this.#time.run(END_MS, () => this.#unresolved === 0 && this.#time.nowMs > TROUBLE_MS + 6_000);
    const tookMs = this.#time.nowMs;
    const unresolved = this.#unresolved;
    // What the record still has to take in.
    await this.#time.run(tookMs + 60_000, () => this.#record.next(SOURCE) === this.#topic.facts.length);
    for (const { process } of this.#apis) process.die();
    for (const process of [...this.#supervisors, ...this.#recorders]) process.die();
    const { epoch, reserved } = this.#record.row(id);
    const record = this.#record.claims(id);
    return {
      campaign: this.#campaign,
      tries: this.#tries,
      record,
      letters: this.#record.letters,
      unresolved,
      epoch,
      reserved,
      tookMs,
      forgotten: this.#forgotten,
    };
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
    const gate = askGate(this.#gate, process, this.#gateWire(process));
    const ports = askRecord(this.#record, this.#recordWire(process));
    const bounded = this.#options.without !== 'tell bound';
    const system = bounded ? process : { monotonic: () => 0 };
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
    const api: Api = { process, flow, ready: false, open: new Set(), dozesMs: 0 };
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
    const supervisor = makeSupervisor({
      ...ports,
      gate: askGate(this.#gate, process, gateWire),
      keeper: this.#keeper(gateWire),
      log,
      system: this.#options.without === 'wait' ? withoutWait(process) : process,
      caughtUp: this.#caughtUp(process, log, ports),
      leaseMs: 2_000,
      oneServer: true,
      holder: `supervisor-${index}`,
      onStep: (_id, step, detail) => this.#say(`supervisor-${index} ${step} ${JSON.stringify(detail)}`),
    });
    repeat(process, 500, () => supervisor.round());
  }

  #keeper(wire: Wire): GateKeeper {
    const keeper = keepGate(this.#gate, wire);
    const { without } = this.#options;
    const nothing = async () => [];
    const isFrozen = (id: string): boolean => this.#gate.inForce(id)?.epoch === 0;
    if (without === 'salvage') {
      return {
        ...keeper,
        leftBehind: (id, ...more) => (isFrozen(id) ? nothing() : keeper.leftBehind(id, ...more)),
      };
    }
    if (without === 'relay') {
      return {
        ...keeper,
        leftBehind: (id, ...more) => (isFrozen(id) ? keeper.leftBehind(id, ...more) : nothing()),
      };
    }
    return without === 'freeze' ? { ...keeper, freeze: async () => undefined } : keeper;
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
    if (fault === 'gate set back') {
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
    const kept = new Set(this.#notOnLog().map(nameOf));
    this.#forgotten += decided.filter((fact) => !kept.has(nameOf(fact))).length;
    if (fault === 'gate emptied') return undefined;
    this.#gate.restart();
    this.#awayGate({ until: Math.min(until, this.#time.nowMs + 500), hangs: false });
  }

  #notOnLog(): ClaimWon[] {
    const onLog = new Set(this.#topic.facts.map(nameOf));
    return this.#gate.decided(this.#campaign.id).filter((fact) => !onLog.has(nameOf(fact)));
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

  // The users.

  #comes(user: number): void {
    const chance = this.#chance;
    const tries = chance.in(0.25) ? 2 : 1;
    let known = false;
    const press = (): void =>
      this.#press(user, (answer) => {
        const isVerdict = answer in STATUS;
        if (!isVerdict && !known) return this.#time.in(chance.between(100, 900), press);
        if (!known && isVerdict) {
          known = true;
          this.#unresolved -= 1;
          // Who knows asks again, now and then.
          for (let i = chance.below(3); i > 0; i--) this.#time.in(chance.between(1, 6_000), press);
        }
        return undefined;
      });
    const atMs = chance.between(20, RUSH_MS);
    for (let i = 0; i < tries; i++) this.#time.at(atMs + (i === 0 ? 0 : chance.between(0, 300)), press);
  }

  #press(user: number, hears: (answer: string) => void): void {
    const api = this.#chance.of(this.#apis);
    const invokedMs = this.#time.nowMs;
    let open = true;
    const settle = (answer: string, seq = 0): void => {
      if (!open) return;
      open = false;
      api.open.delete(cut);
      const status = answer === 'cut' ? 0 : (STATUS[answer] ?? 503);
      this.#tries.push({ user, invokedMs, completedMs: this.#time.nowMs, status, answer, seq });
      this.#say(`user ${user} hears ${answer} ${seq === 0 ? '' : seq}`);
      hears(answer);
    };
    const cut = (): void => settle('cut');
    api.open.add(cut);
    this.#time.in(USER_PATIENCE_MS, cut);
    if (!api.process.alive || !api.ready) return this.#time.in(2, cut);
    const tell = (outcome: Outcome): void => {
      const [answer, seq] = toldOf(outcome);
      this.#time.in(1, () => settle(answer, seq));
    };
    const asked = { campaignId: this.#campaign.id, userId: `u-${user}`, key: null, tokenClaims: {} };
    return this.#time.in(1, () =>
      api.process.wake(() => {
        api.flow.claim(asked, tell);
        if (api.dozesMs > 0) this.#doze(api);
      }),
    );
  }

  #doze(api: Api): void {
    const forMs = api.dozesMs;
    api.dozesMs = 0;
    this.#time.in(0.05, () => api.process.sleep(forMs));
    this.#time.in(this.#chance.between(5, 300), () => this.#make('gate emptied', 0));
  }
}

const nameOf = ({ epoch, seq, userId }: ClaimWon): string => `${epoch}/${seq}/${userId}`;

function toldOf(outcome: Outcome): [answer: string, seq: number] {
  if (outcome.verdict === 'none') return [outcome.problem.code, 0];
  return [outcome.verdict, 'claim' in outcome ? outcome.claim.seq : 0];
}

/** As if everything were known to be on the log. */
function forgetCare(catalog: Catalog): void {
  for (const live of catalog.all()) live.onLog.has = () => true;
}

/** Waits of a second and more, but for the patience with which others are waited for, are over at once. */
function withoutWait(process: SimulatedProcess): SimulatedProcess {
  const hasty = Object.create(process) as SimulatedProcess;
  hasty.after = (ms, run) => process.after(ms >= 1_000 && ms < 4_000 ? 0 : ms, run);
  return hasty;
}
