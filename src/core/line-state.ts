/**
 * The waiting line of one campaign as its facts have made it. `evolve` is the only thing that changes it, and it changes
 * the state it is given, because a line of a million cannot be copied per press. What may happen is said in core/line.
 *
 * A million people cost about 100 bytes each beside their ids: one entry in a map, one reference, a byte for the stage
 * and four for the tree that counts who has gone.
 */

import type { Campaign } from './campaign.ts';
import { startsAt } from './campaign.ts';
import type { LineFact, LineJoined } from './line-fact.ts';
import { PrefixCounts } from './prefix-counts.ts';
import { lotNumbersUnder, shuffled } from './shuffle.ts';

/** How an operator wants the line to be. */
export interface LineOptions {
  /** most people waiting at once; null: no bound */
  maxLength: number | null;
  /** newcomers are told that there is no chance once this many people a free unit are before them; null: never */
  cutAt: number | null;
  /** who is let in must press once more in this time; null: he need not */
  confirmWithinMs: number | null;
  /** whoever joins before the opening gets his number by lot (core/shuffle) instead of by time; hex seed, secret till then */
  shuffleSeed: string | null;
  /** units come back to whoever is next: while nothing is left people keep their places, and others may join behind them */
  keepsLine: boolean;
}

/** The part of a campaign that its line goes by. */
export interface LineRule extends LineOptions {
  campaignId: string;
  epoch: number;
  /** of the campaign; an older one does not come in force after a newer */
  version: number;
  /** units that may be given, without those that nobody can have any more */
  quantity: number;
  startsAt: number | null;
  closesAt: number | null;
  pausedAt: number | null;
  closed: boolean;
}

/** In the order of the bytes that stand for them. */
export const STAGES = [
  'waiting',
  /** let in, and must press once more */
  'offered',
  /** let in, and it is his turn at the gate */
  'released',
  'won',
  'left',
  /** did not press once more in time */
  'expired',
  /** was let in for nothing */
  'ineligible',
  'closed',
  'sold_out',
] as const;
export type Stage = (typeof STAGES)[number];

const STAGE_BYTE = Object.fromEntries(STAGES.map((stage, byte) => [stage, byte])) as Record<Stage, number>;

export interface LineState {
  rule: LineRule;
  /** the latest moment this line has acted at: a clock that steps back lets nobody in twice */
  clock: number;
  /** the highest number given */
  lastNumber: number;
  /** the highest number let in */
  serving: number;
  /** user → his latest number; before the shuffle -1, -2, … */
  numberOf: Map<string, number>;
  /** by number - 1 */
  users: string[];
  stages: Uint8Array;
  /** numbers above `serving` that do not wait any more */
  gone: PrefixCounts;
  /** the first number that may still wait; everything below is settled or let in */
  head: number;
  /** people who wait, those without a number yet among them */
  waiting: number;
  /** number → until when to press once more (epoch ms, less `stretchedMs`), the oldest first */
  offers: Map<number, number>;
  stretchedMs: number;
  /** whose turn at the gate it is, in the order in which to ask it */
  atGate: Set<number>;
  won: number;
  /** number → the winner's seq at the gate */
  seqOf: Map<number, number>;
  /** number → Idempotency-Key, where one matters */
  keyOf: Map<number, string>;
  /** who joined before the shuffle, by -number - 1; null: left */
  unnumbered: (string | null)[];
  /** what each of them drew, by the same index, so that the opening has only to sort; null: nobody has yet */
  drawn: { seed: string; lotOf: (userId: string) => number; lots: number[] } | null;
  shuffled: boolean;
  /** the numbers that they got, by the same index; 0: left before */
  numberOfEarly: Uint32Array;
}

export function lineRule(campaign: Campaign, options: LineOptions, quantity = campaign.quantity): LineRule {
  return {
    ...options,
    campaignId: campaign.id,
    epoch: campaign.epoch,
    version: campaign.version,
    quantity,
    startsAt: startsAt(campaign),
    closesAt: campaign.closesAt,
    pausedAt: campaign.pausedAt,
    closed: campaign.closedAt !== null || campaign.archivedAt !== null,
  };
}

export function emptyLine(rule: LineRule): LineState {
  return {
    rule,
    clock: 0,
    lastNumber: 0,
    serving: 0,
    numberOf: new Map(),
    users: [],
    stages: new Uint8Array(1024),
    gone: new PrefixCounts(),
    head: 1,
    waiting: 0,
    offers: new Map(),
    stretchedMs: 0,
    atGate: new Set(),
    won: 0,
    seqOf: new Map(),
    keyOf: new Map(),
    unnumbered: [],
    drawn: null,
    shuffled: false,
    numberOfEarly: new Uint32Array(0),
  };
}

/** The stage of a number that has been given. */
export function stageOf(state: LineState, number: number): Stage {
  return STAGES[state.stages[number - 1] as number] as Stage;
}

/** How many still stand before a number; those who have left are not counted. O(log n). */
export function ahead(state: LineState, number: number): number {
  const before = number - 1;
  if (before <= state.serving) return 0;
  return before - state.serving - (state.gone.upTo(before) - state.gone.upTo(state.serving));
}

/** Takes a fact in. Facts come in the order in which they were made; one that cannot follow is refused by assertion. */
export function evolve(state: LineState, fact: LineFact): void {
  if (fact.at > state.clock) state.clock = fact.at;
  switch (fact.type) {
    case 'line.joined':
      return takeJoin(state, fact);
    case 'line.left':
      for (const number of fact.numbers) leaveOne(state, number);
      return;
    case 'line.released':
      return takeRelease(state, fact.to, fact.confirmBy);
    case 'line.confirmed':
      for (const number of fact.numbers) {
        move(state, number, 'released');
        state.atGate.add(number);
      }
      return;
    case 'line.expired':
      for (const number of fact.numbers) move(state, number, 'expired');
      return;
    case 'line.refused':
      for (const number of fact.numbers) move(state, number, fact.why);
      return;
    case 'line.won':
      for (const [i, number] of fact.numbers.entries()) {
        move(state, number, 'won');
        state.seqOf.set(number, fact.seqs[i] as number);
        state.won += 1;
      }
      return;
    case 'line.stretched':
      state.stretchedMs += fact.byMs;
      return;
    case 'line.shuffled':
      return takeShuffle(state, fact.seed);
  }
}

function takeJoin(state: LineState, { campaignId, first, userIds, keys }: LineJoined): void {
  const expected = first < 0 ? -state.unnumbered.length - 1 : state.lastNumber + 1;
  if (first !== expected)
    throw new Error(`place ${first} in line for ${campaignId} cannot follow: ${expected} is next`);
  for (const [i, userId] of userIds.entries()) {
    const number = first < 0 ? first - i : first + i;
    if (first < 0) joinEarly(state, userId, number);
    else append(state, userId);
    const key = keys?.[i] ?? null;
    if (key !== null) state.keyOf.set(number, key);
  }
}

/** A place without a number; what it draws is drawn now, while there is time. */
function joinEarly(state: LineState, userId: string, number: number): void {
  const { shuffleSeed, campaignId } = state.rule;
  state.unnumbered.push(userId);
  state.numberOf.set(userId, number);
  state.waiting += 1;
  if (shuffleSeed === null) return;
  state.drawn ??= { seed: shuffleSeed, lotOf: lotNumbersUnder(shuffleSeed, campaignId), lots: [] };
  state.drawn.lots.push(state.drawn.lotOf(userId));
}

/** Gives the next number. */
function append(state: LineState, userId: string): void {
  const number = state.lastNumber + 1;
  if (number > state.stages.length) {
    const wider = new Uint8Array(2 * state.stages.length);
    wider.set(state.stages);
    state.stages = wider;
  }
  state.lastNumber = number;
  state.users.push(userId);
  state.numberOf.set(userId, number);
  state.gone.grow(number);
  state.waiting += 1;
}

function leaveOne(state: LineState, number: number): void {
  if (number > 0) return move(state, number, 'left');
  const userId = state.unnumbered[-number - 1];
  if (userId === null || userId === undefined) throw new Error(`place ${number} is not there to be left`);
  state.unnumbered[-number - 1] = null;
  state.waiting -= 1;
  state.numberOf.delete(userId);
  state.keyOf.delete(number);
}

/** From one stage to another, with everything that is counted by stage. */
function move(state: LineState, number: number, to: Stage): void {
  if (number < 1 || number > state.lastNumber) throw new Error(`nobody has number ${number}`);
  const from = stageOf(state, number);
  if (from === to) throw new Error(`number ${number} is ${to} already`);
  state.stages[number - 1] = STAGE_BYTE[to];
  if (from === 'waiting') {
    state.waiting -= 1;
    if (number > state.serving) state.gone.mark(number);
  }
  if (from === 'offered') state.offers.delete(number);
  if (from === 'released') state.atGate.delete(number);
  if (to !== 'won' && to !== 'released' && to !== 'offered') state.keyOf.delete(number);
}

function takeRelease(state: LineState, to: number, confirmBy: number | null): void {
  if (to <= state.serving) throw new Error(`number ${to} was let in already: ${state.serving}`);
  for (let number = state.head; number <= to; number++) {
    if (stageOf(state, number) !== 'waiting') continue;
    state.stages[number - 1] = STAGE_BYTE[confirmBy === null ? 'released' : 'offered'];
    state.waiting -= 1;
    if (confirmBy === null) state.atGate.add(number);
    else state.offers.set(number, confirmBy - state.stretchedMs);
  }
  state.serving = to;
  state.head = to + 1;
}

function takeShuffle(state: LineState, seed: string): void {
  const { keyOf, unnumbered, numberOf, rule, drawn } = state;
  const there = unnumbered.filter((userId) => userId !== null);
  const known = drawn !== null && drawn.seed === seed && drawn.lots.length === unnumbered.length;
  const lots = known ? drawn.lots.filter((_, i) => unnumbered[i] !== null) : undefined;
  const order = shuffled(seed, rule.campaignId, there, lots);
  state.waiting = 0;
  state.numberOfEarly = new Uint32Array(unnumbered.length);
  for (const userId of order) {
    const before = numberOf.get(userId) as number;
    append(state, userId);
    state.numberOfEarly[-before - 1] = state.lastNumber;
    const key = keyOf.get(before);
    keyOf.delete(before);
    if (key !== undefined) keyOf.set(state.lastNumber, key);
  }
  state.unnumbered = [];
  state.drawn = null;
  state.shuffled = true;
}
