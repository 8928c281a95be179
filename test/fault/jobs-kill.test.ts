/**
 * Protects: every job killed -9 in mid-chunk, several times, goes on by itself at the next start and leaves what an
 * unbroken run leaves, with the same counts in the run's row. Also where it is killed when a chunk is written and its
 * counts are not committed.
 */

import { join } from 'node:path';
import Database from 'better-sqlite3';
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

async function server(dataDir: string, env: Record<string, string> = {}): Promise<TestServer> {
  const started = await startServer(dataDir, { ...ENV, ...env });
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

/** Of which step the next counts are not to be committed, or past which count of all. */
type At = { step: string } | { read: number };

/** Counts that a run would commit, in SQL; `steps` is its column. */
function readOf(steps: string, at: At): string {
  const those = 'step' in at ? `WHERE value ->> 'name' = '${at.step}'` : '';
  return `(SELECT COALESCE(SUM(value ->> 'read'), 0) FROM json_each(${steps}) ${those})`;
}

/**
 * Kills the server when it has written a chunk whose counts were not committed: from outside, the first such commit is
 * kept from being made. False when the run had ended before.
 */
async function killAtCommit(server: TestServer, dataDir: string, id: string, at: At): Promise<boolean> {
  const record = new Database(join(dataDir, 'record.db'), { timeout: 10_000 });
  const [before, after] = [readOf('OLD.steps', at), readOf('NEW.steps', at)];
  const least = 'read' in at ? at.read : 0;
  record.exec(`CREATE TABLE tried (id TEXT);
    CREATE TRIGGER at_commit BEFORE UPDATE OF steps ON job_runs
    WHEN NEW.id = '${id}' AND ${after} > ${before} AND ${after} > ${least}
    BEGIN INSERT INTO tried VALUES (NEW.id); SELECT RAISE(IGNORE); END`);
  const tried = record.prepare<[], number>('SELECT COUNT(*) FROM tried').pluck();
  let isThere = true;
  while (isThere && tried.get() === 0)
    isThere = ['queued', 'running'].includes((await runSeen(server, id)).status);
  if (isThere) await server.kill();
  record.exec('DROP TRIGGER at_commit; DROP TABLE tried');
  record.close();
  return isThere;
}

describe('killed in mid-chunk', () => {
  it.each(
    [...killedJobs, ...killedFileJobs].map((row) => ({
      ...row,
      title: row.about ? `${row.job}: ${row.about}` : row.job,
    })),
  )(
    '$title',
    async ({ job, setUp, seen, env, atCommitOf, kills = atCommitOf?.length ?? KILLS, oneChunk }) => {
      const unbrokenDir = folder();
      const unbroken = await server(unbrokenDir, env);
      const { id: first } = await askForRun(unbroken, job, await setUp(unbroken, unbrokenDir));
      const whole = await endedRun(unbroken, first);
      expect(whole, whole.lastError ?? '').toMatchObject({ status: 'completed', starts: 1 });
      const wanted = await seen(unbroken);
      await unbroken.kill();

      const dataDir = folder();
      let at = await server(dataDir, env);
      const { id } = await askForRun(at, job, await setUp(at, dataDir));
      let killed = 0;
      const stage = (): number => (oneChunk ? -1 : (whole.read * killed) / (kills + 1));
      const kill = (): Promise<boolean> => {
        const step = atCommitOf?.[killed];
        if (step !== undefined) return killAtCommit(at, dataDir, id, { step });
        if (killed > 0 && killed === kills - 1) return killAtCommit(at, dataDir, id, { read: stage() });
        return killPast(at, id, stage());
      };
      while (killed < kills && (await kill())) {
        killed += 1;
        at = await server(dataDir, env);
      }
      const least = atCommitOf?.length ?? 1;
      expect(killed, 'the run was over too soon to be broken: give it more to do').toBeGreaterThanOrEqual(
        least,
      );
      const broken: RunSeen = await endedRun(at, id);
      expect(broken, broken.lastError ?? '').toMatchObject({ status: 'completed' });
      expect(broken.starts).toBeGreaterThan(1);
      expect(countsOf(broken)).toEqual(countsOf(whole));
      expect(await seen(at)).toEqual(wanted);
    },
  );
});
