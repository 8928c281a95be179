// Protects: whatever happens to a runner, a run's end state and its counts are those of an unbroken run: it goes on
// after the last committed chunk, a chunk that was done twice counts once, and who was overtaken commits nothing.

import { describe, expect, it, onTestFinished } from 'vitest';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { newRun } from '../../src/flow/job-flow.ts';
import type { Job } from '../../src/jobs/job.ts';
import { BadItem } from '../../src/jobs/job.ts';
import type { JobEvent } from '../../src/jobs/job-event.ts';
import type { RunnerParts } from '../../src/jobs/runner.ts';
import { startRunner } from '../../src/jobs/runner.ts';
import type { JobRun, JobRuns } from '../../src/ports/job-runs.ts';
import { listJob, makeSqliteJobRuns } from '../support/job-bench.ts';
import { sampleAudit } from '../support/samples.ts';

const system = makeSystem();
const SIZE = 95;

class RecordFault extends Error {
  override name = 'RecordFault';
}

let owners = 0;

/** A runner of its own, as another process would have it. */
function start(runs: JobRuns, jobs: readonly Job[], over: Partial<RunnerParts> = {}) {
  const events: JobEvent[] = [];
  owners += 1;
  const runner = startRunner({
    ...{ jobs, runs, system, heat: { hot: () => false }, owner: `owner-${owners}`, alone: false },
    ...{ giveWayMaxMs: 1000, retryFirstMs: 1, leaseMs: 500 },
    tell: (event) => void events.push(event),
    ...over,
  });
  onTestFinished(() => runner.stop());
  return { runner, events };
}

const ask = (runs: JobRuns, job: Job, params = {}) => runs.ask(newRun(job, params, 'env', system), null);

/** The run once it has come to an end. */
async function ended(runs: JobRuns, id: string): Promise<JobRun> {
  const over = ['completed', 'failed', 'stopped'];
  await expect
    .poll(async () => over.includes((await runs.get(id))?.status ?? ''), { timeout: 10_000, interval: 5 })
    .toBe(true);
  return (await runs.get(id)) as JobRun;
}

/** Resolves when somebody calls `open`. */
function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

const WHOLE = { status: 'completed', read: SIZE, written: SIZE, skipped: 0, chunks: 10, total: SIZE };

describe('a run', () => {
  it('does all chunks, counts them, and tells what it does', async () => {
    const { runs } = await makeSqliteJobRuns();
    const { job, written } = listJob(SIZE);
    const { runner, events } = start(runs, [job]);
    const { run } = await ask(runs, job);
    runner.poke();
    const done = await ended(runs, run.id);
    expect(done.steps).toMatchObject([{ ...WHOLE, retries: 0, lastError: null }]);
    expect([...written.values()]).toEqual(Array.from({ length: SIZE }, () => 1));
    const types = events.map(({ type }) => type);
    expect(types.slice(0, 3)).toEqual(['job.started', 'step.started', 'chunk.done']);
    expect(types.filter((type) => type === 'chunk.done')).toHaveLength(10);
    expect(events.at(-1)).toMatchObject({ type: 'job.ended', status: 'completed', error: null });
  });

  it('goes through its steps in order, and keeps what they found', async () => {
    const { runs } = await makeSqliteJobRuns();
    const first = listJob(5, {
      name: 'one',
      write: async () => ({ written: 5, result: { file: 'a', rows: 5 } }),
    });
    const second = listJob(0, { name: 'two', total: async () => null });
    const third = listJob(3, { name: 'three', write: async () => ({ written: 3, result: { file: 'b' } }) });
    const job = { ...first.job, steps: [first, second, third].flatMap((one) => one.job.steps) };
    const { runner } = start(runs, [job]);
    const { run } = await ask(runs, job);
    runner.poke();
    const done = await ended(runs, run.id);
    expect(done.steps.map(({ name, status, read }) => [name, status, read])).toEqual([
      ['one', 'completed', 5],
      ['two', 'completed', 0],
      ['three', 'completed', 3],
    ]);
    expect(done.result).toEqual({ file: 'b', rows: 5 });
  });

  it('fails for good on a fault of its own, and a restart goes on after the last committed chunk', async () => {
    const { runs } = await makeSqliteJobRuns();
    let broken = true;
    const { job, written, begun } = listJob(SIZE, {
      process(_context, item) {
        if (item === 45 && broken) throw new TypeError('a mistake');
        return item;
      },
    });
    const { runner } = start(runs, [job]);
    const { run } = await ask(runs, job);
    runner.poke();
    const failed = await ended(runs, run.id);
    expect(failed).toMatchObject({
      status: 'failed',
      lastError: 'a mistake',
      steps: [{ read: 40, status: 'failed' }],
    });
    expect(begun).toEqual([1, 11, 21, 31, 41]);
    broken = false;
    expect(await ask(runs, job)).toMatchObject({ kind: 'restarted', run: { id: run.id } });
    runner.poke();
    expect((await ended(runs, run.id)).steps).toMatchObject([WHOLE]);
    expect(begun.slice(5)).toEqual([41, 51, 61, 71, 81, 91]);
    expect(Math.max(...written.values())).toBe(1);
  });
});

describe('items that cannot be done', () => {
  const odd = (limit: number, where: 'process' | 'write') => {
    const bad = new Set([3, 17, 18]);
    const list = listJob(SIZE, {}, { skipLimit: limit });
    const [step] = list.job.steps;
    if (!step) throw new Error('no step');
    const refuse = (item: unknown): void => {
      if (bad.has(item as number)) throw new BadItem(`nobody can do ${String(item as number)}`);
    };
    const write = step.write.bind(step);
    if (where === 'process')
      step.process = (_context, item) => {
        refuse(item);
        return item === 50 ? null : item;
      };
    else
      step.write = async (context, items) => {
        for (const item of items) refuse(item);
        return write(context, items);
      };
    return list;
  };

  it.each(['process', 'write'] as const)('are left out one by one and counted (%s)', async (where) => {
    const { runs } = await makeSqliteJobRuns();
    const { job, written } = odd(3, where);
    const { runner } = start(runs, [job]);
    const { run } = await ask(runs, job);
    runner.poke();
    const [step] = (await ended(runs, run.id)).steps;
    const leftOut = where === 'process' ? 1 : 0;
    expect(step).toMatchObject({
      ...{ status: 'completed', read: SIZE, written: SIZE - 3 - leftOut, skipped: 3 + leftOut },
      ...{ skips: { bad_item: 3, ...(leftOut ? { left_out: 1 } : {}) }, lastError: 'nobody can do 18' },
    });
    expect(written.size).toBe(SIZE - 3 - leftOut);
  });

  it('fail the run past its limit', async () => {
    const { runs } = await makeSqliteJobRuns();
    const { job } = odd(2, 'process');
    const { runner } = start(runs, [job]);
    const { run } = await ask(runs, job);
    runner.poke();
    const failed = await ended(runs, run.id);
    expect(failed.lastError).toBe('More than 2 items cannot be done. The last one: nobody can do 18');
    expect(failed.steps).toMatchObject([{ read: 10, skips: { bad_item: 1 } }]);
  });
});

describe('faults that may pass', () => {
  it('are tried again, and the counts are those of one try', async () => {
    const { runs } = await makeSqliteJobRuns();
    let faults = 0;
    const list = listJob(SIZE);
    const [step] = list.job.steps;
    if (!step) throw new Error('no step');
    const write = step.write.bind(step);
    step.write = async (context, items) => {
      const done = await write(context, items);
      faults += 1;
      if (faults % 3 !== 0) throw new RecordFault('the connection broke after the commit');
      return done;
    };
    const { runner, events } = start(runs, [list.job]);
    const { run } = await ask(runs, list.job);
    runner.poke();
    expect((await ended(runs, run.id)).steps).toMatchObject([{ ...WHOLE, retries: 20 }]);
    expect(events.filter(({ type }) => type === 'chunk.retried')).toHaveLength(20);
  });

  it('fail the run when they do not pass within its tries', async () => {
    const { runs } = await makeSqliteJobRuns();
    let tries = 0;
    const { job } = listJob(
      SIZE,
      {
        async write() {
          tries += 1;
          throw new RecordFault('locked');
        },
      },
      { retryLimit: 3 },
    );
    const { runner } = start(runs, [job]);
    const { run } = await ask(runs, job);
    runner.poke();
    expect(await ended(runs, run.id)).toMatchObject({ status: 'failed', lastError: 'locked' });
    expect(tries).toBe(3);
  });

  it('do not count while the runs themselves cannot be reached: the run waits and goes on', async () => {
    const { runs } = await makeSqliteJobRuns();
    let away = 0;
    const there = async <T>(call: () => Promise<T>): Promise<T> => {
      away -= 1;
      if (away >= 0) throw new RecordFault('nobody there');
      return call();
    };
    const shaky: JobRuns = {
      ...runs,
      renew: (...args) => there(() => runs.renew(...args)),
      checkpoint: (...args) => there(() => runs.checkpoint(...args)),
      end: (...args) => there(() => runs.end(...args)),
    };
    const { job, written } = listJob(
      30,
      {
        process(_context, item) {
          if (item === 15 && !written.has(9999)) {
            written.set(9999, 1);
            away = 4;
            throw new RecordFault('nobody there');
          }
          return item;
        },
      },
      { retryLimit: 2 },
    );
    const { runner } = start(shaky, [job]);
    const { run } = await ask(runs, job);
    runner.poke();
    expect(await ended(runs, run.id)).toMatchObject({
      status: 'completed',
      steps: [{ written: 30, retries: 1 }],
    });
  });

  it('a chunk that takes too long is one of them', async () => {
    const { runs } = await makeSqliteJobRuns();
    let hung = false;
    const { job } = listJob(30, {
      chunkMaxMs: 50,
      process(_context, item) {
        if (item !== 15 || hung) return item;
        hung = true;
        return new Promise<number>(() => undefined);
      },
    });
    const { runner } = start(runs, [job]);
    const { run } = await ask(runs, job);
    runner.poke();
    expect((await ended(runs, run.id)).steps).toMatchObject([
      { status: 'completed', written: 30, retries: 1 },
    ]);
  });
});

describe('several runners', () => {
  it('share the runs: each is done by one of them', async () => {
    const { runs } = await makeSqliteJobRuns();
    const { job, written } = listJob(SIZE);
    const two = [start(runs, [job]), start(runs, [job])];
    const asked = await Promise.all(
      Array.from({ length: 6 }, (_, i) => runs.ask({ ...newRun(job, { i }, 'env', system) }, null)),
    );
    for (const { runner } of two) runner.poke();
    for (const { run } of asked) expect((await ended(runs, run.id)).steps).toMatchObject([WHOLE]);
    expect([...written.values()]).toEqual(Array.from({ length: SIZE }, () => 6));
    const starts = two.flatMap(({ events }) => events.filter(({ type }) => type === 'job.started'));
    expect(starts).toHaveLength(6);
  });

  it('a zombie whose run was taken over commits nothing, and the counts are those of an unbroken run', async () => {
    const { runs } = await makeSqliteJobRuns();
    const stuck = gate();
    let first = true;
    const { job, written } = listJob(SIZE, {
      async process(_context, item) {
        if (item === 45 && first) {
          first = false;
          await stuck.opened;
        }
        return item;
      },
    });
    // It does not renew its lease, as a process that the machine has stopped.
    const frozen: JobRuns = { ...runs, renew: async () => 'held' };
    const zombie = start(frozen, [job], { leaseMs: 60 });
    const { run } = await ask(runs, job);
    zombie.runner.poke();
    await expect.poll(() => first, { interval: 2 }).toBe(false);
    const { runner } = start(runs, [job]);
    await expect
      .poll(
        async () => {
          runner.poke();
          return (await runs.get(run.id))?.fence;
        },
        { timeout: 5000, interval: 10 },
      )
      .toBe(2);
    const done = await ended(runs, run.id);
    stuck.open();
    await expect.poll(() => zombie.events.at(-1)?.type, { interval: 2 }).toBe('job.ended');
    expect(zombie.events.at(-1)).toMatchObject({ status: 'lost' });
    expect(done).toMatchObject({ status: 'completed', starts: 2, steps: [WHOLE] });
    expect(await runs.get(run.id)).toEqual(done);
    // Both wrote the chunk: a write is by what is written, so it is there once.
    expect(written.get(45)).toBe(2);
    expect(written.get(40)).toBe(1);
  });
});

describe('stopping', () => {
  async function half() {
    const place = await makeSqliteJobRuns();
    const at = gate();
    const goOn = gate();
    const list = listJob(SIZE, {
      async process(_context, item) {
        if (item === 45) {
          at.open();
          await goOn.opened;
        }
        return item;
      },
    });
    const started = start(place.runs, [list.job]);
    const { run } = await ask(place.runs, list.job);
    started.runner.poke();
    await at.opened;
    return { ...place, ...list, ...started, run, goOn };
  }

  it('stops after the chunk, and a restart goes on there', async () => {
    const { runs, runner, run, goOn, job, begun } = await half();
    await runs.stop(run.id, sampleAudit());
    runner.stopRun(run.id);
    goOn.open();
    expect(await ended(runs, run.id)).toMatchObject({
      status: 'stopped',
      steps: [{ read: 50, status: 'stopped' }],
    });
    await ask(runs, job);
    runner.poke();
    expect(await ended(runs, run.id)).toMatchObject({ status: 'completed', steps: [WHOLE] });
    expect(begun[5]).toBe(51);
  });

  it('a run is stopped by another process too: its runner asks when it renews', async () => {
    const { runs, run, goOn } = await half();
    await runs.stop(run.id, sampleAudit());
    await expect.poll(async () => (await runs.get(run.id))?.status, { timeout: 2000 }).toBe('running');
    await new Promise((resolve) => setTimeout(resolve, 250));
    goOn.open();
    expect((await ended(runs, run.id)).status).toBe('stopped');
  });

  it('a process that leaves gives its runs back, and the next goes on', async () => {
    const { runs, runner, run, goOn, job } = await half();
    const left = runner.stop();
    goOn.open();
    await left;
    expect(await runs.get(run.id)).toMatchObject({ status: 'queued', owner: null, steps: [{ read: 50 }] });
    start(runs, [job]).runner.poke();
    expect(await ended(runs, run.id)).toMatchObject({ status: 'completed', starts: 2, steps: [WHOLE] });
  });

  it('fails a run of a job that this version does not know', async () => {
    const { runs } = await makeSqliteJobRuns();
    const { job } = listJob(1);
    const { run } = await ask(runs, { ...job, name: 'gone' });
    start(runs, [job]).runner.poke();
    expect(await ended(runs, run.id)).toMatchObject({ lastError: 'This version knows no job gone.' });
  });
});
