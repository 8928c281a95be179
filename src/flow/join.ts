/**
 * Queued mode, a press: a place in line, told when the log has it, so that it survives whatever its process does not.
 * Whoever has a place is told how it stands; whoever was let in and won is told as every winner is.
 */

import type { Campaign } from '../core/campaign.ts';
import type { Refusal } from '../core/gate.ts';
import type { LineDecision, Standing, StandingNow } from '../core/line.ts';
import type { LineFact } from '../core/line-fact.ts';
import type { Stage } from '../core/line-state.ts';
import { problem } from '../core/problem.ts';
import type { QueuedTicket, Ticket } from '../core/ticket.ts';
import type { Gate, Holding } from '../ports/gate.ts';
import type { LineAnswer } from '../ports/line.ts';
import { askAgainMs, askSoonMs } from './ask-again.ts';
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

const IN_LINE: readonly Stage[] = ['waiting', 'offered', 'released'];
/** Nobody can say how long somebody waits who has no number yet. */
const TO_BE_DRAWN = { waitMs: null, reason: 'shuffle' };

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
    if (live.campaign.perUserLimit === 1) return this.#join(pressed, false);
    Promise.all([
      this.#parts.gate.holdings(press.campaignId, press.userId),
      this.#parts.lineUp.parts.line.standing(press.campaignId, press.userId),
    ]).then(
      ([units, standing]) => this.#pressAmong(pressed, units, standing),
      () => pressed.tell(UNAVAILABLE),
    );
  }

  /** One more press of somebody who may have several units: which of his claims it is for. */
  #pressAmong(pressed: Pressed, units: readonly Holding[], standing: Standing | null): void {
    const { live, press, settle } = pressed;
    const same = units.find(({ key }) => key !== null && key === press.key);
    const latest = units.at(-1);
    if (same !== undefined) return settle({ verdict: 'already_won', seq: same.seq, wonAt: same.wonAt });
    const isInLine = standing !== null && IN_LINE.includes(standing.stage);
    const mayHaveMore = press.key !== null && units.length < live.campaign.perUserLimit;
    if (latest === undefined || isInLine) return this.#join(pressed, latest !== undefined && mayHaveMore);
    if (mayHaveMore) return this.#join(pressed, true);
    return settle({ verdict: 'already_won', seq: latest.seq, wonAt: latest.wonAt });
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
    const { given, facts, standing } = answer;
    const waiters = this.#parts.lineUp.append(live, facts);
    switch (given.verdict) {
      case 'joined':
        return this.#tellPlace(pressed, given.fact.first, standing, waiters);
      case 'confirmed':
        this.#parts.poke(press.campaignId);
        return this.#tellPlace(pressed, given.number, standing, waiters);
      case 'waiting':
      case 'released':
        return this.#tellPlace(pressed, given.number, standing, this.#putOnLog(live, press, given.number));
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

  /** His place, as soon as all that it rests on is on the log; `waiters`: who wait for a fact that this press made. */
  #tellPlace(
    pressed: Pressed,
    number: number,
    known: StandingNow | undefined,
    waiters: Waiter[] | null,
  ): void {
    const { lineUp } = this.#parts;
    const { line, shared } = lineUp.parts;
    const { live } = pressed;
    const { id } = live.campaign;
    const own = waiters !== null && asksTheLog(live, shared) ? [waiters] : [];
    const tellWhenOnLog = (standing: StandingNow | null, owed: Waiter[][] | null): void =>
      whenDurable(owed, (isDurable) => this.#tellInTime(pressed, standing, isDurable));
    const now = 'standingNow' in line ? line.standingNow(id, number) : known;
    if (now !== undefined) {
      const owed = lineUp.owed(live, number);
      owed?.push(...own);
      return tellWhenOnLog(now, owed);
    }
    // Heard of from now on: while the line is asked how he stands, his own fact may get there.
    Promise.all([line.standing(id, number), areDurable(own)]).then(
      ([standing, isThere]) => tellWhenOnLog(standing, isThere ? lineUp.owed(live, number) : null),
      () => pressed.tell(UNKNOWN),
    );
    return undefined;
  }

  #tellInTime(pressed: Pressed, standing: StandingNow | null, isDurable: boolean): void {
    const { system } = this.#parts.lineUp.parts;
    const inTime = pressed.tellBy === Number.POSITIVE_INFINITY || system.monotonic() <= pressed.tellBy;
    if (isDurable && inTime) this.#tellStanding(pressed, standing);
    else pressed.tell(UNKNOWN);
  }

  /**
   * A place that he has already, given by another process, or by this one and never acknowledged: it goes to the log once
   * more, which does no harm. Null: it is there or on its way. A number that was drawn by lot is not a fact of its own.
   */
  #putOnLog(
    live: LiveCampaign,
    { userId, key }: Pick<Press, 'userId' | 'key'>,
    number: number,
  ): Waiter[] | null {
    const { lineUp } = this.#parts;
    const { campaign } = live;
    if (lineUp.isOnLog(live, number) || !asksTheLog(live, lineUp.parts.shared)) return null;
    if (campaign.line?.shuffleBeforeOpen === true && number > 0) return null;
    const fact: LineFact = {
      type: 'line.joined',
      campaignId: campaign.id,
      epoch: campaign.epoch,
      at: lineUp.parts.system.now(),
      first: number,
      userIds: [userId],
      keys: campaign.perUserLimit === 1 || key === null ? null : [key],
    };
    return lineUp.append(live, [fact]);
  }

  #tellStanding(pressed: Pressed, standing: StandingNow | null): void {
    const { live, tell, settle } = pressed;
    if (standing === null) return tell(UNKNOWN);
    const found = this.#found(live, standing, null);
    if (found.kind === 'waiting') return tell(found.pending);
    if (found.kind === 'unit') return this.#tellUnit(pressed, found.seq);
    if (found.kind === 'refused') return settle({ verdict: found.verdict });
    return tell(UNKNOWN);
  }

  async mine(live: LiveCampaign, userId: string): Promise<Found | UnitFound> {
    const standing = await this.#standing(live, userId);
    if (standing === 'unknown') return { kind: 'unknown' };
    if (standing === null) return { kind: 'none' };
    const { key, place } = standing;
    return this.#tellable(live, standing, null, this.#putOnLog(live, { userId, key }, place));
  }

  askNow(
    live: LiveCampaign,
    of: string | { ticket: Ticket; text: string; userId: string | null },
  ): Found | null {
    const { lineUp } = this.#parts;
    const { line } = lineUp.parts;
    if (!('standingNow' in line)) return null;
    const byUser = typeof of === 'string';
    // Of several units he may hold some already.
    if (byUser ? live.campaign.perUserLimit > 1 : of.ticket.kind !== 'queued') return null;
    const standing = line.standingNow(live.campaign.id, byUser ? of : (of.ticket as QueuedTicket).number);
    if (standing === null || !IN_LINE.includes(standing.stage)) return null;
    if (!byUser && of.userId !== null && of.userId !== standing.userId) return null;
    if (lineUp.owed(live, standing.place)?.length !== 0) return null;
    return { kind: 'waiting', pending: this.#pending(live, standing, byUser ? null : of.text) };
  }

  pending(): number {
    const { lineUp } = this.#parts;
    let waiting = 0;
    for (const live of lineUp.parts.catalog.all()) {
      if (live.campaign.mode === 'queued') {
        const { counts } = lineUp.of(live);
        if (counts?.soldOut === false) waiting += counts.waiting;
      }
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
    // The ticket is genuine: he had that place, and left it before it had a number; or a level below `disk` has lost it.
    if (standing === null)
      return ticket.number < 0 ? refused(live.campaign, 'closed', 'left') : { kind: 'unknown' };
    if (userId !== null && standing.userId !== userId) return { kind: 'mismatch' };
    return this.#tellable(live, standing, text, null);
  }

  #standing({ campaign }: LiveCampaign, of: string | number): Promise<Standing | null | 'unknown'> {
    return this.#parts.lineUp.parts.line.standing(campaign.id, of).catch(() => 'unknown' as const);
  }

  /** How a place stands at this moment, told when all that it rests on is on the log. `text`: see {@link #found}. */
  async #tellable(
    live: LiveCampaign,
    standing: Standing,
    text: string | null,
    waiters: Waiter[] | null,
  ): Promise<Found | UnitFound> {
    const owed = this.#parts.lineUp.owed(live, standing.place);
    if (waiters !== null) owed?.push(waiters);
    if (owed === null || (owed.length > 0 && !(await areDurable(owed)))) return { kind: 'unknown' };
    const found = this.#found(live, standing, text);
    if (found.kind === 'refused' && found.verdict === 'sold_out') return this.#whenTrue(live, found);
    if (found.kind !== 'unit') return found;
    const units = await this.#parts.gate.holdings(live.campaign.id, found.userId).catch(() => []);
    const unit = units.find(({ seq }) => seq === found.seq);
    return unit === undefined ? { kind: 'unknown' } : { ...found, wonAt: unit.wonAt };
  }

  /** Nobody is told that nothing is left while the last units could still fail to become durable. */
  async #whenTrue(live: LiveCampaign, found: Found): Promise<Found> {
    const { shared, log } = this.#parts.lineUp.parts;
    if (!asksTheLog(live, shared)) return found;
    if (live.inFlight.size === 0) return log.state().fault === null ? found : { kind: 'unknown' };
    return (await areDurable([live.newestInFlight])) ? found : { kind: 'unknown' };
  }

  async changed(live: LiveCampaign, ticket: Ticket, maxMs: number): Promise<void> {
    const { lineUp } = this.#parts;
    const number = ticket.kind === 'queued' ? ticket.number : 0;
    if (number > 0) return lineUp.changed(live, number, maxMs);
    // Since a shuffle his turn is by the number that he has drawn, whatever his ticket says.
    const standing = await this.#standing(live, number);
    const drawn = standing === null || standing === 'unknown' ? null : standing.number;
    return lineUp.changed(live, drawn ?? number, maxMs);
  }

  async leave(live: LiveCampaign, userId: string): Promise<Found> {
    const { lineUp } = this.#parts;
    const { line, log, shared } = lineUp.parts;
    if (asksTheLog(live, shared) && log.state().fault !== null) return { kind: 'unknown' };
    const answer = await line.leave(live.campaign.id, userId).catch(() => null);
    if (answer === null) return { kind: 'unknown' };
    const { left, facts } = answer;
    const waiters = lineUp.append(live, facts);
    if (!left) return { kind: 'none' };
    if (waiters !== null && asksTheLog(live, shared) && !(await areDurable([waiters]))) {
      return { kind: 'unknown' };
    }
    for (const fact of facts) {
      if (fact.type === 'line.left') for (const number of fact.numbers) lineUp.wakeOne(live, number);
    }
    return refused(live.campaign, 'closed', 'left');
  }

  /**
   * A place in words, but for the time of a win, which the line does not know. `text`: the ticket that he has, which he
   * keeps also when a shuffle has given him a number since.
   */
  #found(live: LiveCampaign, standing: StandingNow, text: string | null): Found | UnitFound {
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

  #pending(live: LiveCampaign, standing: StandingNow, text: string | null): Pending {
    const { userId, place, number, ahead, confirmBy, stage } = standing;
    const { lineUp, tickets } = this.#parts;
    const { campaign } = live;
    // Never less than any process has told: the line itself tells it with the place.
    const servingNumber = Math.max(lineUp.of(live).counts?.serving ?? 0, standing.serving);
    const { waitMs, reason } = ahead === null ? TO_BE_DRAWN : lineUp.waitOf(live, ahead);
    // Who has been let in waits for nobody any more.
    const turnMs = stage === 'waiting' ? waitMs : 0;
    return {
      verdict: 'pending',
      campaign,
      ticket: text ?? tickets.make(campaign.id, { kind: 'queued', number: place }, userId),
      place: {
        position: number,
        servingNumber,
        ahead,
        estimatedWaitMs: turnMs,
        waitReason: stage === 'waiting' ? reason : null,
        confirmBy,
      },
      askAgainMs: stage === 'waiting' ? askAgainMs(waitMs, lineUp.endsInMs(live), place) : askSoonMs(stage),
    };
  }
}

/** Calls back once all that is waited for is on the log, or with false when something is not; null: it never will be. */
function whenDurable(owed: readonly Waiter[][] | null, then: (isDurable: boolean) => void): void {
  if (owed === null) return then(false);
  let left = owed.length;
  let failed = false;
  if (left === 0) return then(true);
  for (const waiters of owed) {
    waiters.push((error) => {
      failed ||= error !== null;
      left -= 1;
      if (left === 0) then(!failed);
    });
  }
  return undefined;
}

const areDurable = (owed: readonly Waiter[][]): Promise<boolean> =>
  new Promise((resolve) => whenDurable(owed, resolve));

function refused(campaign: Campaign, verdict: Refusal, why: 'left' | 'expired' | null): Found {
  return { kind: 'refused', verdict, campaign, why };
}

function refusedByLine(
  code: Extract<LineDecision['verdict'], 'line_full' | 'no_chance'>,
  campaign: Campaign,
): Outcome {
  return { verdict: 'none', problem: problem(code, undefined, { campaignId: campaign.id, verdict: code }) };
}
