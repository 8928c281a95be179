/** How campaigns and claims look on the wire. Epoch milliseconds in here, RFC 3339 in UTC out there. */

import type { Campaign } from '../core/campaign.ts';
import { startsAt, statusOf } from '../core/campaign.ts';
import type { Claim } from '../core/claim.ts';
import type { LiveCampaign } from '../flow/catalog.ts';
import type { ClaimLife } from '../flow/look-up.ts';

let lastMs = Number.NaN;
let lastText = '';

/** RFC 3339 in UTC with milliseconds. In a rush many share a millisecond, so the last one is kept. */
export function timeText(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastText;
}

export function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : timeText(ms);
}

/** A claim as JSON text, by hand: the answer of the winners' path. */
export function claimJson(claim: Claim): string {
  const code = claim.code === null ? 'null' : `"${claim.code}"`;
  return (
    `{"id":"${claim.id}","campaignId":"${claim.campaignId}","userId":${JSON.stringify(claim.userId)},` +
    `"seq":${claim.seq},"status":"${claim.status}","code":${code},"wonAt":"${timeText(claim.wonAt)}",` +
    `"durability":"${claim.durability}"}`
  );
}

/** What a stream tells whoever won. */
export function wonJson(claim: Claim): string {
  return `{"verdict":"won","claim":${claimJson(claim)}}`;
}

export function claimBody(claim: ClaimLife): Record<string, unknown> {
  return {
    id: claim.id,
    campaignId: claim.campaignId,
    userId: claim.userId,
    seq: claim.seq,
    status: claim.status,
    code: claim.code,
    wonAt: timeText(claim.wonAt),
    durability: claim.durability,
    ...(claim.redeemedAt === null ? {} : { redeemedAt: timeText(claim.redeemedAt) }),
    ...(claim.revokedAt === null ? {} : { revokedAt: timeText(claim.revokedAt) }),
    ...(claim.expiresAt === null ? {} : { expiresAt: timeText(claim.expiresAt) }),
  };
}

export function remainingOf(live: LiveCampaign): number {
  return Math.max(0, live.campaign.quantity - live.issued);
}

/** What people see of a campaign. */
export function publicCampaign(live: LiveCampaign, now: number): Record<string, unknown> {
  const { campaign } = live;
  return {
    id: campaign.id,
    name: campaign.name,
    kind: campaign.kind,
    mode: campaign.mode,
    quantity: campaign.quantity,
    perUserLimit: campaign.perUserLimit,
    remaining: remainingOf(live),
    status: statusOf(campaign, live.issued, now),
    opensAt: timeOrNull(startsAt(campaign)),
    closesAt: timeOrNull(campaign.closedAt ?? campaign.closesAt),
    serverTime: timeText(now),
    benefit: campaign.benefit,
    firstWonAt: timeOrNull(live.firstWonAt),
    lastWonAt: timeOrNull(live.lastWonAt),
  };
}

/** A campaign for operators: its definition, its life, and where it stands. */
export function campaignBody(campaign: Campaign, issued: number, now: number): Record<string, unknown> {
  return {
    ...lifeBody(campaign),
    status: statusOf(campaign, issued, now),
    issued,
    remaining: Math.max(0, campaign.quantity - issued),
  };
}

/** The definition with its life, which is what changes write into the audit log. */
export function lifeBody(campaign: Campaign): Record<string, unknown> {
  return {
    ...definitionBody(campaign),
    version: campaign.version,
    openedAt: timeOrNull(campaign.openedAt),
    pausedAt: timeOrNull(campaign.pausedAt),
    closedAt: timeOrNull(campaign.closedAt),
    archivedAt: timeOrNull(campaign.archivedAt),
    createdAt: timeText(campaign.createdAt),
    updatedAt: timeText(campaign.updatedAt),
  };
}

function definitionBody(campaign: Campaign): Record<string, unknown> {
  return {
    id: campaign.id,
    name: campaign.name,
    kind: campaign.kind,
    quantity: campaign.quantity,
    perUserLimit: campaign.perUserLimit,
    mode: campaign.mode,
    durability: campaign.durability,
    opensAt: timeOrNull(campaign.opensAt),
    closesAt: timeOrNull(campaign.closesAt),
    release: campaign.release,
    line: campaign.line,
    confirm: campaign.confirm,
    codes: campaign.codes,
    benefit: campaign.benefit,
    couponExpiresAt: timeOrNull(campaign.couponExpiresAt),
    eligibility: campaign.eligibility,
  };
}
