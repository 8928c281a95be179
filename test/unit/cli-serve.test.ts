/**
 * `serve` says when it is ready and where, refuses a wrong start in words, stops gently; `demo` shows the main job
 * on a server of its own and leaves nothing behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnv } from '../support/clean-env.ts';

const dibsFile = join(import.meta.dirname, '../../src/cli/dibs.ts');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dibs-serve-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function dibs(args: string[], env: Record<string, string> = {}): ChildProcess {
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  return spawn(process.execPath, [dibsFile, ...args], {
    cwd: folder,
    env: cleanEnv({ TMPDIR: folder, ...env }),
    stdio: [...stdio],
  });
}

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

function ended(child: ChildProcess): Promise<Ended> {
  const texts = { out: '', err: '' };
  child.stdout?.on('data', (chunk) => {
    texts.out += String(chunk);
  });
  child.stderr?.on('data', (chunk) => {
    texts.err += String(chunk);
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...texts })));
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) =>
    child.stdout?.once('data', (chunk) => resolve(String(chunk).split('\n')[0] ?? '')),
  );
}

describe('dibs serve', () => {
  it('tells programs when it is ready, and stops on SIGTERM with 0', async () => {
    const dataDir = join(folder, 'data-json');
    const child = dibs([
      'serve',
      '--port',
      '0',
      '--data-dir',
      dataDir,
      '--ready-json',
      '--log-level',
      'warn',
    ]);
    const end = ended(child);
    const ready = JSON.parse(await firstLine(child)) as { url: string; adminKey: string };
    const keyFile = join(dataDir, 'admin.key');
    expect(readFileSync(keyFile, 'utf8').trim()).toBe(ready.adminKey);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect((await fetch(`${ready.url}/readyz`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await end).toMatchObject({ code: 0 });
  }, 30_000);

  it('greets people with address, key and what it runs on', async () => {
    const child = dibs(['serve', '--port', '0', '--data-dir', join(folder, 'data'), '--log-level', 'silent']);
    const end = ended(child);
    await firstLine(child);
    child.kill('SIGINT');
    const { code, out } = await end;
    expect(code).toBe(0);
    expect(out).toMatch(/Dibs serves on http:\/\/127\.0\.0\.1:\d+/);
    for (const part of ['/admin', 'runs on', 'operator key', 'admin.key']) expect(out).toContain(part);
  }, 30_000);

  it('refuses a wrong setting with name, value and what is allowed', async () => {
    const { code, err } = await ended(dibs(['serve', '--port', 'many', '--data-dir', join(folder, 'never')]));
    expect(code).toBe(1);
    expect(err).toMatch(/DIBS_PORT="many" is not allowed/);
    expect(err).not.toContain('    at ');
    expect(existsSync(join(folder, 'never'))).toBe(false);
    expect((await ended(dibs(['serve', '--prot', '1']))).code).toBe(2);
  });

  it('shows every option with its environment name in --help', async () => {
    const { out } = await ended(dibs(['serve', '--help']));
    for (const name of ['DIBS_PORT', '--data-dir', 'DIBS_JWT_SECRET_FILE', '--ready-json'])
      expect(out).toContain(name);
  });
});

describe('dibs demo', () => {
  it('gives exactly the quantity, proves it, and leaves nothing behind', async () => {
    const before = readdirSync(folder);
    const { code, out } = await ended(dibs(['demo', '--users', '1000', '--quantity', '50', '--json']));
    expect(code).toBe(0);
    const shown = JSON.parse(out) as {
      ok: boolean;
      rush: { summary: object };
      integrity: { checks: object[] };
    };
    expect(shown.ok).toBe(true);
    expect(shown.rush.summary).toMatchObject({ toldWins: 50, recorded: 50, unresolved: 0, presses: 1200 });
    expect(shown.integrity.checks).toHaveLength(11);
    expect(readdirSync(folder)).toEqual(before);
  }, 60_000);
});
