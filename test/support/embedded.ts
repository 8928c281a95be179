// The embedded parts with their flows, in this process: for tests that break what is under them.

import { randomBytes } from 'node:crypto';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { Campaign } from '../../src/core/campaign.ts';
import { makeCampaignFlow } from '../../src/flow/campaign.ts';
import { makeClaimFlow } from '../../src/flow/claim.ts';
import type { Outcome } from '../../src/flow/outcome.ts';
import type { EmbeddedParts } from '../../src/main/embedded.ts';
import { startEmbedded } from '../../src/main/embedded.ts';
import { noteSqlite } from './note-sqlite.ts';

export const master = randomBytes(32);
const operator = { id: 'test', requestId: null };

export interface Embedded {
  parts: EmbeddedParts;
  /** Makes a campaign and opens it. */
  open(id: string, over: Partial<Campaign>): Promise<void>;
  press(campaignId: string, userId: string): Promise<Outcome>;
}

export async function openEmbedded(dataDir: string): Promise<Embedded> {
  const system = makeSystem();
  const options = { dataDir, master, recorderBatch: 1000, recorderRatePerSecond: 0 };
  const parts = await startEmbedded(options, system);
  noteSqlite();
  const claims = makeClaimFlow({ ...parts, inFlightMax: 10_000, logWaitingMax: 10_000 });
  const campaigns = makeCampaignFlow(parts);
  return {
    parts,
    async open(id, over) {
      await campaigns.create({ id, name: id, quantity: 1000, ...over }, operator);
      await campaigns.act(id, 'open', operator);
    },
    press: (campaignId, userId) =>
      new Promise((resolve) => claims.claim({ campaignId, userId, key: null, tokenClaims: {} }, resolve)),
  };
}
