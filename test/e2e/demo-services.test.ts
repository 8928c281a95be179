// Protects: `npm run demo -- --services` shows the same as the embedded demo, on a real Redis, Kafka and MariaDB; and
// whatever becomes of it, the services that it started are gone afterwards.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findJava } from '../../scripts/services/kafka-jars.ts';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { startRedis } from '../../scripts/services/redis.ts';

const root = join(import.meta.dirname, '..', '..');

/** Whether the demo will find its services; what is missing is installed or told here. */
async function canHaveServices(): Promise<boolean> {
  const started = await startOrSkip(async () => {
    const [redis, database] = await Promise.all([startRedis(), startMariaDb(), findJava()]);
    await Promise.all([redis.stop(), database.stop()]);
    return true;
  });
  return started !== null;
}

describe.skipIf(!(await canHaveServices()))('the demo on services', () => {
  let folder: string;
  let child: ChildProcess;
  let text: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dibs-demo-test-'));
    // MariaDB, started by root, runs as somebody else.
    chmodSync(folder, 0o755);
    const sizes = ['--users', '3000', '--quantity', '60', '--concurrency', '50'];
    child = spawn(process.execPath, ['scripts/launch.mjs', 'scripts/demo.ts', '--services', ...sizes], {
      cwd: root,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TMPDIR: folder, NO_COLOR: '1' },
    });
    text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
    }
  });

  afterEach(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const servicePorts = (): number[] =>
    [...text.matchAll(/ on port (\d+) \(/g)].map(([, port]) => Number(port));

  async function expectNothingLeft(): Promise<void> {
    expect(servicePorts()).toHaveLength(3);
    await expect.poll(() => Promise.all(servicePorts().map(answers))).toEqual([false, false, false]);
    await expect.poll(() => readdirSync(folder), { timeout: 5_000 }).toEqual([]);
  }

  test('ends by itself, all green, names what it ran on, and leaves nothing', async () => {
    expect(await once(child, 'close'), text).toEqual([0, null]);
    expect(text).toMatch(/server on http:\S+, on (Redis|Valkey) [\d.]+, Kafka [\d.]+, MariaDB [\d.]+\n/);
    const marked = (mark: string) => text.split('\n').filter((line) => line.trimStart().startsWith(mark));
    expect(marked('✗')).toEqual([]);
    for (const id of Array.from({ length: 11 }, (_, i) => `I${i + 1}`)) {
      expect(marked('✓').filter((line) => line.includes(` ${id} `))).toHaveLength(2);
    }
    expect(text).toContain('60 of 60 told, 60 recorded');
    expect(text).toContain('Every invariant holds.');
    await expectNothingLeft();
  });

  test.each([
    ['SIGINT', 130],
    ['SIGKILL', null],
  ] as const)('%s in the middle leaves nothing', async (signal, code) => {
    await expect.poll(() => text, { timeout: 60_000 }).toContain('units, open');
    child.kill(signal);
    const [ended] = (await once(child, 'exit')) as [number | null];
    expect(ended).toBe(code);
    await expectNothingLeft();
  });
});

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    const end = (does: boolean) => {
      socket.destroy();
      resolve(does);
    };
    socket.on('connect', () => end(true)).on('error', () => end(false));
  });
}
