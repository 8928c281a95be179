// Protects: what Dibs says and does when its folder cannot be used. A start that is refused names the reason and what to
// do, and changes nothing; a disk that fills up loses nothing that was told, and everything goes on once there is room.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openJournalFile } from '../../src/adapters/sqlite/journal-file.ts';
import { lockFolder } from '../../src/adapters/sqlite/lock.ts';
import { openSqlite, StorageFault } from '../../src/adapters/sqlite/open.ts';
import { openRecordFile } from '../../src/adapters/sqlite/record-file.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { PROBLEMS } from '../../src/core/problem.ts';
import type { Outcome } from '../../src/flow/outcome.ts';
import { masterSecret } from '../../src/main/secrets.ts';
import { dataFolder } from '../support/data-folder.ts';
import type { Embedded } from '../support/embedded.ts';
import { openEmbedded } from '../support/embedded.ts';
import { fillUp, mounted, smallDisk } from '../support/small-disk.ts';

/** Every file with what is in it. */
function contents(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString('hex')]),
  );
}

/** The start must be refused, in words that hold all of `parts`. */
async function expectRefused(folder: string, ...parts: string[]): Promise<void> {
  const error = await openEmbedded(folder).then(
    async ({ parts: opened }) => {
      await opened.stop();
      return new Error('it started');
    },
    (fault: unknown) => fault as Error,
  );
  expect(error).toBeInstanceOf(StorageFault);
  for (const part of parts) expect(error.message).toContain(part);
}

/** Everybody presses at once; seq by user of those who were told that they won. */
async function pressAll(dibs: Embedded, users: string[], told: Map<string, number>): Promise<string[]> {
  const outcomes = await Promise.all(users.map((user) => dibs.press('drop', user)));
  return outcomes.map((outcome, i) => {
    if ('claim' in outcome) told.set(users[i] as string, outcome.claim.seq);
    return short(outcome);
  });
}

function short(outcome: Outcome): string {
  if (outcome.verdict !== 'none') return outcome.verdict;
  const { code } = outcome.problem;
  return `${code} ${PROBLEMS[code].status}`;
}

const crowd = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

/** What the record has: seq by user. */
async function recorded(dibs: Embedded): Promise<Map<string, number>> {
  await dibs.parts.drain();
  const stored = await dibs.parts.record.page('drop', 0, 10_000);
  return new Map(stored.map(({ userId, seq }) => [userId, seq]));
}

describe('a folder that is in use', () => {
  it('is refused with the pid of who has it, unchanged, and free the moment he is killed', async () => {
    const folder = dataFolder();
    const holder = spawn(process.execPath, [
      '--expose-gc',
      fileURLToPath(new URL('../support/hold-folder.ts', import.meta.url)),
      folder,
    ]);
    onTestFinished(() => void holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
    const before = contents(folder);
    await expectRefused(folder, folder, `process ${holder.pid}.`, 'DIBS_DATA_DIR');
    expect(contents(folder)).toEqual(before);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const { parts } = await openEmbedded(folder);
    expect(readFileSync(join(folder, 'dibs.pid'), 'utf8')).toBe(`${process.pid}\n`);
    await parts.stop();
  });

  it('is refused to the same process too, and free after a stop', async () => {
    const folder = dataFolder();
    const lock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(`process ${process.pid}.`);
    lock.release();
    lockFolder(folder).release();
  });
});

describe('a folder that cannot be used', () => {
  it('is not there', async () => {
    await expectRefused(join(dataFolder(), 'nowhere'), 'nowhere', 'DIBS_DATA_DIR');
  });

  it('is a file', async () => {
    const path = join(dataFolder(), 'file');
    writeFileSync(path, 'not a folder');
    await expectRefused(path, path, 'DIBS_DATA_DIR');
    expect(readFileSync(path, 'utf8')).toBe('not a folder');
  });

  it('is read-only, empty and with data', async ({ skip }) => {
    const folder = dataFolder();
    const { parts } = await openEmbedded(folder);
    await parts.stop();
    const empty = dataFolder();
    for (const one of [folder, empty]) {
      const view = dataFolder();
      if (!mounted(['--bind', one, view], view)) skip('mounting needs root on Linux');
      execFileSync('mount', ['-o', 'remount,ro,bind', view]);
      const before = contents(one);
      await expectRefused(view, view, 'DIBS_DATA_DIR');
      expect(contents(one)).toEqual(before);
    }
  });
});

/** Mounts something on `at` until the test has finished; false where that is not allowed. */
describe('a damaged file', () => {
  /** A folder in which somebody has won. */
  async function used(): Promise<string> {
    const folder = dataFolder();
    const dibs = await openEmbedded(folder);
    await dibs.open('drop', {});
    await pressAll(dibs, crowd('u', 200), new Map());
    await dibs.parts.drain();
    await dibs.parts.stop();
    return folder;
  }

  /** Brings everything into the database file itself. */
  function emptyWal(path: string): void {
    const db = new Database(path);
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
  }

  it.each(['journal.db', 'record.db'])('%s that is no database at all', async (name) => {
    const folder = await used();
    writeFileSync(join(folder, name), 'x'.repeat(8192));
    rmSync(join(folder, `${name}-wal`), { force: true });
    const before = readFileSync(join(folder, name));
    await expectRefused(folder, name, 'is damaged', 'Nothing was changed', 'Restore');
    expect(readFileSync(join(folder, name))).toEqual(before);
  });

  it.each(['journal.db', 'record.db'])('%s with its pages overwritten', async (name) => {
    const folder = await used();
    emptyWal(join(folder, name));
    const size = readFileSync(join(folder, name)).length;
    const file = openSync(join(folder, name), 'r+');
    writeSync(file, Buffer.alloc(size - 4096, 0xab), 0, size - 4096, 4096);
    closeSync(file);
    await expectRefused(folder, 'is damaged', 'Restore');
  });

  it.each(['journal.db', 'record.db'])('%s that is newer than this program', async (name) => {
    const folder = await used();
    const db = new Database(join(folder, name));
    db.pragma('user_version = 99');
    db.close();
    const before = readFileSync(join(folder, name));
    await expectRefused(folder, name, 'has schema 99', 'newer Dibs', 'Nothing was changed');
    expect(readFileSync(join(folder, name))).toEqual(before);
  });

  it('a secret that is not whole is not replaced by another', () => {
    const folder = dataFolder();
    const secret = masterSecret(null, folder, makeSystem());
    expect(masterSecret(null, folder, makeSystem())).toEqual(secret);
    for (const text of ['', '\n', secret.toString('base64url').slice(0, 20)]) {
      writeFileSync(join(folder, 'master.secret'), text);
      expect(() => masterSecret(null, folder, makeSystem())).toThrow('holds no whole secret');
      expect(readFileSync(join(folder, 'master.secret'), 'utf8')).toBe(text);
    }
  });

  it('a journal that was taken away costs no win that comes after it', async () => {
    const folder = await used();
    for (const name of ['journal.db', 'journal.db-wal', 'journal.db-shm'])
      rmSync(join(folder, name), { force: true });
    const told = new Map<string, number>();
    const dibs = await openEmbedded(folder);
    expect(await pressAll(dibs, ['new-1', 'u-7'], told)).toEqual(['won', 'already_won']);
    await dibs.parts.stop();
    const again = await openEmbedded(folder);
    expect(Object.fromEntries(await recorded(again))).toMatchObject(Object.fromEntries(told));
    expect(told.get('new-1')).toBe(201);
    await again.parts.stop();
  });
});

describe('a commit is on the disk when it returns', () => {
  it('by settings that are read back, in both files', async () => {
    const folder = dataFolder();
    const journal = openJournalFile(join(folder, 'journal.db'));
    const record = await openRecordFile(join(folder, 'record.db'));
    for (const db of [journal, record.sqlite]) {
      expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
      expect(db.pragma('synchronous', { simple: true })).toBe(2);
    }
    journal.close();
    await record.db.destroy();
  });

  it('or the start is refused: a file that cannot have a write-ahead log', () => {
    expect(() => openSqlite(':memory:', { schemaMax: 1 })).toThrow(
      'Put DIBS_DATA_DIR on a local file system',
    );
  });
});

describe('a disk that is full', () => {
  /** New people press until somebody is not told that he won; who that was, and what he was told. */
  async function pressUntilRefused(dibs: Embedded, told: Map<string, number>): Promise<[string, string]> {
    for (let i = 0; i < 5000; i++) {
      const [outcome] = await pressAll(dibs, [`late-${i}`], told);
      if (outcome !== 'won') return [`late-${i}`, outcome as string];
    }
    throw new Error('the disk never was full');
  }

  it('answers 503 until there is room, then goes on; nothing that was told is lost', async ({ skip }) => {
    const folder = smallDisk(4096);
    if (folder === null) return skip('mounting needs root on Linux');
    const dibs = await openEmbedded(folder);
    await dibs.open('drop', { quantity: 10_000 });
    const told = new Map<string, number>();
    expect(new Set(await pressAll(dibs, crowd('early', 300), told))).toEqual(new Set(['won']));
    fillUp(folder);
    const [unlucky, outcome] = await pressUntilRefused(dibs, told);
    expect(outcome).toBe('outcome_unknown 503');
    const refused = await pressAll(dibs, [unlucky, 'early-0', 'somebody'], told);
    expect(refused).toEqual(Array(3).fill('gate_unavailable 503'));
    expect(dibs.parts.log.state().fault).toContain('Free disk space');

    rmSync(join(folder, 'filler'));
    await expect.poll(() => dibs.parts.log.state().fault, { timeout: 20_000, interval: 20 }).toBeNull();
    expect(await pressAll(dibs, [unlucky, 'early-0', 'somebody'], told)).toEqual([
      'already_won',
      'already_won',
      'won',
    ]);
    expect(new Set(await pressAll(dibs, crowd('after', 300), told))).toEqual(new Set(['won']));
    await dibs.parts.stop();

    const again = await openEmbedded(folder);
    expect(await recorded(again)).toEqual(told);
    expect([...told.values()].toSorted((a, b) => a - b)).toEqual([...told.keys()].map((_, i) => i + 1));
    expect((await again.parts.stored.letters.counts('drop')).dead).toBe(0);
    await again.parts.stop();
  });

  it('can be stopped, and knows everything it told when it is started with room again', async ({ skip }) => {
    const folder = smallDisk(4096);
    if (folder === null) return skip('mounting needs root on Linux');
    const dibs = await openEmbedded(folder);
    await dibs.open('drop', { quantity: 10_000 });
    const told = new Map<string, number>();
    await pressAll(dibs, crowd('early', 100), told);
    fillUp(folder);
    const [unlucky] = await pressUntilRefused(dibs, told);
    await dibs.parts.stop();
    await expectRefused(folder, 'Free disk space').catch(async () => {
      // Where SQLite finds room in its own files it starts, which is as well.
      expect(readdirSync(folder)).toContain('filler');
    });

    rmSync(join(folder, 'filler'));
    const again = await openEmbedded(folder);
    const known = await recorded(again);
    for (const [user, seq] of told) expect([user, known.get(user)]).toEqual([user, seq]);
    expect(known.has(unlucky)).toBe(false);
    expect(await pressAll(again, ['early-0', unlucky], told)).toEqual(['already_won', 'won']);
    await again.parts.stop();
  });

  it('refuses to start where there is no room at all', async ({ skip }) => {
    const folder = smallDisk(64);
    if (folder === null) return skip('mounting needs root on Linux');
    fillUp(folder);
    await expectRefused(folder, 'isk space');
    expect(
      readdirSync(folder).filter(
        (name) => name.endsWith('.db') && readFileSync(join(folder, name)).length > 0,
      ),
    ).toEqual([]);
    mkdirSync(join(folder, 'still-usable'), { recursive: true });
  });
});
