/**
 * A press: asked of the gate, made durable, told. Nobody is told `won` before his win is as durable as the campaign
 * promises, and nobody is told `sold_out` while the last units could still fail to become so (I3, I11).
 */

import type { Campaign } from '../core/campaign.ts';
import { isEligible } from '../core/campaign.ts';
import type { Claim } from '../core/claim.ts';
import type { Refusal } from '../core/gate.ts';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { Gate, GateAnswer } from '../ports/gate.ts';
import type { Log, LogState } from '../ports/log.ts';
import type { RecordStore, StoredClaim } from '../ports/record.ts';
import type { Catalog, LiveCampaign, Waiter } from './catalog.ts';
import type { Codes } from './codes.ts';
import { toldClaim } from './codes.ts';

export interface Press {
  campaignId: string;
  /** normal form, see core/claim `normalUserId` */
  userId: string;
  key: string | null;
  /** the token's claims; empty when users are named in the body */
  tokenClaims: Readonly<Record<string, unknown>>;
}

export type Outcome =
  | { verdict: 'won' | 'already_won'; claim: Claim }
  | { verdict: Refusal; campaign: Campaign }
  | { verdict: 'none'; problem: Problem };

export type Tell = (outcome: Outcome) => void;

export interface ClaimParts {
  catalog: Catalog;
  gate: Gate;
  log: Log;
  record: RecordStore;
  codes: Codes;
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

const NO_CAMPAIGN: Outcome = { verdict: 'none', problem: problem('campaign_not_found') };
const OVERLOADED: Outcome = { verdict: 'none', problem: problem('overloaded') };
const UNAVAILABLE: Outcome = { verdict: 'none', problem: problem('gate_unavailable') };
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
    const { catalog, gate, inFlightMax, logWaitingMax } = this.#parts;
    const live = catalog.get(press.campaignId);
    if (live === undefined) return answer(NO_CAMPAIGN);
    const tell: Tell = (outcome) => {
      const name = outcome.verdict === 'none' ? outcome.problem.code : outcome.verdict;
      live.told.set(name, (live.told.get(name) ?? 0) + 1);
      answer(outcome);
    };
    if (this.#logState.fault !== null) return tell(UNAVAILABLE);
    if (this.#waiting >= inFlightMax || this.#logState.waiting >= logWaitingMax) return tell(OVERLOADED);
    const { eligibility } = live.campaign;
    const eligible = eligibility === null || isEligible(eligibility, press.userId, press.tokenClaims);
    if (!live.atGate) return this.#answerFromRecord(live, press, eligible, tell);
    return gate.claim(press.campaignId, { userId: press.userId, key: press.key, eligible }, (given) =>
      this.#settle(live, press, given, tell),
    );
  }

  #settle(live: LiveCampaign, press: Press, given: GateAnswer, tell: Tell): void {
    switch (given.verdict) {
      case 'won':
        return this.#settleWon(live, given, tell);
      case 'already_won': {
        const claim = this.#claimOf(live, press.userId, given.seq, given.wonAt);
        const outcome: Outcome = { verdict: 'already_won', claim };
        const waiters = live.inFlight.get(given.seq);
        return waiters ? this.#tellWhenDurable(waiters, outcome, UNKNOWN, tell) : tell(outcome);
      }
      case 'sold_out': {
        const outcome: Outcome = { verdict: 'sold_out', campaign: live.campaign };
        // Facts become durable in order: when the newest win on its way is, all are.
        const last = live.inFlight.size > 0 ? live.newestInFlight : null;
        return last ? this.#tellWhenDurable(last, outcome, UNAVAILABLE, tell) : tell(outcome);
      }
      case 'unknown_campaign':
      case 'unavailable':
        return tell(UNAVAILABLE);
      default:
        return tell({ verdict: given.verdict, campaign: live.campaign });
    }
  }

  #settleWon(live: LiveCampaign, { fact }: GateAnswer & { verdict: 'won' }, tell: Tell): void {
    const { log } = this.#parts;
    live.issued += 1;
    live.firstWonAt ??= fact.wonAt;
    live.lastWonAt = fact.wonAt;
    const outcome: Outcome = {
      verdict: 'won',
      claim: this.#claimOf(live, fact.userId, fact.seq, fact.wonAt),
    };
    if (live.campaign.durability === 'memory') {
      log.append(fact, () => undefined);
      tell(outcome);
      return;
    }
    const waiters: Waiter[] = [];
    live.inFlight.set(fact.seq, waiters);
    live.newestInFlight = waiters;
    this.#tellWhenDurable(waiters, outcome, UNKNOWN, tell);
    log.append(fact, (error) => {
      live.inFlight.delete(fact.seq);
      for (const waiter of waiters) waiter(error);
    });
  }

  /** Tells `outcome` when the win that `waiters` wait for is durable; `failed` when it is not known to be. */
  #tellWhenDurable(waiters: Waiter[], outcome: Outcome, failed: Outcome, tell: Tell): void {
    this.#waiting += 1;
    waiters.push((error) => {
      this.#waiting -= 1;
      tell(error === null ? outcome : failed);
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
        return told({
          verdict: 'already_won',
          claim: this.#claimOf(live, press.userId, unit.seq, unit.wonAt),
        });
      },
      () => told(RECORD_AWAY),
    );
  }

  #claimOf({ campaign }: LiveCampaign, userId: string, seq: number, wonAt: number): Claim {
    return toldClaim(this.#parts.codes, campaign, { userId, seq, wonAt });
  }
}

/** Which of a user's recorded units a press repeats: the one with its key, else the latest. */
function repeatedUnit(units: StoredClaim[], key: string | null): StoredClaim | undefined {
  return units.find((unit) => key !== null && unit.key === key) ?? units.at(-1);
}
