// The rule once more, as simple as it can be told: arrays, no cleverness, nothing shared with src. Gates are held
// against it.

import type { Campaign } from '../../src/core/campaign.ts';
import type { Attempt } from '../../src/core/gate.ts';

export interface NaiveUnit {
  seq: number;
  userId: string;
  key: string | null;
  wonAt: number;
}

export interface NaiveAnswer {
  verdict: string;
  seq?: number;
  wonAt?: number;
}

export interface NaiveGate {
  campaign: Campaign;
  units: NaiveUnit[];
  /** the latest moment it has acted at */
  clock: number;
}

/** The unit that this try asks for again, if any (contract §3 and §9.8). */
function unitAskedAgain({ campaign, units }: NaiveGate, { userId, key }: Attempt): NaiveUnit | undefined {
  const mine = units.filter((unit) => unit.userId === userId);
  if (campaign.perUserLimit === 1 || mine.length === 0) return mine[0];
  const named = mine.find((unit) => key !== null && unit.key === key);
  if (named !== undefined) return named;
  return key === null || mine.length >= campaign.perUserLimit ? mine[mine.length - 1] : undefined;
}

export function naiveClaim(gate: NaiveGate, attempt: Attempt, now: number): NaiveAnswer {
  const { campaign, units } = gate;
  gate.clock = Math.max(gate.clock, now);
  const again = unitAskedAgain(gate, attempt);
  if (again !== undefined) return { verdict: 'already_won', seq: again.seq, wonAt: again.wonAt };
  if (!attempt.eligible) return { verdict: 'ineligible' };
  if (campaign.pausedAt !== null) return { verdict: 'paused' };
  if (campaign.closedAt !== null) return { verdict: 'closed' };
  if (campaign.closesAt !== null && campaign.closesAt <= gate.clock) return { verdict: 'closed' };
  const opens = campaign.openedAt ?? campaign.opensAt;
  if (opens === null || gate.clock < opens) return { verdict: 'not_open' };
  if (units.length >= campaign.quantity) return { verdict: 'sold_out' };
  const unit = { seq: units.length + 1, userId: attempt.userId, key: attempt.key, wonAt: gate.clock };
  units.push(unit);
  return { verdict: 'won', seq: unit.seq, wonAt: unit.wonAt };
}

/** False when more is out than the new quantity. */
export function naiveConfigure(gate: NaiveGate, campaign: Campaign): boolean {
  if (campaign.quantity < gate.units.length) return false;
  gate.campaign = campaign;
  return true;
}
