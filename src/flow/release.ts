/**
 * The pacer: lets the head of each line in at the campaign's pace, asks the gate for them in the order of their places,
 * and tells line and log what it said. One at a time for each campaign; distributed, one process by a lease.
 *
 * What a crash interrupts is taken up where it was: whoever was let in and has not had his turn at the gate is handed out
 * again, and a gate that gave him a unit before gives him the same one.
 */

import type { Campaign } from '../core/campaign.ts';
import { isEligible, keepsLine, startsAt } from '../core/campaign.ts';
import type { ClaimWon } from '../core/event.ts';
import type { LineFact } from '../core/line-fact.ts';
import { budgetAt, hold, used } from '../core/pace.ts';
import type { Gate, GateAnswer } from '../ports/gate.ts';
import type { AtGate } from '../ports/line.ts';
import type { LiveCampaign, Waiter } from './catalog.ts';
import type { Codes } from './codes.ts';
import { fillCode, lacksCode, toldClaim } from './codes.ts';
import type { LineUp } from './line-up.ts';
import type { VerdictListener } from './mode.ts';
import { appendWin, asksTheLog, noteWin } from './win.ts';

export interface ReleaseParts {
  lineUp: LineUp;
  gate: Gate;
  codes: Codes;
  /** whether this process lets people in now */
  holdsLease(): boolean;
  /** sees to it that the line of a campaign is there, made of its past; false: not yet. Absent: it always is */
  ensure?(live: LiveCampaign): Promise<boolean>;
  onFault(campaignId: string, error: Error): void;
}

export interface Pacer {
  /** One step of every line. Called each {@link STEP_MS}. */
  tick(): void;
  poke(campaignId: string): void;
  onVerdict(listener: VerdictListener): void;
}

/** Asked of the gate before its answers are awaited: in order, and never more in doubt than these. */
const ASKED_AT_ONCE = 100;

export function makePacer(parts: ReleaseParts): Pacer {
  return new Releasing(parts);
}

/** What the gate has said to those whose turn it was. */
interface Said {
  won: { number: number; seq: number }[];
  refused: { number: number; why: 'ineligible' | 'closed' | 'sold_out' }[];
  /** units that it gave just now, to be told */
  facts: ClaimWon[];
  /** it could not decide: the rest comes again */
  stopped: boolean;
}

class Releasing implements Pacer {
  readonly #parts: ReleaseParts;
  readonly #listeners: VerdictListener[] = [];
  /** campaigns whose step is under way; true: asked for once more */
  readonly #busy = new Map<string, boolean>();
  /** the version of the rule that a line was given last by this pacer */
  readonly #inForce = new Map<string, string>();

  constructor(parts: ReleaseParts) {
    this.#parts = parts;
  }

  onVerdict(listener: VerdictListener): void {
    this.#listeners.push(listener);
  }

  tick(): void {
    for (const live of this.#parts.lineUp.parts.catalog.all()) {
      if (live.campaign.mode === 'queued' && live.campaign.archivedAt === null) this.#begin(live);
    }
  }

  poke(campaignId: string): void {
    const live = this.#parts.lineUp.parts.catalog.get(campaignId);
    if (live !== undefined) this.#begin(live);
  }

  #begin(live: LiveCampaign): void {
    const { id } = live.campaign;
    const { log, shared } = this.#parts.lineUp.parts;
    if (!live.atGate || live.rebuilding || this.#isAtRest(live) || !this.#parts.holdsLease()) return;
    if (log.state().fault !== null && asksTheLog(live, shared)) return;
    if (this.#busy.has(id)) {
      this.#busy.set(id, true);
      return;
    }
    this.#busy.set(id, false);
    this.#step(live)
      .catch((error: Error) => this.#parts.onFault(id, error))
      .finally(() => {
        const again = this.#busy.get(id) === true;
        this.#busy.delete(id);
        if (again) this.#parts.lineUp.parts.system.afterTurn(() => this.#begin(live));
      });
  }

  /** Its line neither moves nor can be joined, and the clock alone changes nothing of that. */
  #isAtRest(live: LiveCampaign): boolean {
    const { counts, isClosed } = this.#parts.lineUp.of(live);
    const rests = isClosed || startsAt(live.campaign) === null;
    return rests && counts?.atGate === 0 && this.#inForce.get(live.campaign.id) === ruleName(live.campaign);
  }

  async #step(live: LiveCampaign): Promise<void> {
    const { lineUp } = this.#parts;
    const { line, system } = lineUp.parts;
    const { campaign } = live;
    const { id } = campaign;
    if ((await this.#parts.ensure?.(live)) === false) return;
    await this.#putInForce(live);
    const { pace } = lineUp.of(live);
    if (campaign.pausedAt !== null) hold(pace);
    const budget = campaign.pausedAt === null ? budgetAt(pace, system.monotonic()) : 0;
    const { eligibility } = campaign;
    // What a token said was looked at when he joined.
    const listed = eligibility && { ...eligibility, tokenClaims: {} };
    const moved = await line.advance(id, budget, (userId) => isEligible(listed, userId, {}));
    if (campaign.pausedAt === null) used(pace, budget, moved.released, system.monotonic());
    lineUp.append(live, moved.facts);
    if (moved.atGate.length > 0) await this.#letThrough(live, moved.atGate);
    const counts = await line.counts(id);
    if (counts !== null) lineUp.note(live, counts);
  }

  /** The rule that the line goes by, whenever it or its epoch is another one. */
  async #putInForce(live: LiveCampaign): Promise<void> {
    const { lineUp } = this.#parts;
    const { id } = live.campaign;
    const rule = ruleName(live.campaign);
    if (this.#inForce.get(id) === rule) return;
    lineUp.append(live, await lineUp.parts.line.configure(id, lineUp.ruleOf(live.campaign)));
    this.#inForce.set(id, rule);
  }

  async #letThrough(live: LiveCampaign, atGate: readonly AtGate[]): Promise<void> {
    for (let from = 0; from < atGate.length; from += ASKED_AT_ONCE) {
      const said = await this.#ask(live, atGate.slice(from, from + ASKED_AT_ONCE));
      await this.#takeIn(live, said);
      if (said.stopped) return;
    }
  }

  /** The gate's answers, in the order of places; whoever it could not decide on comes again. */
  async #ask({ campaign }: LiveCampaign, people: readonly AtGate[]): Promise<Said> {
    const { gate } = this.#parts;
    const { id } = campaign;
    const asked = people.map(
      ({ userId, key }) =>
        new Promise<GateAnswer>((resolve) => gate.claim(id, { userId, key, eligible: true }, resolve)),
    );
    const said: Said = { won: [], refused: [], facts: [], stopped: false };
    for (const [i, answer] of (await Promise.all(asked)).entries()) {
      const { number } = people[i] as AtGate;
      if (answer.verdict === 'won') {
        said.won.push({ number, seq: answer.fact.seq });
        said.facts.push(answer.fact);
      } else if (answer.verdict === 'already_won') said.won.push({ number, seq: answer.seq });
      else if (answer.verdict === 'sold_out' && keepsLine(campaign)) said.stopped = true;
      else if (['ineligible', 'closed', 'sold_out'].includes(answer.verdict)) {
        said.refused.push({ number, why: answer.verdict as 'closed' });
      } else said.stopped = true;
    }
    return said;
  }

  async #takeIn(live: LiveCampaign, { won, refused, facts }: Said): Promise<void> {
    const { lineUp } = this.#parts;
    const { log, shared, system, line } = lineUp.parts;
    for (const fact of facts) {
      noteWin(live, fact);
      this.#tellWhenDurable(live, fact, appendWin(log, live, fact, shared));
    }
    const head = { campaignId: live.campaign.id, epoch: live.campaign.epoch, at: system.now() };
    const taken: LineFact[] = [];
    if (won.length > 0) {
      const numbers = won.map(({ number }) => number);
      taken.push({ type: 'line.won', ...head, numbers, seqs: won.map(({ seq }) => seq) });
    }
    for (const [why, some] of Map.groupBy(refused, (one) => one.why)) {
      taken.push({ type: 'line.refused', ...head, numbers: some.map(({ number }) => number), why });
    }
    if (taken.length === 0) return;
    await line.take(live.campaign.id, taken);
    lineUp.append(live, taken);
  }

  #tellWhenDurable(live: LiveCampaign, fact: ClaimWon, waiters: Waiter[]): void {
    const { codes, lineUp } = this.#parts;
    const tell = (): void => {
      const claim = toldClaim(codes, live.campaign, fact);
      const say = (): void => {
        for (const listener of this.#listeners) listener(live, fact.userId, { verdict: 'won', claim });
      };
      if (!lacksCode(codes, live.campaign, fact.seq)) return say();
      void fillCode(codes, live.campaign, claim, lineUp.parts.system).then(say);
      return undefined;
    };
    if (!asksTheLog(live, lineUp.parts.shared)) return tell();
    waiters.push((error) => {
      if (error === null) tell();
    });
    return undefined;
  }
}

const ruleName = ({ epoch, version }: Campaign): string => `${epoch}:${version}`;
