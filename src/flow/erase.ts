/**
 * The people of an archived campaign are taken out of what is kept. First nobody is known by his name any more, then the
 * names go, then it is said that they are gone: whoever is broken off in between goes on, and nobody is told half of it.
 */

import type { Campaign } from '../core/campaign.ts';
import { erasureKey } from '../core/erased.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { System } from '../ports/system.ts';
import type { Actor } from './campaign.ts';
import type { Catalog } from './catalog.ts';
import type { SweepGateParts } from './sweep-gate.ts';
import { clearGate } from './sweep-gate.ts';

export interface EraseParts extends SweepGateParts {
  campaigns: Pick<Campaigns, 'get' | 'update'>;
  catalog: Catalog;
  system: Pick<System, 'now'>;
  /** the master secret */
  master: Buffer;
  /** Leaves nothing in files of what was taken out of them; absent: it is not in files of ours. */
  scrub?: (() => Promise<void>) | undefined;
}

/** `moving`: not now, something is still on its way. `changed`: somebody has changed it meanwhile. */
export type EraseStep = 'done' | 'gone' | 'not_archived' | 'moving' | 'changed';

/** Is its time come? `keepMs` after it was archived; null: never by itself. */
export function isToErase({ archivedAt, erasedAt }: Campaign, keepMs: number | null, now: number): boolean {
  return archivedAt !== null && erasedAt === null && keepMs !== null && archivedAt < now - keepMs;
}

/** The key under which its users are hashed, hex. */
export function eraseKeyOf({ master }: Pick<EraseParts, 'master'>, campaignId: string): string {
  return erasureKey(master, campaignId).toString('hex');
}

/** From here on nobody is told that he won in it, and no late press can win. */
export async function beginErasing(parts: EraseParts, campaignId: string, by: Actor): Promise<EraseStep> {
  const { campaigns, system } = parts;
  const campaign = await campaigns.get(campaignId);
  if (campaign === null) return 'gone';
  if (campaign.archivedAt === null) return 'not_archived';
  const now = system.now();
  if ((await clearGate(parts, campaign, now)) === 'moving') return 'moving';
  if (campaign.erasingAt !== null) return 'done';
  return store(parts, campaign, { eligibility: null, erasingAt: now }, 'campaign.erase', by);
}

/** Everything is taken out: also of the bytes of our own files. */
export async function endErasing(parts: EraseParts, campaignId: string, by: Actor): Promise<EraseStep> {
  await parts.scrub?.();
  const campaign = await parts.campaigns.get(campaignId);
  if (campaign === null) return 'gone';
  if (campaign.erasedAt !== null) return 'done';
  return store(parts, campaign, { erasedAt: parts.system.now() }, 'campaign.erased', by);
}

async function store(
  { campaigns, catalog, system }: EraseParts,
  campaign: Campaign,
  change: Partial<Campaign>,
  action: string,
  by: Actor,
): Promise<EraseStep> {
  const { id, version } = campaign;
  const now = system.now();
  const next: Campaign = { ...campaign, ...change, version: version + 1, updatedAt: now };
  const { erasingAt, erasedAt } = next;
  const audit = {
    ...{ at: now, actor: by.id, requestId: by.requestId, action, target: id },
    before: { erasingAt: campaign.erasingAt, erasedAt: campaign.erasedAt },
    after: { erasingAt, erasedAt },
  };
  if (!(await campaigns.update(next, version, audit, []))) return 'changed';
  const live = catalog.get(id);
  if (live !== undefined) catalog.put({ ...next, epoch: live.campaign.epoch });
  return 'done';
}
