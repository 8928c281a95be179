/** Between the line's port and line.lua: presses and questions as arguments, and the replies as what they say. */

import type { LineAttempt, LineDecision, LineRefusal, Standing } from '../../core/line.ts';
import type { LineFact, LineJoined } from '../../core/line-fact.ts';
import type { LineRule, Stage } from '../../core/line-state.ts';
import type { AtGate, LineAnswer, LineCounts } from '../../ports/line.ts';

/** What all facts of one call have in common. */
export interface FactHead {
  campaignId: string;
  epoch: number;
  at: number;
}

/** What follows the epoch in line-arm.lua, and the op in line.lua's `configure`. */
export function lineRuleArgs(rule: LineRule): (string | number)[] {
  const { quantity, startsAt, closesAt, pausedAt, closed, maxLength, cutAt } = rule;
  const { confirmWithinMs, shuffleSeed, version, keepsLine } = rule;
  const times = [startsAt ?? '', closesAt ?? '', pausedAt ?? ''];
  const bounds = [maxLength ?? '', cutAt ?? '', confirmWithinMs ?? ''];
  return [quantity, ...times, closed ? 1 : 0, ...bounds, shuffleSeed ?? '', version, keepsLine ? 1 : 0];
}

/** users, marks, keys */
export function pressArgs(batch: readonly LineAttempt[]): string[] {
  const users: string[] = [];
  const keys: string[] = [];
  let marks = '';
  for (const { userId, key, eligible, another } of batch) {
    users.push(userId);
    if (key !== null) keys.push(key);
    marks += String.fromCharCode(97 + (eligible ? 0 : 1) + (another ? 2 : 0) + (key === null ? 0 : 4));
  }
  return [JSON.stringify(users), /^a*$/.test(marks) ? '' : marks, JSON.stringify(keys)];
}

/** Whether a shuffle must come before what was asked. */
export function isShuffleDue(reply: unknown): boolean {
  return (reply as unknown[])[1] === 1;
}

/** The clock that a reply tells: epoch ms, never less than an earlier one. */
export function clockOf(reply: unknown): number {
  return (reply as [number])[0];
}

/** JSON of Lua, whose empty list is an empty object. */
export function numbersOf(text: unknown): number[] {
  return text === '{}' ? [] : (JSON.parse(text as string) as number[]);
}

/** Whose time to press once more is over: the fact, if anybody's is. */
export function expiredFacts(head: FactHead, text: unknown): LineFact[] {
  const numbers = numbersOf(text);
  return numbers.length === 0 ? [] : [{ type: 'line.expired', ...head, numbers }];
}

const REFUSALS: Readonly<Record<string, LineRefusal>> = {
  i: 'ineligible',
  p: 'paused',
  n: 'not_open',
  c: 'closed',
  s: 'sold_out',
  l: 'line_full',
  h: 'no_chance',
};

/** What one press was given, and how his place stands when he has one. */
type Given = Pick<Extract<LineAnswer, { given: LineDecision }>, 'given' | 'standing'>;

/** Reads the reply to a press of many. `before`: facts that came before all of theirs. Throws when it is no such reply. */
export function readPresses(
  reply: unknown,
  batch: readonly LineAttempt[],
  place: { campaignId: string; epoch: number },
  before: LineFact[],
): LineAnswer[] {
  const [clock, , expired, first, letters, serving, waiting, ...rest] = reply as [
    number,
    number,
    string,
    number,
    string,
    number,
    number,
    ...number[],
  ];
  if (typeof letters !== 'string' || letters.length !== batch.length)
    throw new Error(`line.lua answered ${batch.length} presses with ${String(letters)}`);
  const head: FactHead = { ...place, at: clock };
  const others = [...before, ...expiredFacts(head, expired)];
  let at = 0;
  let number = first;
  const placed = (userId: string, place: number, stage: 'waiting' | 'released', ahead: number) => {
    const numbered = place < 0 ? { number: null, ahead: null } : { number: place, ahead };
    return { standing: { userId, stage, place, ...numbered, seq: null, confirmBy: null, serving } };
  };
  const given = (letter: string, { userId, key }: LineAttempt): Given => {
    if (letter === 'j') {
      const keys = key === null ? null : [key];
      const fact: LineJoined = { type: 'line.joined', ...head, first: number, userIds: [userId], keys };
      const before = waiting + Math.abs(number - first);
      number += first < 0 ? -1 : 1;
      return { given: { verdict: 'joined', fact }, ...placed(userId, fact.first, 'waiting', before) };
    }
    const refusal = REFUSALS[letter];
    if (refusal !== undefined) return { given: { verdict: refusal } };
    const mine = rest[at++] as number;
    if (letter === 'w') return { given: { verdict: 'won', number: mine, seq: rest[at++] as number } };
    if (letter === 'v') {
      const before = rest[at++] as number;
      return { given: { verdict: 'waiting', number: mine }, ...placed(userId, mine, 'waiting', before) };
    }
    const turn = placed(userId, mine, 'released', 0);
    if (letter === 'r') return { given: { verdict: 'released', number: mine }, ...turn };
    if (letter !== 'f') throw new Error(`line.lua answered with an unknown letter ${letter}`);
    const fact: LineFact = { type: 'line.confirmed', ...head, numbers: [mine] };
    return { given: { verdict: 'confirmed', number: mine, fact }, ...turn };
  };
  return batch.map((attempt, i): LineAnswer => {
    const answer = given(letters[i] as string, attempt);
    const facts = i === 0 ? others : [];
    return { ...answer, facts: 'fact' in answer.given ? [...facts, answer.given.fact] : facts };
  });
}

const STAGE_OF: Readonly<Record<string, Stage>> = {
  v: 'waiting',
  o: 'offered',
  r: 'released',
  w: 'won',
  l: 'left',
  x: 'expired',
  i: 'ineligible',
  c: 'closed',
  s: 'sold_out',
};

const NEITHER = { seq: null, confirmBy: null };

/** Reads the reply to a question of many. Throws when it is no such reply. */
export function readStandings(reply: unknown, many: number): (Standing | null)[] {
  const [, letters, serving, ...rest] = reply as [number, string, number, ...(number | string | null)[]];
  if (typeof letters !== 'string' || letters.length !== many + 1)
    throw new Error(`line.lua answered ${many} questions with ${String(letters)}`);
  const whoWaits = STAGE_OF[letters[0] as string] as Stage;
  let at = 0;
  return Array.from({ length: many }, (_, i): Standing | null => {
    const letter = letters[i + 1] as string;
    if (letter === '-') return null;
    const number = rest[at++] as number;
    const userId = rest[at++] as string;
    if (letter === 'v' || letter === 'V') {
      const ahead = rest[at++] as number;
      const key = letter === 'V' ? (rest[at++] as string) : null;
      const numbered = number < 0 ? { number: null, ahead: null } : { number, ahead };
      return { userId, stage: whoWaits, place: number, ...numbered, ...NEITHER, serving, key };
    }
    const [seq, confirmBy, key] = rest.slice(at, at + 3) as [number, number, string | null];
    at += 3;
    return {
      userId,
      stage: STAGE_OF[letter] as Stage,
      place: number,
      number,
      ahead: 0,
      seq: seq === 0 ? null : seq,
      confirmBy: confirmBy === 0 ? null : confirmBy,
      serving,
      key,
    };
  });
}

export function readCounts(reply: unknown): LineCounts {
  const [, ...counts] = reply as number[];
  const [serving, lastNumber, waiting, offered, atGate, won, free, soldOut, unnumbered] = counts as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    serving,
    lastNumber,
    waiting,
    offered,
    atGate,
    won,
    free,
    soldOut: soldOut === 1,
    unnumbered: unnumbered === 1,
  };
}

/** People at the head, and how many of them may be let in: the reply to `peek`. */
export interface Head {
  /** whole; 0: nobody */
  budget: number;
  people: { userId: string; number: number }[];
}

export function readHead(reply: unknown): Head {
  const [, , , budget = 0, ...rest] = reply as [number, number, string, number?, ...string[]];
  const people: Head['people'] = [];
  for (let i = 0; i < rest.length; i += 2)
    people.push({ userId: rest[i] as string, number: Number(rest[i + 1]) });
  return { budget, people };
}

export interface Released {
  facts: LineFact[];
  released: number;
  atGate: AtGate[];
}

/** Reads the reply to `release`. */
export function readReleased(reply: unknown, place: { campaignId: string; epoch: number }): Released {
  const [clock, , expired, refused, to, released, confirmBy, ...turns] = reply as [
    number,
    number,
    string,
    string,
    number,
    number,
    number,
    ...(number | string | null)[],
  ];
  const head: FactHead = { ...place, at: clock };
  const facts = expiredFacts(head, expired);
  const numbers = numbersOf(refused);
  if (numbers.length > 0) facts.push({ type: 'line.refused', ...head, numbers, why: 'ineligible' });
  const until = confirmBy === -1 ? null : confirmBy;
  if (to > 0) facts.push({ type: 'line.released', ...head, to, confirmBy: until });
  const atGate: AtGate[] = [];
  for (let i = 0; i < turns.length; i += 3) {
    const [number, userId, key] = turns.slice(i, i + 3) as [number, string, string | null];
    atGate.push({ number, userId, key });
  }
  return { facts, released, atGate };
}
