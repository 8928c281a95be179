/**
 * Claims on their way to Redis, and presses and questions to a waiting line: one lane for each campaign and kind. Those that arrive while a call is in flight travel in the
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

/** What became of one call. `silent`: it was sent, and nobody knows what came of it. */
export type CallOutcome<Told = GateAnswer> =
  | { kind: 'answered'; answers: Told[] }
  | { kind: 'refused'; with: Told }
  | { kind: 'silent' };

/** What is told when nobody was asked, or nothing came back. */
export interface LaneFaults<Told> {
  unavailable: Told;
  overloaded: Told;
  unknown: Told;
}

export interface LaneParts<Asked = Attempt, Told = GateAnswer> {
  /** Never rejects. */
  call: (batch: readonly Asked[]) => Promise<CallOutcome<Told>>;
  /** can a call be sent at all right now? */
  open: () => boolean;
  /** runs when what is ready in this turn has been handled */
  afterTurn: (run: () => void) => void;
  /** claims that may wait at once */
  waitingMax: number;
  faults: LaneFaults<Told>;
}

type Answer<Told> = (given: Told) => void;

export interface Lane<Asked = Attempt, Told = GateAnswer> {
  /** Calls `answer` exactly once, never before it returns, except for a refusal without a call. */
  claim(attempt: Asked, answer: Answer<Told>): void;
  waiting(): number;
  /** Those who wait are told `unavailable`; calls in flight still come back. */
  clear(): void;
}

const faults: LaneFaults<GateAnswer> = {
  unavailable: UNAVAILABLE,
  overloaded: OVERLOADED,
  unknown: UNKNOWN,
};

/** A lane of claims. */
export function makeLane(parts: Omit<LaneParts, 'faults'>): Lane {
  return makeLaneOf({ ...parts, faults });
}

/** A lane of whatever can be asked many at a time. */
export function makeLaneOf<Asked, Told>(parts: LaneParts<Asked, Told>): Lane<Asked, Told> {
  const { call, open, afterTurn, waitingMax } = parts;
  const { unavailable, overloaded, unknown } = parts.faults;
  let attempts: Asked[] = [];
  let answers: Answer<Told>[] = [];
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
    for (const answer of left) answer(unavailable);
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

  function settle(outcome: CallOutcome<Told>, told: Answer<Told>[]): void {
    inFlight -= 1;
    suspect = outcome.kind === 'silent';
    if (suspect) clear();
    else sendWhatIsDue();
    for (const [i, answer] of told.entries()) {
      if (outcome.kind === 'answered') answer(outcome.answers[i] as Told);
      else answer(outcome.kind === 'silent' ? unknown : outcome.with);
    }
  }

  return {
    waiting,
    clear,
    claim(attempt, answer) {
      if (!open() || (suspect && inFlight > 0)) return answer(unavailable);
      if (waiting() >= waitingMax) return answer(overloaded);
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
