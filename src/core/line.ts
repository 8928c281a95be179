/**
 * The rule of the waiting line: who gets a place, whose turn it is, and what each is told. Numbers are given once, in
 * order, and never change; `serving` never goes back; nobody is let in before somebody who still stands before him.
 *
 * Like the gate's rule: these look and answer with facts, `evolve` (core/line-state) takes the facts in, and nothing here
 * reads a clock. Whoever is let in is not a winner yet: the gate decides, and what it said comes back as a fact.
 */

import type { LineFact, LineJoined } from './line-fact.ts';
import type { LineRule, LineState, Stage } from './line-state.ts';
import { ahead, stageOf } from './line-state.ts';

export interface LineAttempt {
  userId: string;
  key: string | null;
  eligible: boolean;
  /** he holds a unit of this campaign and may have one more, which this try is for */
  another: boolean;
}

/** `line_full`: it has its greatest length. `no_chance`: too many are before him for the units there are. */
export type LineRefusal =
  | 'ineligible'
  | 'paused'
  | 'not_open'
  | 'closed'
  | 'sold_out'
  | 'line_full'
  | 'no_chance';

export type LineDecision =
  | { verdict: 'joined'; fact: LineJoined }
  | { verdict: 'confirmed'; number: number; fact: LineFact }
  /** he has a place; number < 0: none yet, until the shuffle */
  | { verdict: 'waiting'; number: number }
  /** it is his turn at the gate */
  | { verdict: 'released'; number: number }
  | { verdict: 'won'; number: number; seq: number }
  | { verdict: LineRefusal };

/** What somebody who has, or had, a place is told of it. */
export interface Standing {
  userId: string;
  stage: Stage;
  /** what his place is found by: his number, or below 0 before a shuffle */
  place: number;
  /** null: he has none before the shuffle */
  number: number | null;
  ahead: number | null;
  seq: number | null;
  /** epoch ms: until then he must press once more */
  confirmBy: number | null;
  /** the highest number let in, at the same moment */
  serving: number;
  key: string | null;
}

/** What a press tells of a place beside what it was given. */
export type StandingNow = Omit<Standing, 'key'>;

/** A clock that steps back opens nothing that was closed, and lets nobody's time run twice. */
function moveClock(state: LineState, now: number): void {
  if (now > state.clock) state.clock = now;
}

function headOf({ rule, clock }: LineState): { campaignId: string; epoch: number; at: number } {
  return { campaignId: rule.campaignId, epoch: rule.epoch, at: clock };
}

function isClosed({ rule, clock }: LineState): boolean {
  return rule.closed || (rule.closesAt !== null && clock >= rule.closesAt);
}

function hasStarted({ rule, clock }: LineState): boolean {
  return rule.startsAt !== null && clock >= rule.startsAt;
}

/** Nothing is left and nothing can come back. */
export function isSoldOut({ rule, won }: LineState): boolean {
  return won >= rule.quantity && !rule.keepsLine;
}

/**
 * What the clock alone has brought about and must be taken in before anything else is asked at this moment: the shuffle,
 * and who did not press once more in time. Usually nothing.
 */
export function overdue(state: LineState, now: number): LineFact[] {
  moveClock(state, now);
  const facts: LineFact[] = [];
  const { shuffleSeed, pausedAt } = state.rule;
  if (shuffleSeed !== null && !state.shuffled && hasStarted(state)) {
    facts.push({ type: 'line.shuffled', ...headOf(state), seed: shuffleSeed, count: state.waiting });
  }
  if (pausedAt !== null || isClosed(state)) return facts;
  const numbers: number[] = [];
  for (const [number, confirmBy] of state.offers) {
    if (confirmBy + state.stretchedMs > state.clock) break;
    numbers.push(number);
  }
  if (numbers.length > 0) facts.push({ type: 'line.expired', ...headOf(state), numbers });
  return facts;
}

/** Answers one press. What is overdue must have been taken in. */
export function press(state: LineState, attempt: LineAttempt, now: number): LineDecision {
  moveClock(state, now);
  const number = state.numberOf.get(attempt.userId);
  if (number !== undefined) {
    const known = pressAgain(state, number, attempt);
    if (known !== null) return known;
  }
  const refused = refusal(state, attempt.eligible);
  if (refused !== null) return { verdict: refused };
  const early = state.rule.shuffleSeed !== null && !state.shuffled;
  const fact: LineJoined = {
    type: 'line.joined',
    ...headOf(state),
    first: early ? -state.unnumbered.length - 1 : state.lastNumber + 1,
    userIds: [attempt.userId],
    keys: attempt.key === null ? null : [attempt.key],
  };
  return { verdict: 'joined', fact };
}

/** What his place makes of another press; null: he has none any more. */
function pressAgain(state: LineState, number: number, { another }: LineAttempt): LineDecision | null {
  const stage: Stage = number < 0 ? 'waiting' : stageOf(state, number);
  switch (stage) {
    case 'won':
      return another ? null : { verdict: 'won', number, seq: state.seqOf.get(number) as number };
    case 'released':
      return { verdict: 'released', number };
    case 'offered': {
      const fact: LineFact = { type: 'line.confirmed', ...headOf(state), numbers: [number] };
      return isClosed(state) ? { verdict: 'closed' } : { verdict: 'confirmed', number, fact };
    }
    case 'waiting':
      if (isClosed(state)) return { verdict: 'closed' };
      return isSoldOut(state) ? { verdict: 'sold_out' } : { verdict: 'waiting', number };
    default:
      return null;
  }
}

/** Why a newcomer gets no place; the first reason that applies (contract §3). */
function refusal(state: LineState, eligible: boolean): LineRefusal | null {
  const { rule, waiting, offers, atGate, won } = state;
  if (!eligible) return 'ineligible';
  if (rule.pausedAt !== null) return 'paused';
  if (isClosed(state)) return 'closed';
  if (!hasStarted(state) && (rule.startsAt === null || rule.shuffleSeed === null)) return 'not_open';
  if (isSoldOut(state)) return 'sold_out';
  if (rule.maxLength !== null && waiting >= rule.maxLength) return 'line_full';
  const before = waiting + offers.size + atGate.size;
  if (rule.cutAt !== null && before >= rule.cutAt * (rule.quantity - won)) return 'no_chance';
  return null;
}

/** Gives a place up; null when there is none that can be: never had, gone, or his turn at the gate has come. */
export function leave(state: LineState, userId: string, now: number): LineFact | null {
  moveClock(state, now);
  const number = state.numberOf.get(userId);
  if (number === undefined) return null;
  if (number > 0 && !['waiting', 'offered'].includes(stageOf(state, number))) return null;
  return { type: 'line.left', ...headOf(state), numbers: [number] };
}

/** People looked at in vain in one release; the next one goes on. */
const REFUSED_MAX = 10_000;

/**
 * Lets up to `budget` people in, in order, and no more than there are units for. Who has left costs nothing; who is not
 * `eligible` any more is refused, and costs nothing either. Returns facts to take in, in order; none while the line is held.
 */
export function release(
  state: LineState,
  budget: number,
  now: number,
  eligible: (userId: string) => boolean,
): LineFact[] {
  moveClock(state, now);
  const { rule, users } = state;
  if (rule.pausedAt !== null || isClosed(state) || !hasStarted(state)) return [];
  let left = Math.min(budget, freeUnits(state));
  let to = 0;
  const refused: number[] = [];
  for (let number = headNumber(state); left >= 1 && number <= state.lastNumber; number++) {
    if (refused.length === REFUSED_MAX) break;
    if (stageOf(state, number) !== 'waiting') continue;
    if (eligible(users[number - 1] as string)) {
      to = number;
      left -= 1;
    } else refused.push(number);
  }
  const head = headOf(state);
  const facts: LineFact[] = [];
  if (refused.length > 0) facts.push({ type: 'line.refused', ...head, numbers: refused, why: 'ineligible' });
  const confirmBy = rule.confirmWithinMs === null ? null : head.at + rule.confirmWithinMs;
  if (to > 0) facts.push({ type: 'line.released', ...head, to, confirmBy });
  return facts;
}

/** Units that neither are given nor wait for somebody who was let in. */
export function freeUnits({ rule, won, offers, atGate }: LineState): number {
  return Math.max(0, rule.quantity - won - offers.size - atGate.size);
}

/** The first number that waits, or the one after the last. Moves a mark along, so that leavers are passed once. */
function headNumber(state: LineState): number {
  while (state.head <= state.lastNumber && stageOf(state, state.head) !== 'waiting') state.head += 1;
  return state.head;
}

/** Puts a changed rule in force. What was held by a pause gets that time back: the fact to take in, if any. */
export function reconfigure(state: LineState, rule: LineRule, now: number): LineFact | null {
  moveClock(state, now);
  const { pausedAt, version } = state.rule;
  if (rule.version < version) return null;
  state.rule = rule;
  if (pausedAt === null || rule.pausedAt !== null || state.offers.size === 0) return null;
  const head = headOf(state);
  return { type: 'line.stretched', ...head, byMs: Math.max(0, head.at - pausedAt) };
}

/**
 * How a place stands, by its number or as the latest of a user; null: there never was one, or he left before the shuffle.
 * A line that is over makes a waiting person's stage `closed` or `sold_out`; should units be added, he waits again where
 * he stood.
 */
export function standing(state: LineState, of: string | number, now: number): Standing | null {
  moveClock(state, now);
  const number = typeof of === 'string' ? state.numberOf.get(of) : numberNow(state, of);
  if (number === undefined || number > state.lastNumber || number === 0) return null;
  const key = state.keyOf.get(number) ?? null;
  if (number < 0) {
    const userId = state.unnumbered[-number - 1] as string;
    const none = { number: null, ahead: null, seq: null, confirmBy: null };
    return { userId, stage: waitingStage(state), place: number, ...none, serving: state.serving, key };
  }
  const at = stageOf(state, number);
  const stage = at === 'waiting' ? waitingStage(state) : offeredOrClosed(state, at);
  const offer = state.offers.get(number);
  return {
    userId: state.users[number - 1] as string,
    stage,
    place: number,
    number,
    ahead: stage === 'waiting' ? ahead(state, number) : 0,
    seq: state.seqOf.get(number) ?? null,
    confirmBy: offer === undefined ? null : offer + state.stretchedMs,
    serving: state.serving,
    key,
  };
}

/** A place from before the shuffle by the number it has got since; 0: it was left. */
function numberNow(state: LineState, number: number): number {
  if (number > 0) return number;
  if (state.shuffled) return state.numberOfEarly[-number - 1] ?? 0;
  return (state.unnumbered[-number - 1] ?? null) === null ? 0 : number;
}

/** What was offered and not taken up is gone when the campaign is closed. */
function offeredOrClosed(state: LineState, stage: Stage): Stage {
  return stage === 'offered' && isClosed(state) ? 'closed' : stage;
}

function waitingStage(state: LineState): Stage {
  // Who was told that nothing is left is told so when it is closed, too.
  if (isSoldOut(state)) return 'sold_out';
  return isClosed(state) ? 'closed' : 'waiting';
}
