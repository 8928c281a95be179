// Protects: the demo shows the main job and ends by itself; what it says is what it found, so a record that lies makes
// it red and its exit code 1; nothing of it is left behind.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
let folder: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dibs-demo-test-'));
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A demo with fewer people, whose data lies in `folder` for as long as it runs. */
function startDemo(...more: string[]): { child: ChildProcess; output: () => string } {
  const sizes = ['--users', '1500', '--quantity', '60', '--concurrency', '50'];
  const child = spawn(
    process.execPath,
    ['scripts/launch.mjs', 'src/cli/dibs.ts', 'demo', ...sizes, ...more],
    {
      cwd: root,
      env: { PATH: process.env['PATH'], TMPDIR: folder, NO_COLOR: '1' },
    },
  );
  children.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  return { child, output: () => text };
}

const marked = (mark: string, text: string): string[] =>
  text.split('\n').filter((line) => line.trimStart().startsWith(mark));

const urlIn = (text: string): string => /server on (http:\S+),/.exec(text)?.[1] ?? 'none';

/** The path of the demo's record, once its tables are there. */
async function recordOf(): Promise<string> {
  for (;;) {
    const [data] = readdirSync(folder);
    const file = join(folder, data ?? '', 'record.db');
    // The key is made after the tables.
    if (existsSync(join(folder, data ?? '', 'admin.key'))) return file;
    await new Promise((wake) => setTimeout(wake, 5));
  }
}

test('it ends by itself, all green, and takes its data away', async () => {
  const { child, output } = startDemo();
  expect(await once(child, 'close')).toEqual([0, null]);
  const text = output();
  expect(marked('✗', text)).toEqual([]);
  for (const id of Array.from({ length: 11 }, (_, i) => `I${i + 1}`)) {
    // Once by the crowd's own checker, once by the server's report.
    expect(marked('✓', text).filter((line) => line.includes(` ${id} `))).toHaveLength(2);
  }
  expect(text).toContain('60 of 60 told, 60 recorded');
  expect(text).toContain('Every invariant holds.');
  expect(readdirSync(folder)).toEqual([]);
});

test('--services without their addresses says how to get them', async () => {
  const { child, output } = startDemo('--services');
  expect(await once(child, 'close')).toEqual([2, null]);
  expect(output()).toContain('--services needs DIBS_REDIS_URL, DIBS_KAFKA_BROKERS, DIBS_DATABASE_URL');
  expect(output()).toContain('npm run demo -- --services');
  expect(readdirSync(folder)).toEqual([]);
});

test('a demo that is killed leaves no server behind', async () => {
  const { child, output } = startDemo('--users', '100000');
  await expect.poll(output, { timeout: 20_000 }).toContain('units, open');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await expect.poll(() => fetch(urlIn(output())).catch(() => 'gone'), { timeout: 5_000 }).toBe('gone');
});

test('a record that names another winner makes it red and ends it with 1', async () => {
  const { child, output } = startDemo();
  const ended = once(child, 'close');
  const record = new Database(await recordOf());
  record.exec(
    "CREATE TRIGGER lie AFTER INSERT ON claims WHEN new.seq = 7 BEGIN UPDATE claims SET user_id = 'cousin' WHERE seq = 7; END",
  );
  record.close();
  expect(await ended).toEqual([1, null]);
  expect(marked('✗', output()).join('\n')).toContain(' I3 ');
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s in the middle stops the server and takes the data away', async (signal, code) => {
  const { child, output } = startDemo('--users', '100000');
  const ended = once(child, 'close');
  await expect.poll(output, { timeout: 20_000 }).toContain('units, open');
  child.kill(signal);
  expect(await ended).toEqual([code, null]);
  expect(readdirSync(folder)).toEqual([]);
  await expect(fetch(urlIn(output()))).rejects.toThrow();
});

test('--keep leaves it up until Ctrl-C, which is its good end', async () => {
  const { child, output } = startDemo('--keep');
  const ended = once(child, 'close');
  await expect.poll(output, { timeout: 20_000 }).toContain('Still serving');
  expect((await fetch(urlIn(output()))).status).toBe(200);
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(readdirSync(folder)).toEqual([]);
});
