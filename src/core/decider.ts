/**
 * Ordered mode, the rule: requests decided in the order in which the log has them. Everything a decider knows is a
 * function of what it has read, so whoever reads the same again decides the same.
 *
 * Nothing is kept of those who lose. What they are told follows from where they stand: from a place on, whoever did not
 * win was refused for one and the same reason. There are as many such phases as things have happened to the campaign.
 */

import type { ClaimWon } from './event.ts';
import type { GateRule, GateState, Refusal } from './gate.ts';
import { decide, emptyGate, evolve, reconfigure } from './gate.ts';
import type { PlacedRequest, RuleChanged } from './request.ts';

/**
 * From this place on, until the next phase, whoever asked was refused so, unless he held a unit already; null: everybody
 * won again. Before the first phase everybody won.
 */
export interface Phase {
  from: number;
  verdict: Refusal | null;
  /** the last number given before it: who holds a later one did not hold it then */
  lastSeq: number;
}

/** What was said of a campaign's tries where the log was read before: places there and here are not comparable. */
export interface EarlierPhases {
  source: string;
  phases: Phase[];
}

/** A campaign as its decider has it after some place of the log. */
export interface Ruling {
  campaignId: string;
  /** the rule in force */
  rule: GateRule;
  /** the latest moment decided at, epoch ms */
  clock: number;
  /** of tries at the source that it is decided from now */
  phases: Phase[];
  /** of those at sources before it, oldest first; absent: there was none */
  earlier?: EarlierPhases[];
  issued: number;
  lastSeq: number;
}

export interface DecidedCampaign {
  gate: GateState;
  phases: Phase[];
  earlier?: EarlierPhases[];
}

/** A campaign before anything was asked of it. */
export function newDecided(rule: GateRule): DecidedCampaign {
  return { gate: emptyGate(rule), phases: [] };
}

/** As it was after a ruling; its holders come from the record by `evolve`. */
export function resumedDecided({ rule, clock, phases, earlier }: Ruling): DecidedCampaign {
  const gate = emptyGate(rule);
  gate.clock = clock;
  return { gate, phases: [...phases], ...(earlier && { earlier }) };
}

export function rulingOf({ gate, phases, earlier }: DecidedCampaign): Ruling {
  const { rule, clock, issued, lastSeq } = gate;
  const told = { phases: [...phases], ...(earlier && { earlier }) };
  return { campaignId: rule.campaignId, rule, clock, ...told, issued, lastSeq };
}

/** From here on it is decided from another source than `from`; whoever asked there is answered as before. */
export function goOver(campaign: DecidedCampaign, from: string): void {
  campaign.earlier = [...(campaign.earlier ?? []), { source: from, phases: campaign.phases }];
  campaign.phases = [];
}

/** The phases that say something about places of this source. */
export function phasesAt(
  { phases, earlier = [] }: Pick<DecidedCampaign, 'phases' | 'earlier'>,
  source: string,
): readonly Phase[] {
  return earlier.find((one) => one.source === source)?.phases ?? phases;
}

/** Decides one try and takes it in. The fact when it won, null when it did not or had won before. */
export function decideOne(
  campaign: DecidedCampaign,
  { userId, key }: { userId: string; key: string | null },
  { place, at }: Pick<PlacedRequest, 'place' | 'at'>,
): ClaimWon | null {
  const { gate, phases } = campaign;
  const decision = decide(gate, { userId, key, eligible: true }, at);
  if (decision.verdict === 'already_won') return null;
  const verdict = decision.verdict === 'won' ? null : decision.verdict;
  const { lastSeq } = gate;
  if ((phases.at(-1)?.verdict ?? null) !== verdict) phases.push({ from: place, verdict, lastSeq });
  if (decision.verdict !== 'won') return null;
  evolve(gate, decision.fact);
  return decision.fact;
}

/** Puts a rule in force, unless a newer one is. A quantity below what is out stays as it was, with the rest of the rule. */
export function changeRule({ gate }: DecidedCampaign, { rule }: RuleChanged): void {
  if (rule.version < gate.rule.version) return;
  reconfigure(gate, rule);
}

/** The phase that a place is in; null: before the first one. */
export function phaseAt(phases: readonly Phase[], place: number): Phase | null {
  return phases.findLast(({ from }) => from <= place) ?? null;
}
