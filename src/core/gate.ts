/**
 * The rule, once: who gets a unit and who does not. Everything else in Dibs carries this decision or proves it.
 *
 * `decide` looks and answers, `evolve` takes a fact in. `evolve` changes the state it is given, because a campaign of
 * ten million holders cannot be copied per claim; it touches nothing else, and neither reads a clock.
 */

import type { Campaign } from './campaign.ts';
import { startsAt } from './campaign.ts';
import type { ClaimWon } from './event.ts';

/** The part of a campaign that decides. */
export interface GateRule {
  campaignId: string;
  epoch: number;
  version: number;
  quantity: number;
  perUserLimit: number;
  startsAt: number | null;
  closesAt: number | null;
  paused: boolean;
  closed: boolean;
}

interface KeyedUnit {
  seq: number;
  key: string | null;
}

/** What a user holds: his seq alone when one unit is the limit (a number costs nothing more), else every unit with its key. */
type Holding = number | KeyedUnit[];

export interface GateState {
  rule: GateRule;
  /** units out: counted against the quantity */
  issued: number;
  lastSeq: number;
  /** the latest moment this gate has acted at: a clock that steps back opens nothing twice */
  clock: number;
  holders: Map<string, Holding>;
  /** epoch ms by seq - 1; a told win is told again with the same time */
  wonAt: number[];
}

export interface Attempt {
  userId: string;
  key: string | null;
  eligible: boolean;
}

export type Refusal = 'ineligible' | 'paused' | 'not_open' | 'closed' | 'sold_out';

export type Decision =
  | { verdict: 'won'; fact: ClaimWon }
  | { verdict: 'already_won'; seq: number; wonAt: number }
  | { verdict: Refusal };

const REFUSED: Readonly<Record<Refusal, { verdict: Refusal }>> = {
  ineligible: { verdict: 'ineligible' },
  paused: { verdict: 'paused' },
  not_open: { verdict: 'not_open' },
  closed: { verdict: 'closed' },
  sold_out: { verdict: 'sold_out' },
};

export function gateRule(campaign: Campaign): GateRule {
  return {
    campaignId: campaign.id,
    epoch: campaign.epoch,
    version: campaign.version,
    quantity: campaign.quantity,
    perUserLimit: campaign.perUserLimit,
    startsAt: startsAt(campaign),
    closesAt: campaign.closesAt,
    paused: campaign.pausedAt !== null,
    closed: campaign.closedAt !== null || campaign.archivedAt !== null,
  };
}

export function emptyGate(rule: GateRule): GateState {
  return { rule, issued: 0, lastSeq: 0, clock: 0, holders: new Map(), wonAt: [] };
}

/** The seq that this try was already given, or 0 when it is a new one (contract §3, `perUserLimit` above 1; §9.8). */
function repeated(held: Holding, key: string | null, limit: number): number {
  if (typeof held === 'number') return held;
  const same = key === null ? undefined : held.find((unit) => unit.key === key);
  if (same) return same.seq;
  if (key === null || held.length >= limit) return (held.at(-1) as KeyedUnit).seq;
  return 0;
}

/** Answers one try at a moment. `now` is the gate's clock in epoch ms. Changes nothing but the clock's high-water mark. */
export function decide(state: GateState, attempt: Attempt, now: number): Decision {
  const { rule } = state;
  if (now > state.clock) state.clock = now;
  const held = state.holders.get(attempt.userId);
  if (held !== undefined) {
    const seq = repeated(held, attempt.key, rule.perUserLimit);
    if (seq !== 0) return { verdict: 'already_won', seq, wonAt: state.wonAt[seq - 1] as number };
  }
  if (!attempt.eligible) return REFUSED.ineligible;
  if (rule.paused) return REFUSED.paused;
  // What is over before it began will never open: `not_open` would send people to wait for nothing.
  if (rule.closed || (rule.closesAt !== null && state.clock >= rule.closesAt)) return REFUSED.closed;
  if (rule.startsAt === null || state.clock < rule.startsAt) return REFUSED.not_open;
  if (state.issued >= rule.quantity) return REFUSED.sold_out;
  return {
    verdict: 'won',
    fact: {
      type: 'claim.won',
      campaignId: rule.campaignId,
      epoch: rule.epoch,
      seq: state.lastSeq + 1,
      userId: attempt.userId,
      nth: held === undefined ? 1 : (held as KeyedUnit[]).length + 1,
      key: rule.perUserLimit === 1 ? null : attempt.key,
      wonAt: state.clock,
    },
  };
}

/** Takes a win into the state. Facts of one campaign come in order of seq; the same fact twice is refused by assertion. */
export function evolve(state: GateState, fact: ClaimWon): void {
  if (fact.seq <= state.lastSeq) throw new Error(`seq ${fact.seq} of ${fact.campaignId} was given already`);
  state.issued += 1;
  state.lastSeq = fact.seq;
  // Also after a restart no winner is told an earlier time than the one before him.
  if (fact.wonAt > state.clock) state.clock = fact.wonAt;
  while (state.wonAt.length < fact.seq - 1) state.wonAt.push(0);
  state.wonAt.push(fact.wonAt);
  if (state.rule.perUserLimit === 1) {
    state.holders.set(fact.userId, fact.seq);
    return;
  }
  const unit = { seq: fact.seq, key: fact.key };
  const held = state.holders.get(fact.userId);
  if (held === undefined) state.holders.set(fact.userId, [unit]);
  else (held as KeyedUnit[]).push(unit);
}

/** Wins of the past in columns, in order of seq (ports/record `Holders`). */
export interface PastWins {
  seqs: ArrayLike<number>;
  wonAt: ArrayLike<number>;
  userIds: readonly string[];
  /** null when no holder has a key */
  keys: readonly (string | null)[] | null;
}

/** Takes wins of the past in, as {@link evolve} takes each. */
export function evolvePast(state: GateState, { seqs, wonAt, userIds, keys }: PastWins): void {
  const { campaignId, epoch } = state.rule;
  for (const [at, userId] of userIds.entries()) {
    evolve(state, {
      type: 'claim.won',
      campaignId,
      epoch,
      seq: seqs[at] as number,
      userId,
      nth: 1,
      key: keys?.[at] ?? null,
      wonAt: wonAt[at] as number,
    });
  }
}

export type Reconfigured = { kind: 'ok' } | { kind: 'below_issued'; issued: number };

/** Puts a changed rule in force between two decisions. A quantity below what is out is refused and changes nothing. */
export function reconfigure(state: GateState, rule: GateRule): Reconfigured {
  if (rule.quantity < state.issued) return { kind: 'below_issued', issued: state.issued };
  state.rule = rule;
  return { kind: 'ok' };
}

/** The units a user holds at the gate, oldest first. */
export function holdings(
  state: GateState,
  userId: string,
): { seq: number; wonAt: number; key: string | null }[] {
  const held = state.holders.get(userId);
  if (held === undefined) return [];
  const units = typeof held === 'number' ? [{ seq: held, key: null }] : held;
  return units.map(({ seq, key }) => ({ seq, wonAt: state.wonAt[seq - 1] as number, key }));
}
