/** The job `reconcile`: compares gate, log and record of one campaign or of all that are live, and repairs by rule. */

import { Type } from 'typebox';
import { CAMPAIGN_ID, startsAt } from '../core/campaign.ts';
import type { Catalog, LiveCampaign } from '../flow/catalog.ts';
import type { ReconcileAsk, Reconciled } from '../flow/reconcile.ts';
import type { System } from '../ports/system.ts';
import type { Job, Position, Step } from './job.ts';
import { CAMPAIGN_PARAM } from './job.ts';

export interface ReconcileJobParts {
  system: Pick<System, 'now'>;
  catalog: Pick<Catalog, 'get' | 'all'>;
  reconcile(ask: ReconcileAsk): Promise<Reconciled | null>;
  seek?: ((campaignId: string) => Promise<void>) | undefined;
}

const PARAMS = Type.Object(
  {
    [CAMPAIGN_PARAM]: Type.Optional(
      Type.String({ pattern: CAMPAIGN_ID.source, description: 'only this one; else all that are live' }),
    ),
    apply: Type.Optional(
      Type.Boolean({ default: true, description: 'do what can be done by rule; else only look' }),
    ),
  },
  { additionalProperties: false },
);

/** Units may be under way for so long after the last one that anybody saw. */
const QUIET_MS = 3_600_000;

/** It has begun, and is not long over: something may be under way in it. */
function isLive({ campaign, issued, lastWonAt }: LiveCampaign, now: number): boolean {
  const start = startsAt(campaign);
  if (campaign.archivedAt !== null || start === null || start > now) return false;
  const over = campaign.closedAt ?? campaign.closesAt;
  if (over !== null && over < now - QUIET_MS) return false;
  return issued < campaign.quantity || Math.max(start, lastWonAt ?? 0) > now - QUIET_MS;
}

function compareStep({ system, catalog, reconcile }: ReconcileJobParts): Step<string> {
  const asked = (params: Readonly<Record<string, unknown>>): string[] => {
    const campaign = params[CAMPAIGN_PARAM];
    if (typeof campaign === 'string') return [campaign];
    return [...catalog.all()]
      .filter((live) => isLive(live, system.now()))
      .map((live) => live.campaign.id)
      .sort();
  };
  return {
    name: 'compare',
    chunkSize: 1,
    total: async ({ params }) => asked(params).length,
    async read({ params }, position: Position | null, size) {
      const left = asked(params).filter((id) => position === null || id > (position as string));
      const items = left.slice(0, size);
      return { items, position: items.at(-1) ?? position ?? '', done: left.length <= size };
    },
    async write({ params, by }, items) {
      const result: Record<string, unknown> = {};
      const skipped: Record<string, number> = {};
      let written = 0;
      for (const campaignId of items) {
        const done = await reconcile({
          campaignId,
          apply: params['apply'] !== false,
          releaseReserved: null,
          by: { id: by, requestId: null },
        });
        if (done === null) skipped['gone'] = (skipped['gone'] ?? 0) + 1;
        else written += 1;
        if (done === null || done.ok) continue;
        result[campaignId] = done.differences
          .filter(({ alarm }) => alarm)
          .map(({ kind, count, says }) => ({ kind, count, says }));
      }
      return { written, skipped, result };
    },
  };
}

export function makeReconcileJob(parts: ReconcileJobParts): Job {
  const { system, catalog, seek } = parts;
  return {
    name: 'reconcile',
    summary: 'Compare gate, log and record of the live campaigns, or of one, and repair by rule',
    params: PARAMS,
    loose: ['apply'],
    steps: [compareStep(parts)],
    usual: { cron: '* * * * *' },
    isDue: () => [...catalog.all()].some((live) => isLive(live, system.now())),
    async refuses(params) {
      const campaign = params[CAMPAIGN_PARAM];
      if (typeof campaign !== 'string') return null;
      if (catalog.get(campaign) === undefined) await seek?.(campaign);
      return catalog.get(campaign) === undefined
        ? { code: 'campaign_not_found', detail: `There is no campaign ${campaign}.` }
        : null;
    },
  };
}
