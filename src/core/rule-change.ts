/** Reads a changed rule as it comes from a log's JSON: what decides is looked at, field by field. */

import type { GateRule } from './gate.ts';
import type { RuleChanged } from './request.ts';
import { RULE_TYPES } from './request.ts';

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value);
const isMoment = (value: unknown): boolean => value === null || isWhole(value);
const isTruth = (value: unknown): boolean => typeof value === 'boolean';
const isText = (value: unknown): boolean => typeof value === 'string';

const FIELDS: Readonly<Record<keyof GateRule, (value: unknown) => boolean>> = {
  campaignId: isText,
  epoch: isWhole,
  version: isWhole,
  quantity: isWhole,
  perUserLimit: isWhole,
  startsAt: isMoment,
  closesAt: isMoment,
  paused: isTruth,
  closed: isTruth,
};

/** Null when it is none. */
export function ruleChangedOf(value: unknown): RuleChanged | null {
  if (typeof value !== 'object' || value === null) return null;
  const { type, campaignId, rule } = value as Record<string, unknown>;
  const known = RULE_TYPES.find((one) => one === type);
  if (known === undefined || !isRule(rule) || rule.campaignId !== campaignId) return null;
  return { type: known, campaignId: rule.campaignId, rule };
}

function isRule(value: unknown): value is GateRule {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  return Object.entries(FIELDS).every(([name, holds]) => holds(fields[name]));
}
