/** How campaigns and claims look on the wire. Epoch milliseconds in here, RFC 3339 in UTC out there. */

import type { Campaign } from '../core/campaign.ts';
import { quantitySaid, startsAt, statusOf } from '../core/campaign.ts';
import type { Claim } from '../core/claim.ts';
import type { Refusal } from '../core/gate.ts';
import type { LiveCampaign } from '../flow/catalog.ts';
import type { ClaimLife, Outcome, Pending, PlaceTold } from '../flow/outcome.ts';
import type { LineCounts } from '../ports/line.ts';
import type { LinePublic } from './parts.ts';

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
  // Made here it needs no escape; imported it may hold anything.
  const code = claim.code === null ? 'null' : JSON.stringify(claim.code);
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

/** A try that waits, as text: the same in answers to presses, to polls, and in streams. */
export function pendingJson({ ticket, place, askAgainMs }: Pending): string {
  const head = `{"verdict":"pending","ticket":"${ticket}"`;
  return `${head}${place === null ? '' : placeJson(place)},"retryAfterMs":${Math.ceil(askAgainMs)}}`;
}

function placeJson(place: PlaceTold): string {
  const { position, servingNumber, ahead, estimatedWaitMs, waitReason, confirmBy } = place;
  const told = `,"position":${position},"servingNumber":${servingNumber},"ahead":${ahead},"estimatedWaitMs":${estimatedWaitMs}`;
  const reason = waitReason === null ? '' : `,"waitReason":${JSON.stringify(waitReason)}`;
  return confirmBy === null ? told + reason : `${told}${reason},"confirmBy":"${timeText(confirmBy)}"`;
}

/** Whole seconds for Retry-After, never sooner than it says in ms. */
export function retrySeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}

/** What became of a try that did not win, for whoever asks after it; `why`: of a place that was given up or ran out. */
export function refusedJson(campaignId: string, verdict: Refusal, why: 'left' | 'expired' | null): string {
  if (why === null) return `{"verdict":"${verdict}","campaignId":"${campaignId}"}`;
  return `{"verdict":"closed","campaignId":"${campaignId}","reason":"${why}"}`;
}

/** What a stream tells its user of an outcome; null for one that is no verdict. */
export function outcomeJson(outcome: Outcome): string | null {
  if (outcome.verdict === 'none') return null;
  if (outcome.verdict === 'pending') return pendingJson(outcome);
  if ('claim' in outcome) return wonJson(outcome.claim);
  return refusedJson(outcome.campaign.id, outcome.verdict, null);
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
    ...(claim.redeemedBy === null ? {} : { redeemedBy: claim.redeemedBy }),
    ...(claim.heldUntil === null ? {} : { reservedUntil: timeText(claim.heldUntil) }),
    ...(claim.revokedAt === null ? {} : { revokedAt: timeText(claim.revokedAt) }),
    ...(claim.expiresAt === null ? {} : { expiresAt: timeText(claim.expiresAt) }),
  };
}

export function remainingOf(live: LiveCampaign): number {
  return Math.max(0, live.campaign.quantity - live.issued);
}

/** Who still may get something by waiting: when nothing is left, nobody. */
export function waitingIn({ waiting, soldOut }: LineCounts): number {
  return soldOut ? 0 : waiting;
}

/** How far a line has come, as text: one for everybody who watches. */
export function servingJson(counts: LineCounts): string {
  return `{"servingNumber":${counts.serving},"waiting":${waitingIn(counts)}}`;
}

/** What people see of a campaign's line; nothing where there is none. */
function publicLine({ campaign }: LiveCampaign, line: LinePublic | undefined): Record<string, unknown> {
  if (campaign.mode !== 'queued') return {};
  const counts = line?.counts(campaign.id) ?? null;
  const commitment = line?.commitment(campaign.id) ?? null;
  return {
    release: campaign.release,
    servingNumber: counts?.serving ?? 0,
    line: {
      waiting: counts === null ? 0 : waitingIn(counts),
      ...(line?.estimatedWaitMs ? { estimatedWaitMs: line.estimatedWaitMs(campaign.id) } : {}),
      ...(commitment === null ? {} : { shuffle: { commitment } }),
    },
  };
}

/** What people see of a campaign. */
export function publicCampaign(
  live: LiveCampaign,
  now: number,
  line: LinePublic | undefined,
): Record<string, unknown> {
  const { campaign } = live;
  return {
    id: campaign.id,
    name: campaign.name,
    kind: campaign.kind,
    mode: campaign.mode,
    quantity: quantitySaid(campaign),
    perUserLimit: campaign.perUserLimit,
    remaining: remainingOf(live),
    status: statusOf(campaign, live.issued, now),
    opensAt: timeOrNull(startsAt(campaign)),
    closesAt: timeOrNull(campaign.closedAt ?? campaign.closesAt),
    serverTime: timeText(now),
    benefit: campaign.benefit,
    firstWonAt: timeOrNull(live.firstWonAt),
    lastWonAt: timeOrNull(live.lastWonAt),
    ...publicLine(live, line),
  };
}

/** A campaign for operators: its definition, its life, and where it stands. */
export function campaignBody(campaign: Campaign, issued: number, now: number): Record<string, unknown> {
  return {
    ...lifeBody(campaign),
    status: statusOf(campaign, issued, now),
    issued: issued - campaign.returned,
    remaining: Math.max(0, campaign.quantity - issued),
  };
}

/** The definition with its life, which is what changes write into the audit log. */
export function lifeBody(campaign: Campaign): Record<string, unknown> {
  return {
    ...definitionBody(campaign),
    returned: campaign.returned,
    version: campaign.version,
    openedAt: timeOrNull(campaign.openedAt),
    pausedAt: timeOrNull(campaign.pausedAt),
    closedAt: timeOrNull(campaign.closedAt),
    archivedAt: timeOrNull(campaign.archivedAt),
    erasedAt: timeOrNull(campaign.erasedAt),
    createdAt: timeText(campaign.createdAt),
    updatedAt: timeText(campaign.updatedAt),
  };
}

function definitionBody(campaign: Campaign): Record<string, unknown> {
  return {
    id: campaign.id,
    name: campaign.name,
    kind: campaign.kind,
    quantity: quantitySaid(campaign),
    perUserLimit: campaign.perUserLimit,
    mode: campaign.mode,
    durability: campaign.durability,
    opensAt: timeOrNull(campaign.opensAt),
    closesAt: timeOrNull(campaign.closesAt),
    release: campaign.release,
    line: campaign.line,
    confirm: campaign.confirm,
    codes: campaign.codes,
    returnUnits: campaign.returnUnits,
    benefit: campaign.benefit,
    couponExpiresAt: timeOrNull(campaign.couponExpiresAt),
    validDays: campaign.validDays,
    eligibility: campaign.eligibility,
  };
}
