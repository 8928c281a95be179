/**
 * At start: every campaign into the catalog, and the holders of those that may still be claimed from into the gate.
 * The record must have caught up with the log before, or a unit could be given twice.
 */

import type { Campaign } from '../core/campaign.ts';
import { statusOf } from '../core/campaign.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { Gate } from '../ports/gate.ts';
import type { RecordStore } from '../ports/record.ts';
import type { System } from '../ports/system.ts';
import type { Catalog, LiveCampaign } from './catalog.ts';

export interface FillParts {
  campaigns: Campaigns;
  record: RecordStore;
  gate: Gate;
  catalog: Catalog;
  system: System;
}

const CAMPAIGNS_PAGE = 500;
const HOLDERS_PAGE = 10_000;

export async function fillGate(parts: FillParts): Promise<void> {
  let after: { createdAt: number; id: string } | null = null;
  for (;;) {
    const page: Campaign[] = await parts.campaigns.list(after, CAMPAIGNS_PAGE);
    for (const campaign of page) await takeIn(parts, campaign);
    const last = page.at(-1);
    if (!last || page.length < CAMPAIGNS_PAGE) return;
    after = { createdAt: last.createdAt, id: last.id };
  }
}

async function takeIn(parts: FillParts, campaign: Campaign): Promise<void> {
  const { record, catalog, system } = parts;
  const live = catalog.put(campaign);
  // Its holders are known by flow/decided, and its tickets are answered when it is over too.
  const ordered = campaign.mode === 'ordered';
  if (ordered) live.atGate = true;
  if (!ordered && !isOver(campaign, system.now())) return bringToGate(parts, live, campaign);
  const counts = await record.counts(campaign.id, system.now());
  live.issued = counts.issued;
  live.firstWonAt = counts.firstWonAt;
  live.lastWonAt = counts.lastWonAt;
}

/** Nobody can win any more, unless an operator moves the end. */
export function isOver(campaign: Campaign, now: number): boolean {
  const status = statusOf(campaign, 0, now);
  return status === 'closed' || status === 'archived';
}

/**
 * Puts a campaign and its holders into the gate, and only then lets presses go there. Everything that was won before
 * must be in the record.
 */
export async function bringToGate(
  { record, gate }: Pick<FillParts, 'record' | 'gate'>,
  live: LiveCampaign,
  campaign: Campaign,
): Promise<void> {
  await gate.unload(campaign.id);
  await gate.configure(campaign);
  let issued = 0;
  let past = await record.holders(campaign.id, 0, HOLDERS_PAGE);
  while (past.seqs.length > 0) {
    live.firstWonAt ??= past.wonAt[0] as number;
    live.lastWonAt = past.wonAt.at(-1) as number;
    issued += past.seqs.length;
    // The next page is read while this one is taken in.
    const next = record.holders(campaign.id, past.seqs.at(-1) as number, HOLDERS_PAGE);
    await gate.load(campaign.id, past);
    past = await next;
  }
  live.issued = issued;
  live.atGate = true;
}
