/** Batch jobs: everybody may ask for runs, and the processes with the role `jobs` do them, by schedule too. */

import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { cron } from '../adapters/system/cron.ts';
import type { ClaimFlow } from '../flow/claim.ts';
import { makeIntegrity } from '../flow/integrity.ts';
import { makeJobFlow } from '../flow/job-flow.ts';
import { makeReconcile } from '../flow/reconcile.ts';
import { makeSights } from '../flow/sight.ts';
import type { GaugeReading } from '../http/parts.ts';
import { makeJobs } from '../jobs/all.ts';
import type { Heat } from '../jobs/heat.ts';
import { makeHeat } from '../jobs/heat.ts';
import type { Job } from '../jobs/job.ts';
import type { JobEvent } from '../jobs/job-event.ts';
import type { Runner } from '../jobs/runner.ts';
import { startRunner } from '../jobs/runner.ts';
import { startSchedule } from '../jobs/schedule.ts';
import type { AfterWinParts, Started } from './area.ts';
import { makeRehearsalStage } from './rehearsal-stage.ts';
import { repeat } from './repeat.ts';
import { sweepParts } from './sweeping.ts';

const FIGURES_EVERY_MS = 5_000;

export function startJobs(parts: AfterWinParts): Started {
  const { stored, system, config, catalog } = parts;
  const heat = makeHeat({ catalog, system, pressesPerSecond: config.jobsHotPresses });
  const stage = makeRehearsalStage(system);
  const jobs = makeJobs({
    ...parts,
    claims: pressing(parts.claims, heat),
    reconcile: makeReconcile(parts),
    integrity: integrityOf(parts),
    sweep: sweepParts(parts),
    ...{ heat, stage },
  });
  const working = config.role.includes('jobs') ? startWork(parts, jobs, heat) : null;
  if (working === null) heat.stop();
  const flow = makeJobFlow({
    jobs,
    runs: stored.jobRuns,
    schedules: stored.jobSchedules,
    cron,
    system,
    poke: () => working?.runner.poke(),
    stopRun: (id) => working?.runner.stopRun(id),
  });
  return {
    served: { jobs: flow },
    gauges: () => working?.gauges() ?? [],
    async stop() {
      await working?.stop();
      await stage.stop();
    },
  };
}

/** By what the record and the gate say; what people were told is compared where they are answered. */
function integrityOf(parts: AfterWinParts): ReturnType<typeof makeIntegrity> {
  const { epochs, line, shared } = parts;
  return makeIntegrity({
    ...{ ...parts, sights: makeSights(shared), lineChecks: line?.checks },
    epochOf: epochs && ((campaignId) => epochs.of(campaignId)),
  });
}

/** What jobs press with: nobody takes their presses for a crowd. */
function pressing(claims: ClaimFlow, heat: Heat): ClaimFlow {
  return {
    claim: (press, tell) =>
      claims.claim(press, (outcome) => {
        heat.own(1);
        tell(outcome);
      }),
    waiting: () => claims.waiting(),
  };
}

/** Runner, schedule and figures of a process that does jobs. */
function startWork(parts: AfterWinParts, jobs: readonly Job[], heat: Heat) {
  const { stored, system, config, logger, leases } = parts;
  const figures = new Figures();
  const runner: Runner = startRunner({
    jobs,
    runs: stored.jobRuns,
    system,
    heat,
    owner: `${hostname()}-${process.pid}-${system.randomBytes(4).toString('hex')}`,
    alone: leases === undefined,
    giveWayMaxMs: config.jobsGiveWaySeconds * 1000,
    atOnce: config.jobsAtOnce,
    retryMax: config.retryMax,
    retryFirstMs: config.retryBaseMs,
    tell: (event) => {
      figures.take(event);
      log(logger, event);
    },
  });
  const schedule = startSchedule({
    jobs,
    schedules: stored.jobSchedules,
    cron,
    system,
    poke: () => runner.poke(),
    onFault: (error) => logger.debug({ err: error }, 'the schedule of jobs waits'),
  });
  const reading = repeat(system, FIGURES_EVERY_MS, async () => {
    try {
      const [{ counts, oldestQueuedAt }, newest] = await Promise.all([
        stored.jobRuns.figures(),
        stored.jobRuns.newest(),
      ]);
      figures.runs = counts;
      figures.queuedSeconds = oldestQueuedAt === null ? 0 : Math.max(0, system.now() - oldestQueuedAt) / 1000;
      figures.failed = new Map(newest.map(({ job, status }) => [job, status === 'failed' ? 1 : 0]));
    } catch (error) {
      logger.debug({ err: error }, 'the figures of jobs wait');
    }
  });
  return {
    runner,
    gauges: () => figures.gauges(heat.hot()),
    async stop() {
      await schedule.stop();
      await runner.stop();
      heat.stop();
      await reading.stop();
    },
  };
}

function log(logger: Logger, event: JobEvent): void {
  if (event.type === 'job.ended' && event.error !== null) {
    const { error, ...rest } = event;
    logger.error({ ...rest, err: error }, 'a job has failed');
  } else if (event.type === 'chunk.retried') logger.warn(event, 'a chunk of a job is tried again');
  else if (event.type === 'chunk.done') logger.trace(event, event.type);
  else logger.debug(event, event.type);
}

const STATUSES = ['queued', 'running', 'completed', 'failed', 'stopped'] as const;

/** What /metrics tells of jobs. */
class Figures {
  runs: Record<string, number> = {};
  queuedSeconds = 0;
  /** by job: its last run has failed */
  failed = new Map<string, number>();
  readonly #chunks = new Map<string, { count: number; seconds: number; items: number }>();
  #retries = 0;

  take(event: JobEvent): void {
    if (event.type === 'chunk.retried') this.#retries += 1;
    if (event.type !== 'chunk.done') return;
    const { count = 0, seconds = 0, items = 0 } = this.#chunks.get(event.job) ?? {};
    this.#chunks.set(event.job, {
      count: count + 1,
      seconds: seconds + event.tookMs / 1000,
      items: items + event.read,
    });
  }

  gauges(hot: boolean): GaugeReading[] {
    const perJob = (name: string, help: string, of: 'count' | 'seconds' | 'items'): GaugeReading[] =>
      [...this.#chunks].map(([job, chunks]) => ({ name, help, labels: { job }, value: chunks[of] }));
    return [
      ...STATUSES.map((status) => ({
        name: 'dibs_job_runs',
        help: 'Runs of jobs that are kept, by status.',
        labels: { status },
        value: this.runs[status] ?? 0,
      })),
      ...[...this.failed].map(([job, value]) => ({
        name: 'dibs_job_failed',
        help: 'The newest run of the job has failed: 1.',
        labels: { job },
        value,
      })),
      {
        name: 'dibs_job_queued_seconds',
        help: 'How long the run that waits longest has waited for a runner.',
        value: this.queuedSeconds,
      },
      ...perJob('dibs_job_chunks_total', 'Chunks of jobs that this process has committed.', 'count'),
      ...perJob('dibs_job_chunk_seconds_total', 'Time spent on them.', 'seconds'),
      ...perJob('dibs_job_items_total', 'Items read in them.', 'items'),
      {
        name: 'dibs_job_chunk_retries_total',
        help: 'Chunks tried again after a fault that may pass.',
        value: this.#retries,
      },
      {
        name: 'dibs_job_gives_way',
        help: 'A drop is hot, and jobs give way to it: 1.',
        value: hot ? 1 : 0,
      },
    ];
  }
}
