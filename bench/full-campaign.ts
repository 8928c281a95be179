/** A campaign as it stands when all its units are out. */

import type { Campaign } from '../src/core/campaign.ts';

export function fullCampaign(id: string, quantity: number, codeKeyId: string, now: number): Campaign {
  return {
    id,
    name: id,
    kind: 'coupon',
    quantity,
    perUserLimit: 1,
    mode: 'instant',
    durability: 'disk',
    opensAt: now,
    closesAt: null,
    release: null,
    codes: { source: 'generated' },
    benefit: null,
    couponExpiresAt: null,
    eligibility: null,
    version: 1,
    epoch: 1,
    openedAt: null,
    pausedAt: null,
    closedAt: null,
    archivedAt: null,
    codeKeyId,
    createdAt: now,
    updatedAt: now,
  };
}
