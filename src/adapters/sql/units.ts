/** A unit as its row has it, with what follows from its campaign: its status, and until when its coupon is good. */

import type { Selectable } from 'kysely';
import type { Campaign } from '../../core/campaign.ts';
import { expiryOf, isIssuedByJob, storedCampaign } from '../../core/campaign.ts';
import type { ClaimStatus } from '../../core/claim.ts';
import { claimId } from '../../core/claim.ts';
import type { StoredClaim } from '../../ports/record.ts';
import type { ClaimsTable } from './schema.ts';

/** A unit with the definition of its campaign. */
export type UnitRow = Selectable<ClaimsTable> & { body: string };

/** A page of units is of one campaign, mostly: its definition is read once. */
let lastBody = '';
let lastCampaign: Campaign | null = null;

function campaignIn(body: string): Campaign {
  if (lastCampaign === null || body !== lastBody) {
    lastCampaign = storedCampaign(body);
    lastBody = body;
  }
  return lastCampaign;
}

function statusAt(row: UnitRow, campaign: Campaign, expiresAt: number | null, now: number): ClaimStatus {
  if (row.revoked_at !== null) return 'revoked';
  if (row.redeemed_at !== null) return 'redeemed';
  if (isIssuedByJob(campaign) && row.issued_at === null) return 'won';
  return expiresAt !== null && now >= expiresAt ? 'expired' : 'issued';
}

export function storedUnit(row: UnitRow, now: number): StoredClaim {
  const campaign = campaignIn(row.body);
  const issuedAt = row.issued_at ?? (isIssuedByJob(campaign) ? null : row.won_at);
  const expiresAt = issuedAt === null ? campaign.couponExpiresAt : expiryOf(campaign, issuedAt);
  return {
    id: claimId(campaign.id, row.seq),
    campaignId: campaign.id,
    userId: String(row.user_id),
    seq: row.seq,
    status: statusAt(row, campaign, expiresAt, now),
    wonAt: row.won_at,
    durability: campaign.durability,
    epoch: row.epoch,
    codeLookup: row.code_lookup,
    key: row.idem_key,
    redeemedAt: row.redeemed_at,
    redeemedBy: row.redeemed_by,
    revokedAt: row.revoked_at,
    revokedReason: row.revoked_reason,
    issuedAt,
    expiresAt,
    heldUntil: row.held_until !== null && row.held_until > now ? row.held_until : null,
    returnedAt: row.returned_at,
  };
}
