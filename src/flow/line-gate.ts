/** The gate of campaigns that have a line: whatever rule the gate is given, its line is given too. */

import type { Campaign } from '../core/campaign.ts';
import type { Gate } from '../ports/gate.ts';
import type { LineHistory } from '../ports/line-history.ts';
import type { Catalog, LiveCampaign } from './catalog.ts';
import { linePast } from './line-past.ts';
import type { LineUp } from './line-up.ts';

/** A gate that tells the line of each queued campaign what it is told. */
export function withLines<G extends Gate>(gate: G, lineUp: LineUp): Pick<Gate, 'begin' | 'configure'> {
  const { line, catalog } = lineUp.parts;
  const tellLine = async (campaign: Campaign): Promise<void> => {
    if (campaign.mode !== 'queued') return;
    const facts = await line.configure(campaign.id, lineUp.ruleOf(campaign));
    const live = catalog.get(campaign.id);
    if (live !== undefined) lineUp.append(live, facts);
  };
  return {
    async begin(campaign) {
      await Promise.all([gate.begin(campaign), tellLine(campaign)]);
    },
    async configure(campaign) {
      const configured = await gate.configure(campaign);
      if (configured.kind === 'ok') await tellLine(campaign);
      return configured;
    },
  };
}

/** Makes the lines of one process anew from what is recorded of them. Everything that was told must be recorded. */
export async function fillLines(lineUp: LineUp, history: LineHistory, catalog: Catalog): Promise<void> {
  for (const live of catalog.all()) {
    const { mode, archivedAt } = live.campaign;
    if (mode === 'queued' && archivedAt === null) await fillLine(lineUp, history, live);
  }
}

async function fillLine(lineUp: LineUp, history: LineHistory, live: LiveCampaign): Promise<void> {
  const { line } = lineUp.parts;
  const { campaign } = live;
  await line.configure(campaign.id, lineUp.ruleOf(campaign));
  for await (const facts of linePast(history, campaign.id)) await line.take(campaign.id, facts);
  // Before anybody asks: the number that is served never goes back.
  const counts = await line.counts(campaign.id);
  if (counts !== null) lineUp.note(live, counts);
}
