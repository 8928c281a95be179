/**
 * The job `rehearse`: plays a rehearsal of a campaign and keeps what came of it. One at a time, and never while people
 * press or are about to. It is not taken up again: one that was broken off has shown nothing, and is asked for anew.
 */

import { Type } from 'typebox';
import { CAMPAIGN_ID } from '../core/campaign.ts';
import type { RehearsalProgress, RehearsalResult, RehearsalWish } from '../core/rehearsal.ts';
import {
  planRehearsal,
  REHEARSAL_CONCURRENCY_MAX,
  REHEARSAL_SECONDS_MAX,
  REHEARSAL_USERS_MAX,
  REHEARSE,
  whyNotNow,
  wishFault,
} from '../core/rehearsal.ts';
import { said } from '../core/said.ts';
import type { Catalog } from '../flow/catalog.ts';
import type { JobRuns } from '../ports/job-runs.ts';
import type { RehearsalStage, Rehearsing } from '../ports/rehearsal-stage.ts';
import type { System } from '../ports/system.ts';
import type { Heat } from './heat.ts';
import type { Chunk, Job, Step, StepContext } from './job.ts';
import { CAMPAIGN_PARAM } from './job.ts';

export interface RehearseJobParts {
  system: Pick<System, 'now'>;
  catalog: Pick<Catalog, 'get' | 'all'>;
  jobRuns: Pick<JobRuns, 'list'>;
  heat: Pick<Heat, 'hot'>;
  stage: RehearsalStage;
  seek?: ((campaignId: string) => Promise<void>) | undefined;
}

const second = { minimum: 1, maximum: REHEARSAL_SECONDS_MAX };
const PARAMS = Type.Object(
  {
    [CAMPAIGN_PARAM]: Type.String({ pattern: CAMPAIGN_ID.source, description: 'whose shadow is played' }),
    users: Type.Optional(
      Type.Integer({ minimum: 1, maximum: REHEARSAL_USERS_MAX, default: 5000, description: 'people' }),
    ),
    concurrency: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: REHEARSAL_CONCURRENCY_MAX,
        default: 100,
        description: 'connections',
      }),
    ),
    killAtSecond: Type.Optional(
      Type.Number({
        ...second,
        minimum: 0,
        description: 'kill the shadow server then; else it is not killed',
      }),
    ),
    overSeconds: Type.Optional(
      Type.Number({ ...second, description: 'people come over so long; else as fast as answers come back' }),
    ),
    number: Type.Optional(Type.Integer({ minimum: 1, description: 'in the id of the shadow' })),
  },
  { additionalProperties: false },
);

type Params = Readonly<Record<string, unknown>>;
const LOOK_MS = 400;
const numberOr = <T>(value: unknown, other: T): number | T => (typeof value === 'number' ? value : other);

function wishOf(params: Params): RehearsalWish {
  const atSecond = numberOr(params['killAtSecond'], null);
  return {
    users: numberOr(params['users'], 1),
    concurrency: numberOr(params['concurrency'], 1),
    kill: atSecond === null ? null : { part: 'server', atSecond },
    overSeconds: numberOr(params['overSeconds'], null),
  };
}

/** As the run shows it. */
interface Look {
  progress: RehearsalProgress;
  rehearsal?: RehearsalResult;
}

function playStep(parts: RehearseJobParts): Step<Look> {
  /** by run: what this process plays */
  const plays = new Map<string, Rehearsing>();
  return {
    name: 'play',
    async read(context, position): Promise<Chunk<Look>> {
      const { runId } = context;
      if (position === null) plays.set(runId, await begin(parts, context));
      const play = plays.get(runId);
      if (play === undefined) throw new Error(said('rehearsal_cut'));
      try {
        const look = await lookAt(parts, play, context);
        if (look.rehearsal) plays.delete(runId);
        return { items: [look], position: numberOr(position, 0) + 1, done: look.rehearsal !== undefined };
      } catch (error) {
        plays.delete(runId);
        play.stop();
        throw error;
      }
    },
    async write(_context, items) {
      return { written: items.length, result: { ...items.at(-1) } };
    },
  };
}

/** Asked for a while ago, perhaps: whether this is the time for it is looked at again. */
async function begin(
  { system, catalog, heat, stage, jobRuns, seek }: RehearseJobParts,
  { runId, params, signal }: StepContext,
): Promise<Rehearsing> {
  const id = String(params[CAMPAIGN_PARAM]);
  if (catalog.get(id) === undefined) await seek?.(id);
  const live = catalog.get(id);
  if (live === undefined) throw new Error(said('no_campaign', { campaign: id }));
  const why = whyNotNow(campaignsOf(catalog), heat.hot(), system.now());
  if (why !== null) throw new Error(why);
  const runs = await jobRuns.list(REHEARSE, null, 100);
  const other = runs.find((run) => run.status === 'running' && run.id < runId);
  if (other !== undefined) throw new Error(said('rehearsal_other', { run: other.id }));
  const play = stage.begin(planRehearsal(live.campaign, numberOr(params['number'], 1), wishOf(params)));
  // Whoever looks next hears of it.
  play.ended.catch(() => undefined);
  signal.addEventListener('abort', () => play.stop(), { once: true });
  return play;
}

/** How far it is after a moment, or what came of it. */
async function lookAt({ heat }: RehearseJobParts, play: Rehearsing, { system }: StepContext): Promise<Look> {
  const moment = new Promise<null>((resolve) => void system.after(LOOK_MS, () => resolve(null)));
  const rehearsal = await Promise.race([play.ended, moment]);
  const progress = play.progress();
  if (rehearsal !== null) return { progress, rehearsal };
  if (heat.hot()) throw new Error(said('rehearsal_hot'));
  return { progress };
}

const campaignsOf = (catalog: Pick<Catalog, 'all'>) => [...catalog.all()].map(({ campaign }) => campaign);

export function makeRehearseJob(parts: RehearseJobParts): Job {
  const { system, catalog, jobRuns, heat, seek } = parts;
  return {
    name: REHEARSE,
    summary: 'Rehearse a campaign: a shadow copy on a server of its own, a crowd, and a kill in its middle',
    params: PARAMS,
    steps: [playStep(parts)],
    retryLimit: 1,
    // It does not wait between two looks while a drop is hot: it ends.
    givesWay: false,
    async refuses(params) {
      const id = String(params[CAMPAIGN_PARAM]);
      if (catalog.get(id) === undefined) await seek?.(id);
      if (catalog.get(id) === undefined)
        return { code: 'campaign_not_found', detail: `There is no campaign ${id}.` };
      const fault = wishFault(wishOf(params));
      if (fault !== null) return { code: 'invalid_field', detail: fault.detail };
      const refused = (detail: string) => ({ code: 'rehearsal_refused', detail });
      const why = whyNotNow(campaignsOf(catalog), heat.hot(), system.now());
      if (why !== null) return refused(why);
      const runs = await jobRuns.list(REHEARSE, null, 100);
      const other = runs.find(({ status }) => status === 'queued' || status === 'running');
      return other === undefined
        ? null
        : refused(`One is under way already: ${other.id}. Wait for it or stop it.`);
    },
  };
}
