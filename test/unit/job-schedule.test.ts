// Protects: a schedule fires once for each of its times, whoever looks; times that were missed are made good by one run;
// what operators say takes the place of what is usual.

import { describe, expect, it, onTestFinished } from 'vitest';
import { cron as times } from '../../src/adapters/system/cron.ts';
import type { Job } from '../../src/jobs/job.ts';
import { startSchedule } from '../../src/jobs/schedule.ts';
import { makeHandClock } from '../support/hand-clock.ts';
import { listJob, makeSqliteJobRuns } from '../support/job-bench.ts';
import { sampleAudit, T0 } from '../support/samples.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function bench(over: Partial<Job> = {}) {
  const place = await makeSqliteJobRuns();
  // Looks are the test's own.
  const system = { ...makeHandClock(), every: () => ({ stop: () => undefined }) };
  const { job } = listJob(1, {}, { usual: { cron: '*/5 * * * *' }, ...over });
  const make = () => {
    const schedule = startSchedule({
      ...{ jobs: [job], schedules: place.schedules, cron: times, system, poke: () => undefined },
      onFault(error) {
        throw error;
      },
    });
    onTestFinished(() => schedule.stop());
    return schedule;
  };
  const count = async () => (await place.runs.list(null, null, 100)).length;
  /** Whoever has it done, so that the next is a new one. */
  async function done(): Promise<void> {
    const run = await place.runs.claim('me', 1000, false, system.now());
    if (run)
      await place.runs.end(run.id, run.fence, {
        ...run,
        status: 'completed',
        lastError: null,
        at: system.now(),
      });
  }
  return { ...place, system, make, count, done };
}

describe('a schedule', () => {
  it('fires once at its time, of two who look', async () => {
    const { make, system, count, runs } = await bench();
    const [a, b] = [make(), make()];
    await Promise.all([a.look(), b.look()]);
    system.move(4 * MINUTE);
    await Promise.all([a.look(), b.look()]);
    expect(await count()).toBe(0);
    system.move(MINUTE);
    await Promise.all([a.look(), b.look()]);
    await Promise.all([a.look(), b.look()]);
    expect(await count()).toBe(1);
    expect((await runs.list(null, null, 1))[0]).toMatchObject({
      job: 'list',
      by: 'schedule',
      status: 'queued',
    });
  });

  it('makes times good that nobody was there for, by one run', async () => {
    const { make, system, count, done } = await bench();
    const before = make();
    await before.look();
    await before.stop();
    system.move(24 * HOUR);
    const after = make();
    await after.look();
    await done();
    await after.look();
    expect(await count()).toBe(1);
    system.move(5 * MINUTE);
    await after.look();
    expect(await count()).toBe(2);
  });

  it('leaves a run alone that is still under way', async () => {
    const { make, system, count } = await bench();
    const one = make();
    await one.look();
    for (let i = 0; i < 5; i++) {
      system.move(5 * MINUTE);
      await one.look();
    }
    expect(await count()).toBe(1);
  });

  it('asks the job whether there is something to do', async () => {
    let due = false;
    const { make, system, count } = await bench({ isDue: () => due });
    const one = make();
    await one.look();
    system.move(5 * MINUTE);
    await one.look();
    expect(await count()).toBe(0);
    due = true;
    await one.look();
    expect(await count()).toBe(0);
    system.move(5 * MINUTE);
    await one.look();
    expect(await count()).toBe(1);
  });

  it('forgets completed runs of what runs each minute, and keeps the last thousand and whatever failed', async () => {
    const { db, make, system, runs } = await bench();
    const one = make();
    await one.look();
    system.move(5 * MINUTE);
    await one.look();
    const [first] = await db.selectFrom('job_runs').selectAll().execute();
    if (!first) throw new Error('no run');
    const old = Array.from({ length: 1005 }, (_, i) => ({
      ...{ ...first, id: `a-${String(i).padStart(4, '0')}`, live_key: null },
      status: i === 2 ? 'failed' : 'completed',
    }));
    await db.deleteFrom('job_runs').execute();
    for (let at = 0; at < old.length; at += 201) {
      await db
        .insertInto('job_runs')
        .values(old.slice(at, at + 201))
        .execute();
    }
    system.move(5 * MINUTE);
    await one.look();
    const ids = (await runs.list(null, null, 2000)).map(({ id }) => id);
    expect(ids).toHaveLength(1002);
    expect(ids.slice(-2)).toEqual(['a-0005', 'a-0002']);
  });

  it('keeps to what operators say, at the next start too', async () => {
    const { make, system, count, schedules } = await bench();
    const one = make();
    await one.look();
    const [usual] = await schedules.list();
    if (!usual) throw new Error('no schedule');
    await schedules.put({ ...usual, enabled: false }, sampleAudit());
    const two = make();
    system.move(HOUR);
    await Promise.all([one.look(), two.look()]);
    expect(await count()).toBe(0);
  });
});

describe('a cron expression', () => {
  it.each([
    ['every minute', '* * * * *', 'UTC', '2026-12-01T01:01:00Z'],
    ['with seconds', '30 * * * * *', 'UTC', '2026-12-01T01:00:30Z'],
    ['at three in Seoul', '0 3 * * *', 'Asia/Seoul', '2026-12-01T18:00:00Z'],
    ['the last day of a month', '0 0 L * *', 'UTC', '2026-12-31T00:00:00Z'],
  ])('%s', (_title, cron, timeZone, wanted) => {
    expect(times.next(cron, timeZone, T0)).toBe(Date.parse(wanted));
    expect(times.fault(cron, timeZone)).toBeNull();
  });

  it('comes once in the night in which an hour is skipped, and once in that which has it twice', () => {
    const nights = (from: string, count: number): string[] => {
      const all: number[] = [];
      for (let at = Date.parse(from); all.length < count; ) {
        at = times.next('30 2 * * *', 'Europe/Berlin', at) ?? 0;
        all.push(at);
      }
      return all.map((at) => new Date(at).toISOString().slice(0, 10));
    };
    expect(nights('2026-03-28T12:00:00Z', 3)).toEqual(['2026-03-29', '2026-03-30', '2026-03-31']);
    expect(nights('2026-10-24T12:00:00Z', 3)).toEqual(['2026-10-25', '2026-10-26', '2026-10-27']);
  });

  it('that is wrong is told as that', () => {
    expect(times.fault('61 * * * *', 'UTC')?.field).toBe('cron');
    expect(times.fault('0 0 30 2 *', 'UTC')).toEqual({ field: 'cron', says: 'This time never comes.' });
    expect(times.fault('* * * * *', 'Mars/Base')?.field).toBe('timeZone');
  });
});
