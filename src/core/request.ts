/**
 * What travels on the log of requests, in ordered mode the decider's whole input: people's tries, and the rules by which
 * operators want them decided, in one order.
 *
 * Where a request stands is one number, its place: the version of its topic, the offset of the entry it travelled in and
 * its index there. It says who came first, also when a campaign's requests have moved on to a topic of more partitions,
 * and a ticket says nothing else.
 */

import type { GateRule } from './gate.ts';

export interface ClaimRequested {
  type: 'claim.requested';
  campaignId: string;
  userId: string;
  key: string | null;
}

export const RULE_TYPES = [
  'campaign.opened',
  'campaign.paused',
  'campaign.closed',
  'campaign.changed',
] as const;

/** From here on this rule decides. One that is older than what is in force changes nothing. */
export interface RuleChanged {
  type: (typeof RULE_TYPES)[number];
  campaignId: string;
  rule: GateRule;
}

export type Request = ClaimRequested | RuleChanged;

/** A request as the log has it. */
export interface PlacedRequest {
  request: Request;
  place: number;
  /** epoch ms, the log's clock: the same for everybody, and never before that of the request before it */
  at: number;
}

/** Requests in one entry of the log, at most. */
export const PACK_MAX = 1000;
const PLACES_PER_ENTRY = 4096;
const ENTRIES_PER_VERSION = 2 ** 35;
const PLACES_PER_VERSION = ENTRIES_PER_VERSION * PLACES_PER_ENTRY;

/** Versions count from 1, and 64 of them have room; a log that has none says nothing. */
export function placeOf(offset: number, index: number, topicVersion = 1): number {
  return (topicVersion - 1) * PLACES_PER_VERSION + offset * PLACES_PER_ENTRY + index;
}

/** The offset of the entry that a place is in. */
export function offsetOf(place: number): number {
  return Math.floor(place / PLACES_PER_ENTRY) % ENTRIES_PER_VERSION;
}

/** What an operator did, from the rule before and after; null: there was none before. */
export function ruleChange(before: GateRule | null, rule: GateRule): RuleChanged {
  const { campaignId } = rule;
  if (rule.closed && !before?.closed) return { type: 'campaign.closed', campaignId, rule };
  if (rule.paused && !before?.paused) return { type: 'campaign.paused', campaignId, rule };
  const opens =
    rule.startsAt !== null && (before === null || before.startsAt !== rule.startsAt || before.paused);
  return { type: opens ? 'campaign.opened' : 'campaign.changed', campaignId, rule };
}
