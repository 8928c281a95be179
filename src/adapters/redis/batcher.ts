/**
 * Claims on their way to Redis, one lane for each campaign. Those that arrive while a call is in flight travel in the
 * next one, so that an idle gate answers at once and a busy one sends full calls; no timer is involved. A lane has few
 * calls in flight, so one campaign's crowd does not stand in another's way, and a bound, past which people are told to
 * come again instead of waiting in a queue that only grows.
 */

import type { Attempt } from '../../core/gate.ts';
import type { GateAnswer } from '../../ports/gate.ts';
import { OVERLOADED, UNAVAILABLE, UNKNOWN } from './answers.ts';

/** claim.lua takes no more */
export const BATCH_MAX = 128;
const IN_FLIGHT_MAX = 4;

type Answer = (given: GateAnswer) => void;

/** What became of one call. `silent`: it was sent, and nobody knows what came of it. */
export type CallOutcome =
  | { kind: 'answered'; answers: GateAnswer[] }
  | { kind: 'refused'; with: GateAnswer }
  | { kind: 'silent' };

export interface LaneParts {
  /** Never rejects. */
  call: (batch: readonly Attempt[]) => Promise<CallOutcome>;
  /** can a call be sent at all right now? */
  open: () => boolean;
  /** runs when what is ready in this turn has been handled */
  afterTurn: (run: () => void) => void;
  /** claims that may wait at once */
  waitingMax: number;
}

export interface Lane {
  /** Calls `answer` exactly once, never before it returns, except for a refusal without a call. */
  claim(attempt: Attempt, answer: Answer): void;
  waiting(): number;
  /** Those who wait are told `unavailable`; calls in flight still come back. */
  clear(): void;
}

export function makeLane({ call, open, afterTurn, waitingMax }: LaneParts): Lane {
  let attempts: Attempt[] = [];
  let answers: Answer[] = [];
  let head = 0;
  let inFlight = 0;
  let turnAsked = false;
  /** The latest call came to nothing: one call at a time, and nobody waits for it, until one comes through again. */
  let suspect = false;

  const waiting = () => attempts.length - head;

  function clear(): void {
    const left = answers.slice(head);
    attempts = [];
    answers = [];
    head = 0;
    for (const answer of left) answer(UNAVAILABLE);
  }

  function sendWhatIsDue(): void {
    const callsMax = suspect ? 1 : IN_FLIGHT_MAX;
    while (inFlight < callsMax && (inFlight === 0 ? waiting() > 0 : waiting() >= BATCH_MAX)) sendOne();
  }

  function sendOne(): void {
    const end = Math.min(head + BATCH_MAX, attempts.length);
    const batch = attempts.slice(head, end);
    const told = answers.slice(head, end);
    head = end;
    if (head === attempts.length || head >= waitingMax) {
      attempts = attempts.slice(head);
      answers = answers.slice(head);
      head = 0;
    }
    inFlight += 1;
    void call(batch).then((outcome) => settle(outcome, told));
  }

  function settle(outcome: CallOutcome, told: Answer[]): void {
    inFlight -= 1;
    suspect = outcome.kind === 'silent';
    if (suspect) clear();
    else sendWhatIsDue();
    for (const [i, answer] of told.entries()) {
      if (outcome.kind === 'answered') answer(outcome.answers[i] as GateAnswer);
      else answer(outcome.kind === 'silent' ? UNKNOWN : outcome.with);
    }
  }

  return {
    waiting,
    clear,
    claim(attempt, answer) {
      if (!open() || (suspect && inFlight > 0)) return answer(UNAVAILABLE);
      if (waiting() >= waitingMax) return answer(OVERLOADED);
      attempts.push(attempt);
      answers.push(answer);
      if (inFlight > 0) return waiting() >= BATCH_MAX ? sendWhatIsDue() : undefined;
      if (turnAsked) return undefined;
      turnAsked = true;
      afterTurn(() => {
        turnAsked = false;
        sendWhatIsDue();
      });
      return undefined;
    },
  };
}
