/** Rehearsals of a campaign as operators ask for them and look at them. Each is a run of the job `rehearse`. */

import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { RehearsalWish } from '../core/rehearsal.ts';
import { REHEARSE, wishFault } from '../core/rehearsal.ts';
import type { JobRun } from '../ports/job-runs.ts';
import type { Actor } from './campaign.ts';
import type { JobFlow } from './job-flow.ts';

export interface Rehearsals {
  /** Begins one as soon as somebody is free for it, or says why not. */
  ask(campaignId: string, wish: RehearsalWish, by: Actor): Promise<{ run: JobRun } | { problem: Problem }>;
  /** null: the campaign has none of this id */
  get(campaignId: string, id: string): Promise<JobRun | null>;
  /** The newest few of a campaign, newest first. */
  list(campaignId: string): Promise<JobRun[]>;
  /** Breaks one off. */
  stop(campaignId: string, id: string, by: Actor): Promise<{ run: JobRun } | { problem: Problem }>;
}

const SHOWN_MAX = 10;
const LOOKED_AT_MAX = 1000;
const NOT_FOUND = problem('rehearsal_not_found');

export const rehearsalNumber = ({ params }: JobRun): number =>
  typeof params['number'] === 'number' ? params['number'] : 1;

export function makeRehearsals(jobs: Pick<JobFlow, 'ask' | 'run' | 'runs' | 'stop'>): Rehearsals {
  const of = async (campaignId: string): Promise<JobRun[]> =>
    (await jobs.runs(REHEARSE, null, LOOKED_AT_MAX)).filter(
      ({ params }) => params['campaign'] === campaignId,
    );
  const get = async (campaignId: string, id: string): Promise<JobRun | null> => {
    const run = await jobs.run(id);
    return run?.job === REHEARSE && run.params['campaign'] === campaignId ? run : null;
  };
  return {
    get,
    list: async (campaignId) => (await of(campaignId)).slice(0, SHOWN_MAX),
    async ask(campaignId, wish, by) {
      const fault = wishFault(wish);
      if (fault !== null)
        return { problem: problem('invalid_field', fault.detail, { pointer: fault.pointer }) };
      const { users, concurrency, kill, overSeconds } = wish;
      const last = Math.max(0, ...(await of(campaignId)).map(rehearsalNumber));
      const params = {
        ...{ campaign: campaignId, users, concurrency, number: last + 1 },
        ...(kill === null ? {} : { killAtSecond: kill.atSecond }),
        ...(overSeconds === null ? {} : { overSeconds }),
      };
      return jobs.ask(REHEARSE, params, by);
    },
    async stop(campaignId, id, by) {
      if ((await get(campaignId, id)) === null) return { problem: NOT_FOUND };
      return jobs.stop(id, by);
    },
  };
}
