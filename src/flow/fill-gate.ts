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
import type { Catalog } from './catalog.ts';

export interface FillParts {
  campaigns: Campaigns;
  record: RecordStore;
  gate: Gate;
  catalog: Catalog;
  system: System;
}

const CAMPAIGNS_PAGE = 500;
const HOLDERS_PAGE = 50_000;

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

async function takeIn({ record, gate, catalog, system }: FillParts, campaign: Campaign): Promise<void> {
  const live = catalog.put(campaign);
  const status = statusOf(campaign, 0, system.now());
  if (status === 'closed' || status === 'archived') {
    const counts = await record.counts(campaign.id, system.now());
    live.issued = counts.issued;
    live.firstWonAt = counts.firstWonAt;
    live.lastWonAt = counts.lastWonAt;
    return;
  }
  await gate.configure(campaign);
  let seq = 0;
  for (;;) {
    const past = await record.holders(campaign.id, seq, HOLDERS_PAGE);
    await gate.load(campaign.id, past);
    if (past.seqs.length === 0) break;
    seq = past.seqs.at(-1) as number;
    live.firstWonAt ??= past.wonAt[0] as number;
    live.lastWonAt = past.wonAt.at(-1) as number;
    live.issued += past.seqs.length;
  }
  live.atGate = true;
}
