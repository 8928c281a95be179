/**
 * Blocks of numbers for campaigns whose wins are told before the log has them: leased from SQL before any of them is given
 * out, so that it is known after a loss of the gate which ones may have been. More are leased before a block is used up,
 * by whichever process notices.
 */

import type { Logger } from 'pino';
import type { Campaign } from '../core/campaign.ts';
import type { Catalog } from '../flow/catalog.ts';
import { blockOf } from '../flow/supervise.ts';
import type { Epochs } from '../ports/epochs.ts';
import type { Gate } from '../ports/gate.ts';
import type { GateKeeper } from '../ports/shared-gate.ts';

export interface NumberBlockParts {
  catalog: Catalog;
  gate: Gate;
  keeper: Pick<GateKeeper, 'inForce' | 'extend'>;
  epochs: Pick<Epochs, 'lease'>;
  logger: Logger;
}

export interface NumberBlocks {
  /** The gate, with a look at how far each block is used. */
  gate: Gate;
  /** Leases more for a campaign, if that is not under way. */
  more(campaignId: string): Promise<void>;
}

/** More are leased when so much of a block is left. */
const LEFT = 0.75;

export function makeNumberBlocks(parts: NumberBlockParts): NumberBlocks {
  const { catalog, gate, keeper, epochs, logger } = parts;
  const ends = new Map<string, number>();
  const leasing = new Set<string>();

  async function lease(campaign: Campaign): Promise<void> {
    const inForce = await keeper.inForce(campaign.id);
    if (inForce === null || inForce.lastSeq >= campaign.quantity * 2) return;
    const blockEnd = inForce.lastSeq + blockOf(campaign);
    if (!(await epochs.lease(campaign.id, inForce.epoch, blockEnd))) return;
    await keeper.extend(campaign.id, inForce.epoch, { blockEnd, leaseUntil: null });
    ends.set(campaign.id, blockEnd);
  }

  async function more(campaignId: string): Promise<void> {
    const campaign = catalog.get(campaignId)?.campaign;
    if (campaign === undefined || leasing.has(campaignId)) return;
    leasing.add(campaignId);
    try {
      await lease(campaign);
    } catch (error) {
      logger.warn({ err: error, campaignId }, 'no more numbers could be leased');
    } finally {
      leasing.delete(campaignId);
    }
  }

  return {
    more,
    gate: {
      ...gate,
      async begin(campaign) {
        await gate.begin(campaign);
        if (campaign.durability !== 'logged') await lease(campaign);
      },
      claim(campaignId, attempt, answer) {
        const campaign = catalog.get(campaignId)?.campaign;
        if (campaign === undefined || campaign.durability === 'logged') {
          return gate.claim(campaignId, attempt, answer);
        }
        return gate.claim(campaignId, attempt, (given) => {
          answer(given);
          if (given.verdict !== 'won') return;
          const left = (ends.get(campaignId) ?? 0) - given.fact.seq;
          if (left < LEFT * blockOf(campaign)) void more(campaignId);
        });
      },
    },
  };
}
