/**
 * The last step of `issue`: what a drop leaves behind and nobody needs any more. Of a campaign that is over, gate and line
 * are cleared as the job `sweep` would clear them in time; of one that goes on, wins in the shared gate's outbox that the
 * record has are let go of. Codes that somebody began to import and left are forgotten.
 */

import type { Campaign } from '../core/campaign.ts';
import { dropStaleImports } from '../flow/drop-import.ts';
import { isOver } from '../flow/fill-gate.ts';
import { relay } from '../flow/relay.ts';
import type { SweepGateParts } from '../flow/sweep-gate.ts';
import { clearGate } from '../flow/sweep-gate.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { CodeImports } from '../ports/code-pool.ts';
import type { Step } from './job.ts';
import { CAMPAIGN_PARAM } from './job.ts';

export interface CleanUpParts extends SweepGateParts {
  campaigns: Pick<Campaigns, 'get'>;
  codeImports: Pick<CodeImports, 'stale' | 'drop'>;
}

/** Whoever decided it still brings it to the log. */
const YOUNG_MS = 5_000;

export function cleanUpStep(parts: CleanUpParts): Step<string> {
  return {
    name: 'clean-up',
    total: async () => 1,
    read: async ({ params }, position) => ({
      items: position === null ? [String(params[CAMPAIGN_PARAM])] : [],
      position: 1,
      done: true,
    }),
    async write({ system }, [id]) {
      const now = system.now();
      const campaign = await parts.campaigns.get(id as string);
      const gate = campaign === null ? 'nothing' : await cleared(parts, campaign, now);
      return { written: 1, result: { gate, importsDropped: await dropStaleImports({ ...parts, system }) } };
    },
  };
}

async function cleared(parts: CleanUpParts, campaign: Campaign, now: number): Promise<string> {
  if (isOver(campaign, now)) return clearGate(parts, campaign, now);
  if (parts.shared === undefined) return 'nothing';
  const { keeper } = parts.shared;
  const { batches } = await relay({ ...parts, keeper }, campaign.id, now - YOUNG_MS);
  return batches === 0 ? 'nothing' : 'outbox';
}
