/** The rows of the table about batch jobs, and how they give way to people. */

import type { Option } from './option.ts';

export const jobOptions = [
  {
    name: 'DIBS_JOBS_AT_ONCE',
    key: 'jobsAtOnce',
    flag: '--jobs-at-once',
    type: 'integer',
    default: '4',
    min: 1,
    max: 64,
    description: 'Runs of jobs that one process works on at the same time. More wait.',
    group: 'Several processes',
  },
  {
    name: 'DIBS_JOBS_HOT_PRESSES',
    key: 'jobsHotPresses',
    flag: '--jobs-hot-presses',
    type: 'integer',
    default: '100',
    min: 1,
    max: 1_000_000,
    description:
      'Presses, or units going out, a second from which on a drop counts as hot: jobs give way until it has cooled.',
    group: 'Several processes',
  },
  {
    name: 'DIBS_JOBS_GIVE_WAY_SECONDS',
    key: 'jobsGiveWaySeconds',
    flag: '--jobs-give-way-seconds',
    type: 'integer',
    default: '900',
    min: 0,
    max: 86_400,
    description:
      'How long a run gives way to hot drops in all; then it goes on at its own pace. 0: it never gives way.',
    group: 'Several processes',
  },
] as const satisfies readonly Option[];
