/**
 * Protects: every job killed -9 in mid-chunk, several times, goes on by itself at the next start and leaves what an
 * unbroken run leaves, with the same counts in the run's row.
 */

import { afterEach, describe, expect, it } from 'vitest';
import { killedFileJobs } from '../support/killed-file-jobs.ts';
import type { RunSeen } from '../support/killed-jobs.ts';
import { askForRun, countsOf, endedRun, killedJobs, runSeen } from '../support/killed-jobs.ts';
import type { TestServer } from '../support/server.ts';
import { newDataDir, removeDataDir, startServer } from '../support/server.ts';

const KILLS = 2;
/** A run just made or just taken up is often seen too late: it is asked for without a pause. */
const ENV = { DIBS_JOBS_GIVE_WAY_SECONDS: '0' };
const cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function folder(): string {
  const dataDir = newDataDir();
  cleanUps.push(() => removeDataDir(dataDir));
  return dataDir;
}

async function server(dataDir: string): Promise<TestServer> {
  const started = await startServer(dataDir, ENV);
  cleanUps.push(() => started.kill());
  return started;
}

/** Kills the server when the run has begun and read more than `read`; false when the run had ended before. */
async function killPast(at: TestServer, id: string, read: number): Promise<boolean> {
  for (;;) {
    const run = await runSeen(at, id);
    if (run.status !== 'queued' && run.status !== 'running') return false;
    if (run.starts > 0 && run.read > read) break;
  }
  await at.kill();
  return true;
}

describe('killed in mid-chunk', () => {
  it.each(
    [...killedJobs, ...killedFileJobs].map((row) => ({
      ...row,
      title: row.about ? `${row.job}: ${row.about}` : row.job,
    })),
  )('$title', async ({ job, setUp, seen, kills = KILLS, oneChunk }) => {
    const unbrokenDir = folder();
    const unbroken = await server(unbrokenDir);
    const { id: first } = await askForRun(unbroken, job, await setUp(unbroken, unbrokenDir));
    const whole = await endedRun(unbroken, first);
    expect(whole, whole.lastError ?? '').toMatchObject({ status: 'completed', starts: 1 });
    const wanted = await seen(unbroken);
    await unbroken.kill();

    const dataDir = folder();
    let at = await server(dataDir);
    const { id } = await askForRun(at, job, await setUp(at, dataDir));
    let killed = 0;
    const stage = (): number => (oneChunk ? -1 : (whole.read * killed) / (kills + 1));
    while (killed < kills && (await killPast(at, id, stage()))) {
      killed += 1;
      at = await server(dataDir);
    }
    expect(killed, 'the run was over too soon to be broken: give it more to do').toBeGreaterThan(0);
    const broken: RunSeen = await endedRun(at, id);
    expect(broken, broken.lastError ?? '').toMatchObject({ status: 'completed' });
    expect(broken.starts).toBeGreaterThan(1);
    expect(countsOf(broken)).toEqual(countsOf(whole));
    expect(await seen(at)).toEqual(wanted);
  });
});
