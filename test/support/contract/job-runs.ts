// What every store of runs promises (ports/job-runs, ports/job-schedules): the same work waits or runs once; of many
// who claim a run one gets it; who was overtaken writes nothing; of many who see that a time has come one asks.

import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { JobRuns, NewRun, StepState } from '../../../src/ports/job-runs.ts';
import type { JobSchedule, JobSchedules } from '../../../src/ports/job-schedules.ts';
import type { Operators } from '../../../src/ports/operators.ts';
import { sampleAudit, T0 } from '../samples.ts';

export interface JobRunsPlace {
  runs: JobRuns;
  schedules: JobSchedules;
  operators: Pick<Operators, 'listAudit'>;
}

const LEASE_MS = 60_000;
const SHORT_MS = 40;

function newRun(id: string, over: Partial<NewRun> = {}): NewRun {
  return {
    ...{ id: `run-${id}`, job: 'issue', params: { campaign: '치킨' }, paramsKey: 'issue:a' },
    ...{ by: 'env', at: T0, once: false },
    ...over,
  };
}

const STEP: StepState = {
  ...{ name: 'give', status: 'running', position: { after: 17 }, total: 300, read: 100, written: 98 },
  ...{ skipped: 2, skips: { bad_item: 2 }, chunks: 1, retries: 0, startedAt: T0, endedAt: null },
  ...{ busyMs: 12, lastError: '문제' },
};
const PROGRESS = { steps: [STEP], result: { file: 'f-1' } };
const audit = sampleAudit({ action: 'job.run' });

export function jobRunsContract(name: string, makePlace: () => Promise<JobRunsPlace>): void {
  describe(`${name} runs of jobs`, () => {
    it('queues the same work once, and again when it is completed', async () => {
      const { runs, operators } = await makePlace();
      const made = await runs.ask(newRun('1'), audit);
      expect(made).toMatchObject({
        kind: 'made',
        run: { status: 'queued', params: { campaign: '치킨' }, steps: [] },
      });
      expect(await runs.ask(newRun('2'), audit)).toEqual({ kind: 'running', run: made.run });
      const [line] = await operators.listAudit(null, 10);
      expect(line).toMatchObject({ action: 'job.run', target: 'run-1' });
      const claimed = await runs.claim('me', LEASE_MS, false, T0 + 1);
      expect(claimed).toMatchObject({
        id: 'run-1',
        status: 'running',
        fence: 1,
        starts: 1,
        startedAt: T0 + 1,
      });
      expect((await runs.ask(newRun('3'), audit)).kind).toBe('running');
      const ended = { status: 'completed', lastError: null, at: T0 + 2, ...PROGRESS } as const;
      expect(await runs.end('run-1', 1, ended)).toBe(true);
      expect((await runs.ask(newRun('4', { once: true }), audit)).kind).toBe('completed');
      expect(await runs.ask(newRun('5'), audit)).toMatchObject({ kind: 'made', run: { id: 'run-5' } });
      expect(await operators.listAudit(null, 10)).toHaveLength(2);
    });

    it('of many who ask for the same work at once one makes a run, of many who claim it one has it', async () => {
      const { runs } = await makePlace();
      const asked = await Promise.all(Array.from({ length: 8 }, (_, i) => runs.ask(newRun(`a${i}`), null)));
      expect(asked.filter(({ kind }) => kind === 'made')).toHaveLength(1);
      expect(new Set(asked.map(({ run }) => run.id)).size).toBe(1);
      const claimed = await Promise.all(
        Array.from({ length: 8 }, (_, i) => runs.claim(`owner-${i}`, LEASE_MS, false, T0)),
      );
      expect(claimed.filter((run) => run !== null)).toHaveLength(1);
    });

    it('takes over from a runner whose time is over, and refuses what that one writes then', async () => {
      const { runs } = await makePlace();
      await runs.ask(newRun('1'), null);
      await runs.claim('first', SHORT_MS, false, T0);
      expect(await runs.checkpoint('run-1', 1, PROGRESS, SHORT_MS)).toBe(true);
      expect(await runs.claim('second', LEASE_MS, false, T0)).toBeNull();
      await wait(SHORT_MS + 30);
      const taken = await runs.claim('second', LEASE_MS, false, T0 + 9);
      expect(taken).toMatchObject({ fence: 2, starts: 2, startedAt: T0, owner: 'second', ...PROGRESS });
      expect(await runs.checkpoint('run-1', 1, { steps: [], result: {} }, LEASE_MS)).toBe(false);
      expect(await runs.renew('run-1', 1, LEASE_MS)).toBe('lost');
      const ended = { ...PROGRESS, status: 'failed', lastError: 'old', at: T0 } as const;
      expect(await runs.end('run-1', 1, ended)).toBe(false);
      expect(await runs.get('run-1')).toEqual(taken);
    });

    it('who is alone takes what another start has left, at once, and never his own', async () => {
      const { runs } = await makePlace();
      await runs.ask(newRun('1'), null);
      await runs.claim('before', LEASE_MS, true, T0);
      expect(await runs.claim('now', LEASE_MS, true, T0)).toMatchObject({ id: 'run-1', fence: 2 });
      expect(await runs.claim('now', LEASE_MS, true, T0)).toBeNull();
    });

    it('stops what waits at once and asks what runs, each with one line in the audit log', async () => {
      const { runs, operators } = await makePlace();
      expect(await runs.stop('run-9', audit)).toBeNull();
      await runs.ask(newRun('1'), null);
      expect(await runs.stop('run-1', audit)).toMatchObject({ changed: true, run: { status: 'stopped' } });
      expect(await runs.stop('run-1', audit)).toMatchObject({ changed: false });
      expect(await runs.ask(newRun('2'), null)).toMatchObject({ kind: 'restarted', run: { id: 'run-1' } });
      await runs.claim('me', LEASE_MS, false, T0);
      expect(await runs.renew('run-1', 1, LEASE_MS)).toBe('held');
      expect(await runs.stop('run-1', audit)).toMatchObject({ changed: true, run: { status: 'running' } });
      expect(await runs.stop('run-1', audit)).toMatchObject({ changed: false });
      expect(await runs.renew('run-1', 1, LEASE_MS)).toBe('stop');
      const ended = { status: 'stopped', lastError: null, at: T0 + 5, ...PROGRESS } as const;
      await runs.end('run-1', 1, ended);
      expect(await operators.listAudit(null, 10)).toHaveLength(2);
      const again = await runs.ask(newRun('3', { by: 'other' }), audit);
      expect(again).toMatchObject({ kind: 'restarted', run: { stopAsked: false, by: 'other', ...PROGRESS } });
    });

    it('what is given back waits again, with all that was done', async () => {
      const { runs } = await makePlace();
      await runs.ask(newRun('1'), null);
      await runs.claim('me', LEASE_MS, false, T0);
      const back = { status: 'queued', lastError: null, at: T0, ...PROGRESS } as const;
      expect(await runs.end('run-1', 1, back)).toBe(true);
      expect((await runs.ask(newRun('2'), null)).kind).toBe('running');
      const next = await runs.claim('you', LEASE_MS, false, T0);
      expect(next).toMatchObject({ id: 'run-1', fence: 2, endedAt: null, ...PROGRESS });
    });

    it('lists newest first page by page, tells the newest of each job, and the figures', async () => {
      const { runs } = await makePlace();
      for (let i = 1; i <= 5; i++) {
        await runs.ask(
          newRun(`${i}`, { job: i === 5 ? 'sweep' : 'issue', paramsKey: `k:${i}`, at: T0 + i }),
          null,
        );
      }
      const ids = async (job: string | null, before: string | null) =>
        (await runs.list(job, before, 2)).map(({ id }) => id);
      expect(await ids(null, null)).toEqual(['run-5', 'run-4']);
      expect(await ids('issue', 'run-4')).toEqual(['run-3', 'run-2']);
      expect((await runs.newest()).map(({ id }) => id).sort()).toEqual(['run-4', 'run-5']);
      const first = await runs.claim('me', LEASE_MS, false, T0);
      await runs.end(first?.id ?? '', 1, {
        status: 'failed',
        lastError: 'x'.repeat(9000),
        at: T0 + 50,
        ...PROGRESS,
      });
      expect(await runs.figures()).toEqual({ counts: { queued: 4, failed: 1 }, oldestQueuedAt: T0 + 2 });
      expect((await runs.get('run-1'))?.lastError).toHaveLength(4000);
    });
  });

  describe(`${name} schedules of jobs`, () => {
    const schedule: JobSchedule = {
      ...{ id: 'sweep', job: 'sweep', params: { all: true }, cron: '0 3 * * *' },
      ...{ timeZone: 'Asia/Seoul', enabled: true, doneUntil: T0 },
    };

    it('makes the usual one once, and keeps what operators say, with a line for each', async () => {
      const { schedules, operators } = await makePlace();
      await Promise.all([schedules.putUsual(schedule), schedules.putUsual(schedule)]);
      const changed = { ...schedule, cron: '0 4 * * *', enabled: false };
      await schedules.put(changed, audit);
      await schedules.putUsual(schedule);
      await schedules.put({ ...schedule, id: 'more' }, audit);
      expect(await schedules.list()).toEqual([{ ...schedule, id: 'more' }, changed]);
      expect(await schedules.remove('more', audit)).toBe(true);
      expect(await schedules.remove('more', audit)).toBe(false);
      const [removed, , put] = await operators.listAudit(null, 10);
      expect(removed?.before).toEqual({ ...schedule, id: 'more' });
      expect(put?.before).toEqual(schedule);
    });

    it('of many who see the time one asks for the run, and never while it is off', async () => {
      const { schedules, runs } = await makePlace();
      await schedules.putUsual(schedule);
      const fired = await Promise.all(
        Array.from({ length: 6 }, (_, i) =>
          schedules.fire(
            'sweep',
            T0,
            T0 + 5,
            newRun(`s${i}`, { job: 'sweep', paramsKey: 'sweep:a', by: 'schedule' }),
          ),
        ),
      );
      expect(fired.filter((asked) => asked?.kind === 'made')).toHaveLength(1);
      expect(fired.filter((asked) => asked !== null)).toHaveLength(1);
      expect(await runs.list(null, null, 10)).toHaveLength(1);
      expect((await schedules.list())[0]?.doneUntil).toBe(T0 + 5);
      await schedules.put({ ...schedule, enabled: false, doneUntil: T0 + 5 }, audit);
      expect(await schedules.fire('sweep', T0 + 5, T0 + 9, newRun('x', { paramsKey: 'y' }))).toBeNull();
    });
  });
}
