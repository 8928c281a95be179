/**
 * Units that are free again go back to the stock: one that its holder gave back or an operator took back before it was
 * used, if the campaign's rule says so, and one of a dead letter that was discarded, always. Each goes out again under a
 * number of its own; the quantity that people are shown stays.
 *
 * Whatever frees a unit leaves it on its way back in its own transaction (ports/coupons), and each goes off that way in
 * the transaction that raises the quantity for it. The gate hears of it afterwards: whoever is interrupted in between has
 * the higher quantity in the store, from where the gate gets it.
 */

import type { Campaign } from '../core/campaign.ts';
import { statusOf } from '../core/campaign.ts';
import type { CodePool } from '../ports/code-pool.ts';
import type { Coupons, UnitsBack } from '../ports/coupons.ts';
import type { System } from '../ports/system.ts';
import type { Actor, CampaignFlow } from './campaign.ts';
import type { Catalog } from './catalog.ts';

export interface ReturnParts {
  catalog: Pick<Catalog, 'all'>;
  coupons: Pick<Coupons, 'comingBack' | 'putBack'>;
  codePool: Pick<CodePool, 'counts'>;
  campaigns: Pick<CampaignFlow, 'takeBack'>;
  system: Pick<System, 'now'>;
  onFault(campaignId: string, error: Error): void;
}

const BY: Actor = { id: 'system', requestId: null };
/** Units in one step: so many rows are in one transaction. */
const STEP_MAX = 1000;

/** Puts back what can be, and resolves with how many units that were. Rejects when the record cannot be asked. */
export async function returnUnits(parts: ReturnParts): Promise<number> {
  const open = openCampaigns(parts);
  const returning = [...open.values()].filter(({ returnUnits }) => returnUnits !== 'no');
  const back = await parts.coupons.comingBack(returning.map(({ id }) => id));
  let all = 0;
  for (const [id, found] of Object.entries(back)) {
    if (!open.has(id) || found.units + found.letters === 0) continue;
    try {
      all += await returnTo(parts, id);
    } catch (error) {
      // One campaign that cannot be changed now keeps no other from it.
      parts.onFault(id, error as Error);
    }
  }
  return all;
}

/** Those whose units can still go out. */
function openCampaigns({ catalog, system }: ReturnParts): Map<string, Campaign> {
  const open = new Map<string, Campaign>();
  for (const { campaign } of catalog.all()) {
    if (isOpen(campaign, system.now())) open.set(campaign.id, campaign);
  }
  return open;
}

function isOpen(campaign: Campaign, now: number): boolean {
  const status = statusOf(campaign, 0, now);
  return status !== 'closed' && status !== 'archived';
}

async function returnTo(parts: ReturnParts, id: string): Promise<number> {
  const { campaigns, coupons } = parts;
  let all = 0;
  for (;;) {
    let count = 0;
    const done = await campaigns.takeBack(id, BY, async (campaign) => {
      const step = await nextStep(parts, campaign);
      count = step.units + step.letters;
      if (count === 0) return null;
      return {
        count,
        store: (next, expected, audit, facts) => coupons.putBack(next, expected, step, audit, facts),
      };
    });
    if (done !== true) return all;
    all += count;
  }
}

/** What goes back next, by the rule that is in force. */
async function nextStep({ coupons, codePool, system }: ReturnParts, campaign: Campaign): Promise<UnitsBack> {
  const none = { units: 0, letters: 0 };
  if (!isOpen(campaign, system.now())) return none;
  const { id, returnUnits, codes, quantity } = campaign;
  const back = (await coupons.comingBack(returnUnits === 'no' ? [] : [id]))[id] ?? none;
  // Row n of a pool belongs to number n: a unit that goes out again needs another row.
  const room =
    codes.source === 'pool' ? Math.max(0, (await codePool.counts(id)).imported - quantity) : STEP_MAX;
  const letters = Math.min(back.letters, room, STEP_MAX);
  return { letters, units: Math.min(back.units, room - letters, STEP_MAX - letters) };
}
