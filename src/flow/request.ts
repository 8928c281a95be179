/**
 * Ordered mode, a press: onto the log, in whose order it will be decided, and a ticket to ask with. Refused before that
 * is who would be refused anyway, by what is known here of the deciders' work; that writes nothing anywhere. A verdict
 * is told when its decider has stored it, and what a ticket was answered once it is answered for ever.
 */

import { phasesAt } from '../core/decider.ts';
import type { Decision, GateState } from '../core/gate.ts';
import { decide, emptyGate, gateRule, holdings } from '../core/gate.ts';
import { problem } from '../core/problem.ts';
import type { OrderedTicket, Ticket } from '../core/ticket.ts';
import { keyTag } from '../core/ticket.ts';
import type { Holding } from '../ports/gate.ts';
import type { RequestPlace, Requests } from '../ports/requests.ts';
import type { System } from '../ports/system.ts';
import type { LiveCampaign } from './catalog.ts';
import type { Codes } from './codes.ts';
import { fillCode, lacksCode, toldClaim } from './codes.ts';
import type { Decided, SourceOf } from './decided.ts';
import type { ModeFlow, Pressed, UnitFound, VerdictListener } from './mode.ts';
import type { Found, Outcome, Pending, Tell } from './outcome.ts';
import type { Tickets } from './tickets.ts';
import type { Try, TryPlace } from './tries.ts';
import { Tries } from './tries.ts';
import type { TryVerdict } from './try-verdict.ts';
import { verdictOf } from './try-verdict.ts';

export interface RequestParts {
  requests: Pick<Requests, 'append' | 'state'>;
  decided: Decided;
  tickets: Tickets;
  codes: Codes;
  system: Pick<System, 'now' | 'monotonic' | 'after'>;
  sourceOf: SourceOf;
  /** requests that may wait for the log; while there are more, tries are refused */
  requestsWaitingMax: number;
  /** what is known here may be so old for an early refusal: Infinity where the decider is in this process */
  staleMaxMs: number;
  /** what this clock and the log's may be apart; who presses so near to the window's ends is decided by the log's */
  clockSlackMs: number;
  /** tries that are remembered, in all campaigns; 200,000 when nothing is said */
  triesMax?: number;
}

const UNAVAILABLE: Outcome = { verdict: 'none', problem: problem('gate_unavailable') };
const OVERLOADED: Outcome = { verdict: 'none', problem: problem('overloaded') };
const UNKNOWN: Outcome = { verdict: 'none', problem: problem('outcome_unknown') };
const TRIES_MAX = 200_000;
const ASK_MIN_MS = 50;
const ASK_MAX_MS = 200;

export function makeRequestFlow(parts: RequestParts): ModeFlow {
  return new Requesting(parts);
}

/** A try that somebody asks for. */
interface Asked extends Pick<TryPlace, 'source' | 'ticket'> {
  userId: string;
}

class Requesting implements ModeFlow {
  readonly #parts: RequestParts;
  readonly #tries: Tries;
  readonly #listeners: VerdictListener[] = [];
  /** how long decisions take at present */
  #lagMs = ASK_MIN_MS;

  constructor(parts: RequestParts) {
    this.#parts = parts;
    this.#tries = new Tries(parts.triesMax ?? TRIES_MAX);
    parts.decided.expect(() => this.pending() > 0);
    parts.decided.onMoved(() => this.#tellDecided());
  }

  onVerdict(listener: VerdictListener): void {
    this.#listeners.push(listener);
  }

  pending(): number {
    return this.#tries.open();
  }

  press(pressed: Pressed): void {
    const { live, press, eligible, tell } = pressed;
    const { campaign } = live;
    const gate = this.#parts.decided.known(campaign.id)?.gate ?? emptyGate(gateRule(campaign));
    const key = campaign.perUserLimit === 1 ? null : press.key;
    const attempt = { userId: press.userId, key, eligible };
    const early = alone(gate, attempt, this.#parts.system.now());
    if (early.verdict === 'already_won')
      return this.#tellUnit(live, this.#unitTold(live, press.userId, early, 'already_won'), tell);
    const before = this.#tries.find(campaign.id, press.userId, key);
    if (before && this.#isOpen(before)) return this.#join(before, pressed);
    if (!eligible) return tell({ verdict: 'ineligible', campaign });
    if (early.verdict !== 'won' && this.#isCertain(early, gate, attempt)) {
      return tell({ verdict: early.verdict, campaign });
    }
    return this.#append(pressed, key);
  }

  #isOpen({ at }: Try): boolean {
    return at === null || !this.#parts.decided.isDecided(at.source, at.ticket.offset);
  }

  /** Whether a refusal holds on the log's clock too, by knowledge that is not too old. */
  #isCertain({ verdict }: Decision, gate: GateState, attempt: Parameters<typeof decide>[1]): boolean {
    const { decided, system, staleMaxMs, clockSlackMs } = this.#parts;
    if (decided.ageMs() > staleMaxMs) return false;
    if (clockSlackMs === 0) return true;
    const now = system.now();
    return [now - clockSlackMs, now + clockSlackMs].every(
      (at) => alone(gate, attempt, at).verdict === verdict,
    );
  }

  #join(before: Try, { live, tell }: Pressed): void {
    if (before.at === null) before.waiting.push(tell);
    else tell(this.#pending(live, before.at.text));
  }

  #append({ live, press, tell }: Pressed, key: string | null): void {
    const { requests, requestsWaitingMax } = this.#parts;
    const { fault, waiting } = requests.state();
    if (fault !== null) return tell(UNAVAILABLE);
    if (waiting >= requestsWaitingMax) return tell(OVERLOADED);
    const { campaignId, userId } = press;
    const one = this.#tries.begin(live, userId, key, tell);
    requests.append({ type: 'claim.requested', campaignId, userId, key }, (error, at) => {
      if (error !== null || at === null) this.#failed(one);
      else this.#placed(one, at);
    });
  }

  /** It may still come onto the log; asking again is what helps. */
  #failed(one: Try): void {
    this.#tries.forget(one);
    for (const tell of one.waiting.splice(0)) tell(UNKNOWN);
  }

  #placed(one: Try, { topicVersion, partition, place }: RequestPlace): void {
    const { decided, tickets, system, sourceOf } = this.#parts;
    const { live, userId } = one;
    const tag = one.key === null ? {} : { keyTag: keyTag(one.key) };
    const ticket: OrderedTicket = { kind: 'ordered', topicVersion, partition, offset: place, ...tag };
    const text = tickets.make(live.campaign.id, ticket, userId);
    const source = sourceOf(topicVersion, partition);
    this.#tries.place(one, { ticket, text, source }, system.monotonic());
    for (const tell of one.waiting.splice(0)) tell(this.#pending(live, text));
    if (decided.isDecided(source, place)) this.#tellDecided();
    else decided.hurry();
  }

  #pending({ campaign }: LiveCampaign, ticket: string): Pending {
    const askAgainMs = Math.round(Math.min(ASK_MAX_MS, Math.max(ASK_MIN_MS, this.#lagMs)));
    return { verdict: 'pending', campaign, ticket, place: null, askAgainMs };
  }

  /** To those who watch: each remembered try once, in the order of the log. */
  #tellDecided(): void {
    const { decided, system } = this.#parts;
    const done = this.#tries.decided((source, place) => decided.isDecided(source, place));
    const now = system.monotonic();
    for (const { live, userId, at, placedAt } of done) {
      this.#lagMs += (now - placedAt - this.#lagMs) / 8;
      const asked = { source: at.source, ticket: at.ticket, userId };
      const verdict = this.#verdictNow(live, asked);
      const outcome = verdict === null ? UNKNOWN : this.#outcome(live, userId, verdict);
      this.#tellUnit(live, outcome, (told) => {
        for (const listener of this.#listeners) listener(live, userId, told);
      });
    }
  }

  /** With its code, when there is a unit; that may have to be brought. */
  #tellUnit({ campaign }: LiveCampaign, outcome: Outcome, tell: Tell): void {
    const { codes, system } = this.#parts;
    if (!('claim' in outcome) || !lacksCode(codes, campaign, outcome.claim.seq)) return tell(outcome);
    void fillCode(codes, campaign, outcome.claim, system).then(() => tell(outcome));
    return undefined;
  }

  #outcome(live: LiveCampaign, userId: string, verdict: TryVerdict): Outcome {
    if (verdict.kind === 'unit') return this.#unitTold(live, userId, verdict.unit, 'won');
    return verdict.kind === 'unknown' ? UNKNOWN : { verdict: verdict.verdict, campaign: live.campaign };
  }

  #unitTold(
    { campaign }: LiveCampaign,
    userId: string,
    { seq, wonAt }: Pick<Holding, 'seq' | 'wonAt'>,
    verdict: 'won' | 'already_won',
  ): Outcome {
    return { verdict, claim: toldClaim(this.#parts.codes, campaign, { userId, seq, wonAt }) };
  }

  /** Null: the campaign is not known here. */
  #verdictNow(live: LiveCampaign, asked: Asked): TryVerdict | null {
    const known = this.#parts.decided.known(live.campaign.id);
    if (known === undefined) return null;
    return verdictOf(
      this.#tryOf(live, asked),
      phasesAt(known, asked.source),
      holdings(known.gate, asked.userId),
    );
  }

  async #verdict(live: LiveCampaign, asked: Asked): Promise<TryVerdict> {
    const now = this.#verdictNow(live, asked);
    if (now !== null) return now;
    const { decided } = this.#parts;
    const { id } = live.campaign;
    // The phases first: what is won after that is behind them.
    const ruling = await decided.stored(id);
    if (ruling === null) return { kind: 'unknown' };
    const phases = phasesAt(ruling, asked.source);
    return verdictOf(this.#tryOf(live, asked), phases, await decided.holdings(id, asked.userId));
  }

  #tryOf({ campaign: { perUserLimit } }: LiveCampaign, { source, ticket }: Asked) {
    const { offset: place, keyTag: tag = null } = ticket;
    const unreadable = this.#parts.decided.isUnreadable(source, place);
    return { place, keyTag: tag, perUserLimit, unreadable };
  }

  #found({ campaign }: LiveCampaign, userId: string, verdict: TryVerdict): Found | UnitFound {
    switch (verdict.kind) {
      case 'unit':
        return { kind: 'unit', userId, seq: verdict.unit.seq, wonAt: verdict.unit.wonAt };
      case 'refused':
        return { kind: 'refused', verdict: verdict.verdict, campaign, why: null };
      default:
        return { kind: 'unknown' };
    }
  }

  async mine(live: LiveCampaign, userId: string): Promise<Found | UnitFound> {
    const asked = this.#latest(live, userId);
    if ('kind' in asked) return asked;
    return this.#found(live, userId, await this.#verdict(live, asked));
  }

  async byTicket(
    live: LiveCampaign,
    ticket: Ticket,
    text: string,
    userId: string | null,
  ): Promise<Found | UnitFound> {
    const asked = this.#behind(live, ticket, text, userId);
    if ('kind' in asked) return asked;
    return this.#found(live, asked.userId, await this.#verdict(live, asked));
  }

  askNow(
    live: LiveCampaign,
    of: string | { ticket: Ticket; text: string; userId: string | null },
  ): Found | null {
    const ofUser = typeof of === 'string';
    const known = this.#parts.decided.known(live.campaign.id);
    if (ofUser && (known === undefined || known.gate.holders.has(of))) return null;
    const asked = ofUser ? this.#latest(live, of) : this.#behind(live, of.ticket, of.text, of.userId);
    if ('kind' in asked) return asked;
    const verdict = this.#verdictNow(live, asked);
    const found = verdict === null ? null : this.#found(live, asked.userId, verdict);
    return found?.kind === 'unit' ? null : found;
  }

  /** A user's latest try when it is decided, else what there is to say of it. */
  #latest(live: LiveCampaign, userId: string): Asked | Found {
    const one = this.#tries.find(live.campaign.id, userId, null);
    if (one === undefined || one.at === null) return { kind: 'none' };
    const { at } = one;
    if (this.#isOpen(one)) return { kind: 'waiting', pending: this.#pending(live, at.text) };
    return { source: at.source, ticket: at.ticket, userId };
  }

  /** The try behind a ticket when it is decided and its user is known, else what there is to say of it. */
  #behind(live: LiveCampaign, ticket: Ticket, text: string, userId: string | null): Asked | Found {
    if (ticket.kind !== 'ordered') return { kind: 'mismatch' };
    const source = this.#sourceOf(ticket);
    if (!this.#parts.decided.isDecided(source, ticket.offset)) {
      return { kind: 'waiting', pending: this.#pending(live, text) };
    }
    const who = userId ?? this.#tries.byText(text)?.userId;
    return who === undefined ? { kind: 'unnamed' } : { source, ticket, userId: who };
  }

  #sourceOf({ topicVersion, partition }: OrderedTicket): string {
    return this.#parts.sourceOf(topicVersion, partition);
  }

  async changed(_live: LiveCampaign, ticket: Ticket, maxMs: number): Promise<void> {
    if (ticket.kind !== 'ordered') return;
    await this.#parts.decided.reached(this.#sourceOf(ticket), ticket.offset, maxMs);
  }
}

/** The rule's answer here and now. It changes nothing, not even how far the campaign's clock has come. */
function alone(gate: GateState, attempt: Parameters<typeof decide>[1], now: number): Decision {
  return decide({ ...gate }, attempt, now);
}
