/**
 * A press: asked of the gate, made durable, told. Nobody is told `won` before his win is as durable as the campaign
 * promises, and nobody is told `sold_out` while the last units could still fail to become so (I3, I11).
 */

import type { Campaign } from '../core/campaign.ts';
import { isEligible } from '../core/campaign.ts';
import type { Claim } from '../core/claim.ts';
import type { ClaimWon } from '../core/event.ts';
import { problem } from '../core/problem.ts';
import type { Gate, GateAnswer } from '../ports/gate.ts';
import type { Log, LogState } from '../ports/log.ts';
import type { RecordStore, StoredClaim } from '../ports/record.ts';
import type { System } from '../ports/system.ts';
import type { Catalog, LiveCampaign, Waiter } from './catalog.ts';
import type { Codes } from './codes.ts';
import { fillCode, lacksCode, toldClaim } from './codes.ts';
import type { ModeFlows } from './mode.ts';
import type { Outcome, Press, Tell } from './outcome.ts';
import { undecided } from './undecided.ts';
import { appendWin, asksTheLog, noteWin } from './win.ts';

export interface ClaimParts {
  catalog: Catalog;
  gate: Gate;
  log: Log;
  record: RecordStore;
  codes: Codes;
  system: Pick<System, 'monotonic' | 'now' | 'after'>;
  /** other processes decide at the same gate, which makes wins as durable as `disk` and `replicated` ask by itself */
  shared: boolean;
  /** looks for a campaign that is not known here; absent: there is nowhere to look */
  seek?(campaignId: string): Promise<void>;
  /** of the modes in which the gate does not decide at once */
  modes?: ModeFlows;
  /** tries that may wait for their answer at once; one more is refused */
  inFlightMax: number;
  /** facts that may wait for the log; while there are more, tries are refused */
  logWaitingMax: number;
}

export interface ClaimFlow {
  /** Answers one press by calling `tell` exactly once, often before it returns. */
  claim(press: Press, tell: Tell): void;
  /** tries whose answer is still owed */
  waiting(): number;
}

/**
 * At a shared gate nobody is told `won` later than this after his press: whoever makes the gate good after a fault waits
 * so long before he looks at what the log holds, and what comes onto it afterwards does not count.
 */
export const TELL_MAX_MS = 1500;

const NO_CAMPAIGN: Outcome = { verdict: 'none', problem: problem('campaign_not_found') };
const OVERLOADED: Outcome = { verdict: 'none', problem: problem('overloaded') };
const UNAVAILABLE: Outcome = { verdict: 'none', problem: problem('gate_unavailable') };
const REBUILDING: Outcome = { verdict: 'none', problem: problem('gate_rebuilding') };
const UNKNOWN: Outcome = { verdict: 'none', problem: problem('outcome_unknown') };
const RECORD_AWAY: Outcome = { verdict: 'none', problem: problem('record_unavailable') };

export function makeClaimFlow(parts: ClaimParts): ClaimFlow {
  return new Claims(parts);
}

class Claims implements ClaimFlow {
  readonly #parts: ClaimParts;
  readonly #logState: LogState;
  #waiting = 0;

  constructor(parts: ClaimParts) {
    this.#parts = parts;
    this.#logState = parts.log.state();
  }

  waiting(): number {
    return this.#waiting;
  }

  claim(press: Press, answer: Tell): void {
    const { catalog, gate, shared, system, inFlightMax, logWaitingMax } = this.#parts;
    const live = catalog.get(press.campaignId);
    if (live === undefined) return this.#seek(press, answer);
    const tell: Tell = (outcome) => {
      const name = outcome.verdict === 'none' ? outcome.problem.code : outcome.verdict;
      live.told.set(name, (live.told.get(name) ?? 0) + 1);
      answer(outcome);
    };
    if (live.rebuilding) return tell(REBUILDING);
    // Whoever won is not known any more.
    if (live.campaign.erasingAt !== null) return tell({ verdict: 'closed', campaign: live.campaign });
    const { mode } = live.campaign;
    // Ordered claims go to a log of their own.
    const needsLog = mode !== 'ordered' && asksTheLog(live, shared);
    if (needsLog && this.#logState.fault !== null) return tell(UNAVAILABLE);
    if (this.#waiting >= inFlightMax || this.#logState.waiting >= logWaitingMax) return tell(OVERLOADED);
    const eligible = mayWin(live.campaign, press);
    if (!live.atGate) return this.#answerFromRecord(live, press, eligible, tell);
    const tellBy = shared ? system.monotonic() + TELL_MAX_MS : Number.POSITIVE_INFINITY;
    if (mode !== 'instant') return this.#pressIn(mode, live, press, eligible, tellBy, tell);
    const { epoch } = live.campaign;
    return gate.claim(press.campaignId, { userId: press.userId, key: press.key, eligible }, (given) => {
      // In another epoch than he was asked about, a number may be somebody else's.
      if (given.verdict === 'already_won' && live.campaign.epoch !== epoch) return tell(UNKNOWN);
      this.#settle(live, press, given, tellBy, tell);
    });
  }

  /** By the other modes; what they have not answered yet counts as waiting. */
  #pressIn(
    mode: 'ordered' | 'queued',
    live: LiveCampaign,
    press: Press,
    eligible: boolean,
    tellBy: number,
    tell: Tell,
  ): void {
    const flow = this.#parts.modes?.[mode];
    if (flow === undefined) {
      const attempt = { userId: press.userId, key: press.key, eligible };
      const given = undecided(live.campaign, attempt, this.#parts.system.now());
      return this.#settle(live, press, given, tellBy, tell);
    }
    this.#waiting += 1;
    const told: Tell = (outcome) => {
      this.#waiting -= 1;
      tell(outcome);
    };
    const settle = (given: GateAnswer): void => this.#settle(live, press, given, tellBy, told);
    return flow.press({ live, press, eligible, tellBy, tell: told, settle });
  }

  /** Another process may have made it a moment ago. */
  #seek(press: Press, answer: Tell): void {
    const { catalog, seek, inFlightMax } = this.#parts;
    if (seek === undefined || this.#waiting >= inFlightMax) return answer(NO_CAMPAIGN);
    const found = (): void => {
      this.#waiting -= 1;
      if (catalog.get(press.campaignId) === undefined) answer(NO_CAMPAIGN);
      else this.claim(press, answer);
    };
    this.#waiting += 1;
    seek(press.campaignId).then(found, () => {
      this.#waiting -= 1;
      answer(RECORD_AWAY);
    });
  }

  #settle(live: LiveCampaign, press: Press, given: GateAnswer, tellBy: number, tell: Tell): void {
    switch (given.verdict) {
      case 'won':
        return this.#settleWon(live, given, tellBy, tell);
      case 'already_won':
        return this.#settleAgain(live, press, given, tellBy, tell);
      case 'sold_out': {
        const outcome: Outcome = { verdict: 'sold_out', campaign: live.campaign };
        // Facts become durable in order: when the newest win on its way is, all are.
        const last = live.inFlight.size > 0 ? live.newestInFlight : null;
        return last ? this.#tellWhenDurable(last, outcome, UNAVAILABLE, tellBy, tell) : tell(outcome);
      }
      case 'unknown_campaign':
      case 'unavailable':
      case 'rebuilding':
        // Nobody decides in what is archived, and it may have left the gate.
        if (live.campaign.archivedAt !== null) return this.#answerFromRecord(live, press, true, tell);
        return tell(given.verdict === 'rebuilding' ? REBUILDING : UNAVAILABLE);
      case 'overloaded':
        return tell(OVERLOADED);
      case 'unknown':
        return tell(UNKNOWN);
      default:
        return tell({ verdict: given.verdict, campaign: live.campaign });
    }
  }

  #settleWon(
    live: LiveCampaign,
    { fact }: GateAnswer & { verdict: 'won' },
    tellBy: number,
    tell: Tell,
  ): void {
    noteWin(live, fact);
    const claim = this.#claimOf(live, fact.userId, fact.seq, fact.wonAt);
    const outcome: Outcome = { verdict: 'won', claim };
    const told = this.#withCode(live, claim, tellBy, tell);
    if (!asksTheLog(live, this.#parts.shared)) {
      // Past a fault of the log the gate's own outbox has it, and nothing has to wait here.
      if (this.#logState.fault === null) this.#parts.log.append(fact, () => undefined);
      told(outcome);
      return;
    }
    this.#tellWhenDurable(this.#append(live, fact), outcome, UNKNOWN, tellBy, told);
  }

  /** A `tell` that waits a moment when the claim's code has to be brought. */
  #withCode({ campaign }: LiveCampaign, claim: Claim, tellBy: number, tell: Tell): Tell {
    const { codes, system } = this.#parts;
    if (!lacksCode(codes, campaign, claim.seq)) return tell;
    const filled = fillCode(codes, campaign, claim, system);
    this.#waiting += 1;
    return (outcome) => {
      void filled.then(() => {
        this.#waiting -= 1;
        tell(system.monotonic() <= tellBy ? outcome : UNKNOWN);
      });
    };
  }

  /** Whose unit it is he is told, as soon as it is as durable as if it were told for the first time. */
  #settleAgain(
    live: LiveCampaign,
    press: Press,
    { seq, wonAt }: GateAnswer & { verdict: 'already_won' },
    tellBy: number,
    answer: Tell,
  ): void {
    const claim = this.#claimOf(live, press.userId, seq, wonAt);
    const outcome: Outcome = { verdict: 'already_won', claim };
    const tell = this.#withCode(live, claim, tellBy, answer);
    const { epoch } = live.campaign;
    const waiters = live.inFlight.get(seq);
    if (waiters) return this.#tellWhenDurable(waiters, outcome, UNKNOWN, tellBy, tell);
    if (!this.#parts.shared || !asksTheLog(live, this.#parts.shared)) return tell(outcome);
    if (seq <= live.baseSeq || live.onLog.has(seq)) return tell(outcome);
    // Decided by another process, or by this one and never acknowledged: put on the log once more, which does no harm.
    const again = (nth: number, key: string | null): void => {
      const { id } = live.campaign;
      if (live.campaign.epoch !== epoch) return tell(UNKNOWN);
      const fact = {
        type: 'claim.won',
        campaignId: id,
        epoch,
        seq,
        userId: press.userId,
        nth,
        key,
        wonAt,
      } as const;
      const joined = live.inFlight.get(seq) ?? this.#append(live, fact);
      this.#tellWhenDurable(joined, outcome, UNKNOWN, tellBy, tell);
    };
    if (live.campaign.perUserLimit === 1) return again(1, null);
    return this.#withUnit(live, press.userId, seq, again, tell);
  }

  /** Asks the gate which of his units one is; with its key it is the fact that it was. */
  #withUnit(
    { campaign }: LiveCampaign,
    userId: string,
    seq: number,
    use: (nth: number, key: string | null) => void,
    tell: Tell,
  ): void {
    this.#waiting += 1;
    this.#parts.gate.holdings(campaign.id, userId).then(
      (units) => {
        this.#waiting -= 1;
        const at = units.findIndex((unit) => unit.seq === seq);
        if (at === -1) tell(UNKNOWN);
        else use(at + 1, units[at]?.key ?? null);
      },
      () => {
        this.#waiting -= 1;
        tell(UNKNOWN);
      },
    );
  }

  #append(live: LiveCampaign, fact: ClaimWon): Waiter[] {
    return appendWin(this.#parts.log, live, fact, this.#parts.shared);
  }

  /** Tells `outcome` when the win that `waiters` wait for is durable; `failed` when it is not known to be, or too late. */
  #tellWhenDurable(waiters: Waiter[], outcome: Outcome, failed: Outcome, tellBy: number, tell: Tell): void {
    this.#waiting += 1;
    waiters.push((error) => {
      this.#waiting -= 1;
      const inTime = tellBy === Number.POSITIVE_INFINITY || this.#parts.system.monotonic() <= tellBy;
      tell(error === null && inTime ? outcome : failed);
    });
  }

  /** A campaign that was over before this process started: its winners still get their answer. */
  #answerFromRecord(live: LiveCampaign, press: Press, eligible: boolean, tell: Tell): void {
    const told = (outcome: Outcome): void => {
      this.#waiting -= 1;
      tell(outcome);
    };
    this.#waiting += 1;
    this.#parts.record.find(press.campaignId, { userId: press.userId }).then(
      (units) => {
        const unit = repeatedUnit(units, press.key);
        if (!unit) return told({ verdict: eligible ? 'closed' : 'ineligible', campaign: live.campaign });
        const claim = this.#claimOf(live, press.userId, unit.seq, unit.wonAt);
        const tellBy = Number.POSITIVE_INFINITY;
        return this.#withCode(live, claim, tellBy, told)({ verdict: 'already_won', claim });
      },
      () => told(RECORD_AWAY),
    );
  }

  #claimOf({ campaign }: LiveCampaign, userId: string, seq: number, wonAt: number): Claim {
    return toldClaim(this.#parts.codes, campaign, { userId, seq, wonAt });
  }
}

/** An operator's gift asks only whom it is never for. */
function mayWin({ eligibility }: Campaign, { userId, tokenClaims, granted }: Press): boolean {
  if (eligibility === null) return true;
  if (granted === true) return eligibility.denyUsers?.includes(userId) !== true;
  return isEligible(eligibility, userId, tokenClaims);
}

/** Which of a user's recorded units a press repeats: the one with its key, else the latest. */
function repeatedUnit(units: StoredClaim[], key: string | null): StoredClaim | undefined {
  return units.find((unit) => key !== null && unit.key === key) ?? units.at(-1);
}
