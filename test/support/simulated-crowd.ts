// Users of a simulated world: they press at any process, ask again until they know, and now and then after that.

import type { ClaimFlow } from '../../src/flow/claim.ts';
import type { Outcome } from '../../src/flow/outcome.ts';
import type { SimulatedGate } from './simulated-gate.ts';
import type { Chance, SimulatedProcess, SimulatedTime } from './simulated-time.ts';

/** A process that people press at. */
export interface Api {
  process: SimulatedProcess;
  flow: ClaimFlow;
  /** the server that it takes for the gate */
  seen: { gate: SimulatedGate };
  ready: boolean;
  /** cuts each answer that is owed */
  open: Set<() => void>;
  /** so long, as soon as somebody presses; 0: not */
  dozesMs: number;
}

export interface Try {
  user: number;
  invokedMs: number;
  completedMs: number;
  status: number;
  answer: string;
  seq: number;
}

export interface CrowdParts {
  time: SimulatedTime;
  chance: Chance;
  campaignId: string;
  users: number;
  apis: readonly Api[];
  say(what: string): void;
  /** told when a process has fallen asleep over a press */
  dozed(): void;
}

const STATUS: Readonly<Record<string, number>> = { won: 201, already_won: 200, sold_out: 409 };
const RUSH_MS = 3_000;
const PATIENCE_MS = 8_000;

export class Crowd {
  readonly #parts: CrowdParts;
  readonly tries: Try[] = [];
  /** users who do not know their verdict */
  unresolved: number;

  constructor(parts: CrowdParts) {
    this.#parts = parts;
    this.unresolved = parts.users;
  }

  come(): void {
    for (let user = 0; user < this.#parts.users; user++) this.#comes(user);
  }

  #comes(user: number): void {
    const { chance, time } = this.#parts;
    const tries = chance.in(0.25) ? 2 : 1;
    let known = false;
    const press = (): void =>
      this.#press(user, (answer) => {
        const isVerdict = answer in STATUS;
        if (!isVerdict && !known) return time.in(chance.between(100, 900), press);
        if (!known && isVerdict) {
          known = true;
          this.unresolved -= 1;
          // Who knows asks again, now and then.
          for (let i = chance.below(3); i > 0; i--) time.in(chance.between(1, 6_000), press);
        }
        return undefined;
      });
    const atMs = chance.between(20, RUSH_MS);
    for (let i = 0; i < tries; i++) time.at(atMs + (i === 0 ? 0 : chance.between(0, 300)), press);
  }

  #press(user: number, hears: (answer: string) => void): void {
    const { chance, time, apis, campaignId, say } = this.#parts;
    const api = chance.of(apis);
    const invokedMs = time.nowMs;
    let open = true;
    const settle = (answer: string, seq = 0): void => {
      if (!open) return;
      open = false;
      api.open.delete(cut);
      const status = answer === 'cut' ? 0 : (STATUS[answer] ?? 503);
      this.tries.push({ user, invokedMs, completedMs: time.nowMs, status, answer, seq });
      say(`user ${user} hears ${answer} ${seq === 0 ? '' : seq}`);
      hears(answer);
    };
    const cut = (): void => settle('cut');
    api.open.add(cut);
    time.in(PATIENCE_MS, cut);
    if (!api.process.alive || !api.ready) return time.in(2, cut);
    const tell = (outcome: Outcome): void => {
      const [answer, seq] = toldOf(outcome);
      time.in(1, () => settle(answer, seq));
    };
    const asked = { campaignId: campaignId, userId: `u-${user}`, key: null, tokenClaims: {} };
    return time.in(1, () =>
      api.process.wake(() => {
        api.flow.claim(asked, tell);
        if (api.dozesMs > 0) this.#doze(api);
      }),
    );
  }

  #doze(api: Api): void {
    const { chance, time, dozed } = this.#parts;
    const forMs = api.dozesMs;
    api.dozesMs = 0;
    time.in(0.05, () => api.process.sleep(forMs));
    time.in(chance.between(5, 300), () => dozed());
  }
}

function toldOf(outcome: Outcome): [answer: string, seq: number] {
  if (outcome.verdict === 'none') return [outcome.problem.code, 0];
  return [outcome.verdict, 'claim' in outcome ? outcome.claim.seq : 0];
}
