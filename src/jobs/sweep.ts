/**
 * The job `sweep`: lets go of whatever is over. Leftovers at the gate and in lines, holds of checkouts that ended without
 * a word, coupons that have expired (each told once), rows and files past their time, and the people of campaigns that
 * were archived long ago. Every step may be broken off anywhere and done again.
 */

import { Type } from 'typebox';
import { CAMPAIGN_ID } from '../core/campaign.ts';
import type { OldKind } from '../core/kept.ts';
import type { Job } from './job.ts';
import { CAMPAIGN_PARAM } from './job.ts';
import { eraseStep } from './sweep-erase.ts';
import { ERASE_PARAM, type SweepParts } from './sweep-parts.ts';
import { gatesStep, oldStep, stagingsStep, unitsStep } from './sweep-steps.ts';

const ID = { pattern: CAMPAIGN_ID.source };
const PARAMS = Type.Object(
  {
    [CAMPAIGN_PARAM]: Type.Optional(
      Type.String({
        ...ID,
        description: 'only this campaign, and no rows that are of no campaign; else all',
      }),
    ),
    [ERASE_PARAM]: Type.Optional(
      Type.String({
        ...ID,
        description: 'take the people out of this archived campaign now, and do nothing else',
      }),
    ),
  },
  { additionalProperties: false },
);

export function makeSweepJob(parts: SweepParts): Job {
  const { rows } = parts.keep;
  const kinds = Object.keys(rows) as OldKind[];
  return {
    name: 'sweep',
    summary:
      'Let go of what is over: gates, lines, holds, expired coupons, old rows, people of archived campaigns',
    params: PARAMS,
    steps: [
      gatesStep(parts),
      unitsStep(parts),
      eraseStep(parts),
      ...kinds.map((kind) => oldStep(parts, kind, rows[kind])),
      stagingsStep(parts),
    ],
    usual: { cron: '17 4 * * *' },
    async refuses(params) {
      for (const name of [CAMPAIGN_PARAM, ERASE_PARAM]) {
        const id = params[name];
        if (typeof id !== 'string') continue;
        const campaign = await parts.campaigns.get(id);
        if (campaign === null) return { code: 'campaign_not_found', detail: `There is no campaign ${id}.` };
        if (name === ERASE_PARAM && campaign.archivedAt === null) {
          return { code: 'campaign_live', detail: 'Only an archived campaign is erased: archive it first.' };
        }
      }
      return null;
    },
  };
}
