// A gate that many share, as adapters/redis does it in Lua, but in memory: epochs, arming that is forgotten at a restart,
// a lease by its own clock, an outbox. It loses its memory, or goes back to an older copy of it, on command.

import type { Campaign } from '../../src/core/campaign.ts';
import type { ClaimWon } from '../../src/core/event.ts';
import type { Attempt, GateState, Reconfigured } from '../../src/core/gate.ts';
import { decide, emptyGate, evolve, gateRule, holdings, reconfigure } from '../../src/core/gate.ts';
import type { GateAnswer, GateCounts, Holding } from '../../src/ports/gate.ts';
import type { Holders } from '../../src/ports/record.ts';
import type {
  Armed,
  Arming,
  Bounds,
  GateKeeper,
  InForce,
  LeftBehind,
  SharedGate,
} from '../../src/ports/shared-gate.ts';
import type { SimulatedProcess, Wire } from './simulated-time.ts';
import { Unanswered } from './simulated-time.ts';

/** What is kept of one campaign, and copied by a snapshot. */
interface Place {
  /** 0: none; negative: frozen, and none before it may decide again */
  epoch: number;
  state: GateState | null;
  reserved: number;
  blockEnd: number | null;
  leaseUntil: number | null;
  out: LeftBehind[];
  staged: GateState | null;
}

export type Snapshot = Map<string, Place>;

export class SimulatedGate {
  #places: Snapshot = new Map();
  /** which epochs may be called: kept nowhere, and gone after a restart */
  readonly #armed = new Set<string>();
  readonly #now: () => number;
  /** false: it goes on deciding, whether or not its right to do so is renewed */
  hasLease = true;
  /** false: whoever asks is let in, whatever the gate has forgotten */
  asksForArming = true;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Its memory is kept; who may be let in is not. */
  restart(): void {
    this.#armed.clear();
  }

  /** All is gone. */
  flush(): void {
    this.#places = new Map();
  }

  snapshot(): Snapshot {
    return structuredClone(this.#places);
  }

  restore(snapshot: Snapshot): void {
    this.#places = structuredClone(snapshot);
    this.restart();
  }

  #place(id: string): Place {
    const known = this.#places.get(id);
    if (known) return known;
    const place = {
      epoch: 0,
      state: null,
      reserved: 0,
      blockEnd: null,
      leaseUntil: null,
      out: [],
      staged: null,
    };
    this.#places.set(id, place);
    return place;
  }

  #isArmed(id: string, epoch: number): boolean {
    return !this.asksForArming || this.#armed.has(`${id}:${epoch}`);
  }

  claim(id: string, epoch: number, batch: readonly Attempt[]): GateAnswer[] {
    const place = this.#place(id);
    const { state, leaseUntil, blockEnd } = place;
    const shut =
      !this.#isArmed(id, epoch) ||
      place.epoch !== epoch ||
      state === null ||
      (this.hasLease && leaseUntil !== null && this.#now() > leaseUntil);
    if (shut) return batch.map(() => ({ verdict: 'rebuilding' }));
    const facts: ClaimWon[] = [];
    const answers = batch.map((attempt): GateAnswer => {
      const decision = decide(state, attempt, this.#now());
      if (decision.verdict !== 'won') return decision;
      if (state.lastSeq >= (blockEnd ?? Number.POSITIVE_INFINITY)) return { verdict: 'unavailable' };
      const fact = { ...decision.fact, epoch };
      evolve(state, fact);
      facts.push(fact);
      return { verdict: 'won', fact };
    });
    if (facts.length > 0) place.out.push({ facts, decidedAt: state.clock });
    return answers;
  }

  configure(campaign: Campaign): Reconfigured {
    const place = this.#place(campaign.id);
    const rule = gateRule(campaign);
    if (place.state === null) {
      place.state = emptyGate(rule);
      return { kind: 'ok' };
    }
    if (rule.version < place.state.rule.version) return { kind: 'ok' };
    return reconfigure(place.state, rule);
  }

  load(id: string, past: Holders): void {
    const place = this.#place(id);
    if (place.state === null) throw new Error(`campaign ${id} is not at the gate`);
    const [first = 0] = past.seqs;
    if (place.staged === null || first <= place.staged.lastSeq) place.staged = emptyGate(place.state.rule);
    for (const [i, userId] of past.userIds.entries()) {
      const [seq, wonAt] = [past.seqs[i] as number, past.wonAt[i] as number];
      const key = past.keys?.[i] ?? null;
      evolve(place.staged, { type: 'claim.won', campaignId: id, epoch: 0, seq, userId, nth: 1, key, wonAt });
    }
  }

  arm(id: string, { epoch, holders, lastSeq, reserved, bounds }: Arming): Armed {
    const place = this.#place(id);
    const { state, staged } = place;
    if (state === null) return { kind: 'refused', why: 'unconfigured', detail: 'UNCONFIGURED' };
    if (Math.abs(place.epoch) > epoch)
      return { kind: 'refused', why: 'fenced', detail: `FENCED at ${place.epoch}` };
    if (state.issued > 0 && (place.epoch === epoch || holders === 'empty')) {
      return { kind: 'refused', why: 'live', detail: 'LIVE' };
    }
    if (holders === 'staged' && staged === null) throw new Error('GAP nothing is loaded');
    const filled = holders === 'empty' || staged === null ? emptyGate(state.rule) : staged;
    place.state = {
      ...filled,
      rule: state.rule,
      issued: filled.issued + reserved,
      lastSeq: Math.max(filled.lastSeq, lastSeq),
      clock: Math.max(state.clock, filled.clock),
    };
    Object.assign(place, { epoch, reserved, ...bounds, out: [], staged: null });
    this.#armed.add(`${id}:${epoch}`);
    const { issued } = place.state;
    return { kind: 'armed', issued, lastSeq: place.state.lastSeq, holders: place.state.holders.size };
  }

  inForce(id: string): InForce | null {
    const { state, epoch, reserved, blockEnd } = this.#place(id);
    if (state === null) return null;
    const { version, quantity } = state.rule;
    const armed = epoch > 0 && this.#isArmed(id, epoch);
    const { issued, lastSeq } = state;
    return {
      epoch: Math.max(0, epoch),
      version,
      armed,
      quantity,
      issued,
      lastSeq,
      reserved,
      blockEnd,
      now: this.#now(),
    };
  }

  extend(id: string, epoch: number, bounds: Bounds): boolean {
    const place = this.#place(id);
    if (place.epoch !== epoch) return false;
    for (const name of ['blockEnd', 'leaseUntil'] as const) {
      const wanted = bounds[name];
      if (wanted !== null) place[name] = Math.max(place[name] ?? wanted, wanted);
    }
    return true;
  }

  freeze(id: string, epoch: number): void {
    const place = this.#place(id);
    if (Math.abs(place.epoch) < epoch) place.epoch = -epoch;
  }

  unreserve(id: string, epoch: number, count: number): void {
    const place = this.#place(id);
    if (place.epoch !== epoch || place.state === null) throw new Error('FENCED');
    const back = Math.min(place.reserved, count);
    place.reserved -= back;
    place.state.issued -= back;
  }

  leftBehind(id: string, afterSeq: number, limit: number): LeftBehind[] {
    const { out } = this.#place(id);
    const some = out.filter(({ facts }) => (facts.at(-1)?.seq ?? 0) > afterSeq).slice(0, limit);
    return structuredClone(some);
  }

  /** All wins that are in its outbox. */
  decided(id: string): ClaimWon[] {
    return this.#place(id).out.flatMap(({ facts }) => facts);
  }

  letGo(id: string, seq: number): void {
    const place = this.#place(id);
    place.out = place.out.filter(({ facts }) => (facts.at(-1)?.seq ?? 0) > seq);
  }

  unload(id: string): void {
    const { out } = this.#place(id);
    this.#places.delete(id);
    this.#place(id).out = out;
  }

  holdings(id: string, userId: string): Holding[] {
    const { state } = this.#place(id);
    return state === null ? [] : holdings(state, userId);
  }

  counts(id: string): GateCounts | null {
    const { state } = this.#place(id);
    if (state === null) return null;
    const { issued, lastSeq, rule, holders } = state;
    return { issued, lastSeq, quantity: rule.quantity, holders: holders.size };
  }
}

/** The gate as one process asks it: what arrives in one turn travels together. */
export function askGate(
  server: () => SimulatedGate,
  process: Pick<SimulatedProcess, 'afterTurn'>,
  wire: Wire,
): SharedGate {
  const epochs = new Map<string, number>();
  const waiting = new Map<string, { attempt: Attempt; answer: (given: GateAnswer) => void }[]>();
  const send = (id: string): void => {
    const batch = waiting.get(id) ?? [];
    waiting.delete(id);
    const epoch = epochs.get(id) ?? 0;
    const attempts = batch.map(({ attempt }) => attempt);
    wire(() => server().claim(id, epoch, attempts)).then(
      (answers) => {
        for (const [i, { answer }] of batch.entries()) answer(answers[i] as GateAnswer);
      },
      (error: Error) => {
        const verdict = error instanceof Unanswered ? 'unknown' : 'unavailable';
        for (const { answer } of batch) answer({ verdict });
      },
    );
  };
  return {
    follow(id, epoch) {
      epochs.set(id, Math.max(epochs.get(id) ?? 0, epoch));
    },
    claim(id, attempt, answer) {
      if (!epochs.has(id)) return answer({ verdict: 'unknown_campaign' });
      const batch = waiting.get(id);
      if (batch) batch.push({ attempt, answer });
      else {
        waiting.set(id, [{ attempt, answer }]);
        process.afterTurn(() => send(id));
      }
    },
    begin: async () => undefined,
    configure: (campaign) => wire(() => server().configure(campaign)),
    load: (id, past) => wire(() => server().load(id, past)),
    unload: (id) => wire(() => server().unload(id)),
    holdings: (id, userId) => wire(() => server().holdings(id, userId)),
    counts: (id) => wire(() => server().counts(id)),
  };
}

/** The gate as the one asks who looks after it. */
export function keepGate(server: () => SimulatedGate, wire: Wire): GateKeeper {
  return {
    inForce: (id) => wire(() => server().inForce(id)),
    arm: (id, arming) => wire(() => server().arm(id, arming)),
    extend: (id, epoch, bounds) => wire(() => server().extend(id, epoch, bounds)),
    freeze: (id, epoch) => wire(() => server().freeze(id, epoch)),
    unreserve: (id, epoch, count) => wire(() => server().unreserve(id, epoch, count)),
    leftBehind: (id, after, limit) => wire(() => server().leftBehind(id, after, limit)),
    letGo: (id, seq) => wire(() => server().letGo(id, seq)),
  };
}
