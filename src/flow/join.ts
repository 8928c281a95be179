/**
 * Queued mode, a press: a place in line, told when the log has it, so that it survives whatever its process does not.
 * Whoever has a place is told how it stands; whoever was let in and won is told as every winner is.
 */

import type { Campaign } from '../core/campaign.ts';
import type { Refusal } from '../core/gate.ts';
import type { LineDecision, Standing } from '../core/line.ts';
import type { LineFact } from '../core/line-fact.ts';
import { problem } from '../core/problem.ts';
import type { QueuedTicket, Ticket } from '../core/ticket.ts';
import type { Gate } from '../ports/gate.ts';
import type { LineAnswer } from '../ports/line.ts';
import type { LiveCampaign, Waiter } from './catalog.ts';
import type { LineUp } from './line-up.ts';
import type { ModeFlow, Pressed, UnitFound, VerdictListener } from './mode.ts';
import type { Found, Outcome, Pending, Press } from './outcome.ts';
import type { Tickets } from './tickets.ts';
import { asksTheLog } from './win.ts';

export interface JoinParts {
  lineUp: LineUp;
  gate: Gate;
  tickets: Tickets;
  /** lets people in now, without waiting for the next step: somebody has confirmed */
  poke(campaignId: string): void;
  /** hears of each verdict that comes after the answer */
  onVerdict(listener: VerdictListener): void;
}

const UNAVAILABLE: Outcome = { verdict: 'none', problem: problem('gate_unavailable') };
const UNKNOWN: Outcome = { verdict: 'none', problem: problem('outcome_unknown') };
/** Asked again so often: soon when his turn is near, seldom when it is not. */
const ASK_MIN_MS = 250;
const ASK_MAX_MS = 5000;
const AT_GATE_MS = 50;

export function makeJoinFlow(parts: JoinParts): ModeFlow {
  return new Joining(parts);
}

class Joining implements ModeFlow {
  readonly #parts: JoinParts;

  constructor(parts: JoinParts) {
    this.#parts = parts;
  }

  onVerdict(listener: VerdictListener): void {
    this.#parts.onVerdict(listener);
  }

  press(pressed: Pressed): void {
    const { live, press } = pressed;
    if (live.campaign.perUserLimit === 1 || press.key === null) return this.#join(pressed, false);
    this.#parts.gate.holdings(press.campaignId, press.userId).then(
      (units) => {
        const mayHaveMore = units.length > 0 && units.length < live.campaign.perUserLimit;
        this.#join(pressed, mayHaveMore && units.every(({ key }) => key !== press.key));
      },
      () => pressed.tell(UNAVAILABLE),
    );
  }

  #join(pressed: Pressed, another: boolean): void {
    const { live, press, eligible } = pressed;
    const key = live.campaign.perUserLimit === 1 ? null : press.key;
    const attempt = { userId: press.userId, key, eligible, another };
    this.#parts.lineUp.parts.line.join(press.campaignId, attempt, (answer) =>
      this.#answered(pressed, answer),
    );
  }

  #answered(pressed: Pressed, answer: LineAnswer): void {
    const { live, press } = pressed;
    if ('fault' in answer) {
      return pressed.settle({ verdict: answer.fault });
    }
    const { given, facts } = answer;
    const waiters = this.#parts.lineUp.append(live, facts);
    switch (given.verdict) {
      case 'joined':
        return this.#tellPlace(pressed, given.fact.first, waiters);
      case 'confirmed':
        this.#parts.poke(press.campaignId);
        return this.#tellPlace(pressed, given.number, waiters);
      case 'waiting':
      case 'released':
        return this.#tellPlace(pressed, given.number, this.#owed(live, press, given.number));
      case 'won':
        return this.#tellUnit(pressed, given.seq);
      case 'line_full':
      case 'no_chance':
        return pressed.tell(refusedByLine(given.verdict, live.campaign));
      default:
        return pressed.settle({ verdict: given.verdict });
    }
  }

  #tellUnit({ live, press, tell, settle }: Pressed, seq: number): void {
    this.#parts.gate.holdings(live.campaign.id, press.userId).then(
      (units) => {
        const unit = units.find((one) => one.seq === seq);
        if (unit === undefined) tell(UNKNOWN);
        else settle({ verdict: 'already_won', seq, wonAt: unit.wonAt });
      },
      () => tell(UNAVAILABLE),
    );
  }

  /** His place, as soon as what it needs is on the log; `waiters` null: all of it is. */
  #tellPlace(pressed: Pressed, number: number, waiters: Waiter[] | null): void {
    const { line, shared, system } = this.#parts.lineUp.parts;
    const { live } = pressed;
    const tellStanding = (): void => {
      line.standing(live.campaign.id, number).then(
        (standing) => this.#tellStanding(pressed, standing),
        () => pressed.tell(UNKNOWN),
      );
    };
    if (waiters === null || !asksTheLog(live, shared)) return tellStanding();
    waiters.push((error) => {
      if (error !== null || system.monotonic() > pressed.tellBy) pressed.tell(UNKNOWN);
      else tellStanding();
    });
  }

  /** What a place that he has already still needs. */
  #owed(live: LiveCampaign, press: Press, number: number): Waiter[] | null {
    const { lineUp } = this.#parts;
    const appending = lineUp.of(live).appending.get(number);
    if (appending !== undefined) return appending;
    return lineUp.isOnLog(live, number) ? null : this.#appendAgain(live, press, number);
  }

  /** Given by another process, or by this one and never acknowledged: on the log once more, which does no harm. */
  #appendAgain(live: LiveCampaign, { userId, key }: Press, number: number): Waiter[] | null {
    const { campaign } = live;
    const fact: LineFact = {
      type: 'line.joined',
      campaignId: campaign.id,
      epoch: campaign.epoch,
      at: this.#parts.lineUp.parts.system.now(),
      first: number,
      userIds: [userId],
      keys: campaign.perUserLimit === 1 || key === null ? null : [key],
    };
    return this.#parts.lineUp.append(live, [fact]);
  }

  #tellStanding({ live, tell, settle }: Pressed, standing: Standing | null): void {
    if (standing === null) return tell(UNKNOWN);
    const found = this.#found(live, standing);
    if (found.kind === 'waiting') return tell(found.pending);
    if (found.kind === 'unit') return settle({ verdict: 'already_won', seq: found.seq, wonAt: found.wonAt });
    if (found.kind === 'refused') return settle({ verdict: found.verdict });
    return tell(UNKNOWN);
  }

  async mine(live: LiveCampaign, userId: string): Promise<Found | UnitFound> {
    const standing = await this.#standing(live, userId);
    if (standing === 'unknown') return { kind: 'unknown' };
    return standing === null ? { kind: 'none' } : this.#withTime(live, this.#found(live, standing));
  }

  askNow(
    live: LiveCampaign,
    of: string | { ticket: Ticket; text: string; userId: string | null },
  ): Found | null {
    const { line } = this.#parts.lineUp.parts;
    if (!('standingNow' in line)) return null;
    if (typeof of !== 'string' && of.ticket.kind !== 'queued') return null;
    const key = typeof of === 'string' ? of : (of.ticket as QueuedTicket).number;
    const standing = line.standingNow(live.campaign.id, key);
    if (standing === null || !['waiting', 'offered', 'released'].includes(standing.stage)) return null;
    if (typeof of !== 'string' && of.userId !== null && of.userId !== standing.userId) return null;
    const pending = this.#pending(live, standing, typeof of === 'string' ? null : of.text);
    return { kind: 'waiting', pending };
  }

  pending(): number {
    const { lineUp } = this.#parts;
    let waiting = 0;
    for (const live of lineUp.parts.catalog.all()) {
      if (live.campaign.mode === 'queued') waiting += lineUp.of(live).counts?.waiting ?? 0;
    }
    return waiting;
  }

  async byTicket(
    live: LiveCampaign,
    ticket: Ticket,
    text: string,
    userId: string | null,
  ): Promise<Found | UnitFound> {
    if (ticket.kind !== 'queued') return { kind: 'mismatch' };
    const standing = await this.#standing(live, ticket.number);
    if (standing === 'unknown') return { kind: 'unknown' };
    // The ticket is genuine: he had that place, and left it before it had a number.
    if (standing === null) return refused(live.campaign, 'closed', 'left');
    if (userId !== null && standing.userId !== userId) return { kind: 'mismatch' };
    const found = await this.#withTime(live, this.#found(live, standing));
    // He keeps the ticket that he has, also when a shuffle has given him a number since.
    return found.kind === 'waiting'
      ? { kind: 'waiting', pending: { ...found.pending, ticket: text } }
      : found;
  }

  #standing({ campaign }: LiveCampaign, of: string | number): Promise<Standing | null | 'unknown'> {
    return this.#parts.lineUp.parts.line.standing(campaign.id, of).catch(() => 'unknown' as const);
  }

  async #withTime(live: LiveCampaign, found: Found | UnitFound): Promise<Found | UnitFound> {
    if (found.kind === 'refused' && found.verdict === 'sold_out') return this.#whenTrue(live, found);
    if (found.kind !== 'unit') return found;
    const units = await this.#parts.gate.holdings(live.campaign.id, found.userId).catch(() => []);
    const unit = units.find(({ seq }) => seq === found.seq);
    return unit === undefined ? { kind: 'unknown' } : { ...found, wonAt: unit.wonAt };
  }

  /** Nobody is told that nothing is left while the last units could still fail to become durable. */
  async #whenTrue(live: LiveCampaign, found: Found): Promise<Found> {
    if (live.inFlight.size === 0 || !asksTheLog(live, this.#parts.lineUp.parts.shared)) return found;
    return (await isDurable(live.newestInFlight)) ? found : { kind: 'unknown' };
  }

  changed(live: LiveCampaign, ticket: Ticket, maxMs: number): Promise<void> {
    const number = ticket.kind === 'queued' ? ticket.number : 0;
    return this.#parts.lineUp.changed(live, number, maxMs);
  }

  async leave(live: LiveCampaign, userId: string): Promise<Found> {
    const { lineUp } = this.#parts;
    const { left, facts } = await lineUp.parts.line.leave(live.campaign.id, userId);
    const waiters = lineUp.append(live, facts);
    if (!left) return { kind: 'none' };
    if (waiters !== null && asksTheLog(live, lineUp.parts.shared) && !(await isDurable(waiters))) {
      return { kind: 'unknown' };
    }
    lineUp.wake(live, Number.POSITIVE_INFINITY);
    return refused(live.campaign, 'closed', 'left');
  }

  /** A place in words. The time of a win is not known to the line: {@link Joining.#withTime}. */
  #found(live: LiveCampaign, standing: Standing, text: string | null = null): Found | UnitFound {
    const { campaign } = live;
    const { stage, userId, seq } = standing;
    switch (stage) {
      case 'waiting':
      case 'offered':
      case 'released':
        return { kind: 'waiting', pending: this.#pending(live, standing, text) };
      case 'won':
        return { kind: 'unit', userId, seq: seq as number, wonAt: 0 };
      case 'left':
      case 'expired':
        return refused(campaign, 'closed', stage);
      default:
        return refused(campaign, stage, null);
    }
  }

  /** `text`: the ticket that he has, which he keeps also when a shuffle has given him a number since. */
  #pending(live: LiveCampaign, standing: Standing, text: string | null): Pending {
    const { userId, place, number, ahead, confirmBy, stage } = standing;
    const { lineUp, tickets } = this.#parts;
    const { campaign } = live;
    const { counts } = lineUp.of(live);
    const { waitMs, reason } = lineUp.waitOf(live, ahead ?? counts?.waiting ?? 0);
    const turnMs = stage === 'waiting' ? waitMs : AT_GATE_MS;
    return {
      verdict: 'pending',
      campaign,
      ticket: text ?? tickets.make(campaign.id, { kind: 'queued', number: place }, userId),
      place: {
        position: number,
        servingNumber: counts?.serving ?? 0,
        ahead,
        estimatedWaitMs: turnMs,
        waitReason: stage === 'waiting' ? reason : null,
        confirmBy,
      },
      askAgainMs: askAgainMs(stage === 'waiting' ? waitMs : stage === 'released' ? 0 : ASK_MIN_MS),
    };
  }
}

async function isDurable(waiters: Waiter[]): Promise<boolean> {
  return new Promise((resolve) => {
    waiters.push((error) => resolve(error === null));
  });
}

/** A tenth of what he still waits, within bounds. */
function askAgainMs(waitMs: number | null): number {
  if (waitMs === 0) return AT_GATE_MS;
  return Math.round(Math.min(ASK_MAX_MS, Math.max(ASK_MIN_MS, (waitMs ?? ASK_MAX_MS) / 10)));
}

function refused(campaign: Campaign, verdict: Refusal, why: 'left' | 'expired' | null): Found {
  return { kind: 'refused', verdict, campaign, why };
}

function refusedByLine(
  code: Extract<LineDecision['verdict'], 'line_full' | 'no_chance'>,
  campaign: Campaign,
): Outcome {
  return { verdict: 'none', problem: problem(code, undefined, { campaignId: campaign.id, verdict: code }) };
}
