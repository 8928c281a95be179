// Protects: `dibs compare` plays the same crowd in each mode on a server of its own, every invariant holds in each, its
// table has every figure that an embedded server can give, and nothing of it is left behind.

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

interface Column {
  mode: string;
  ok: boolean;
  won: number;
  toldWithinMs: Record<string, { p50: number; p99: number }>;
  claimsPerSecond: number;
  fairness: { pairs: number; inversions: number };
  cpuMsPerClaim: number | null;
  factsOnLog: number | null;
  asksPerClaim: number;
}

function compare(folder: string, ...more: string[]): Promise<{ code: number; out: string }> {
  const sizes = ['--users', '400', '--quantity', '30', '--per-second', '60', '--concurrency', '50'];
  const env = { PATH: process.env['PATH'], TMPDIR: folder, NO_COLOR: '1' };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['scripts/launch.mjs', 'src/cli/dibs.ts', 'compare', ...sizes, ...more],
      { cwd: root, env },
      (error, out) => resolve({ code: error === null ? 0 : Number(error.code), out }),
    );
  });
}

test('one table of three modes, every invariant held', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dibs-compare-test-'));
  try {
    const { code, out } = await compare(folder, '--json');
    expect(code, out).toBe(0);
    const { ok, modes } = JSON.parse(out) as { ok: boolean; modes: Column[] };
    expect(ok).toBe(true);
    expect(modes.map(({ mode }) => mode)).toEqual(['instant', 'ordered', 'queued']);
    for (const one of modes) {
      expect(one).toMatchObject({ ok: true, won: 30, fairness: { pairs: 435 } });
      expect(one.claimsPerSecond).toBeGreaterThan(0);
      expect(one.toldWithinMs['all']?.p99).toBeGreaterThan(0);
      expect(one.factsOnLog).toBeGreaterThan(0);
      if (process.platform === 'linux') expect(one.cpuMsPerClaim).toBeGreaterThan(0);
    }
    const [instant, ordered, queued] = modes;
    expect(instant?.asksPerClaim).toBe(0);
    expect(ordered?.asksPerClaim).toBeGreaterThan(0);
    // Half a second of releases lies between the first winner and the last.
    expect(queued?.toldWithinMs['won']?.p99).toBeGreaterThan(300);
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('--services without their addresses says how to get them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dibs-compare-test-'));
  const { code } = await compare(folder, '--services');
  expect(code).toBe(2);
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});
