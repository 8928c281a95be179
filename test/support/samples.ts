// Whole values for tests, so that each test names only what it is about.

import type { Campaign } from '../../src/core/campaign.ts';
import type { ClaimWon } from '../../src/core/event.ts';
import type { Attempt } from '../../src/core/gate.ts';
import type { AuditLine } from '../../src/ports/operators.ts';

/** The moment tests begin at: 2026-12-01T01:00:00Z. */
export const T0 = 1_796_086_800_000;

/** An open campaign of 100, one unit to each, without codes. */
export function sampleCampaign(over: Partial<Campaign> = {}): Campaign {
  return {
    id: 'chicken-100',
    name: 'One hundred chickens',
    kind: 'coupon',
    quantity: 100,
    perUserLimit: 1,
    mode: 'instant',
    durability: 'disk',
    opensAt: null,
    closesAt: null,
    release: null,
    line: null,
    confirm: null,
    codes: { source: 'none' },
    returnUnits: 'no',
    benefit: null,
    couponExpiresAt: null,
    validDays: null,
    eligibility: null,
    returned: 0,
    version: 1,
    epoch: 1,
    openedAt: T0,
    pausedAt: null,
    closedAt: null,
    archivedAt: null,
    erasingAt: null,
    erasedAt: null,
    codeKeyId: 'test',
    createdAt: T0 - 1000,
    updatedAt: T0 - 1000,
    ...over,
  };
}

export function sampleWin(seq: number, over: Partial<ClaimWon> = {}): ClaimWon {
  return {
    type: 'claim.won',
    campaignId: 'chicken-100',
    epoch: 1,
    seq,
    userId: `u-${seq}`,
    nth: 1,
    key: null,
    wonAt: T0 + seq,
    ...over,
  };
}

export function sampleAttempt(userId: string, over: Partial<Attempt> = {}): Attempt {
  return { userId, key: null, eligible: true, ...over };
}

export function sampleAudit(over: Partial<AuditLine> = {}): AuditLine {
  return {
    at: T0,
    actor: 'system',
    action: 'campaign.create',
    target: 'chicken-100',
    before: null,
    after: null,
    requestId: null,
    ...over,
  };
}
