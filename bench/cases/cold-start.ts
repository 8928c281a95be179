/** P12, P16 and memory: a start over a million recorded wins, the first second after a start, and what it all holds. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from '../measure.ts';
import { figure, rounds } from '../measure.ts';
import { idleMiB, load, openCampaign, residentMiB, startDibs } from '../servers.ts';

const MILLION = 1_000_000;

async function firstAnswer(dataDir: string): Promise<{ ms: number; mib: number }> {
  const began = performance.now();
  const server = await startDibs({ core: null, dataDir });
  const answer = await fetch(`http://127.0.0.1:${server.port}/v1/campaigns/million/claims`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"userId":"m-0000000000"}',
  });
  if (answer.status !== 200) throw new Error(`a winner of the past was told ${answer.status}`);
  const ms = performance.now() - began;
  const mib = residentMiB(server.pid);
  await server.stop();
  return { ms, mib };
}

/** The first second after readiness against the rate once warm, new process each time. */
async function firstSecond(): Promise<number> {
  const server = await startDibs({ core: 0 });
  try {
    await openCampaign(server, 'drop', 100);
    const cold = await load(1, {
      port: server.port,
      campaign: 'drop',
      connections: 64,
      seconds: 1,
      prefix: 'c',
    });
    await load(1, { port: server.port, campaign: 'drop', connections: 64, seconds: 3, prefix: 'd' });
    const warm = await load(1, {
      port: server.port,
      campaign: 'drop',
      connections: 64,
      seconds: 2,
      prefix: 'e',
    });
    return cold.perSecond / warm.perSecond;
  } finally {
    await server.stop();
  }
}

export async function coldStart(): Promise<Figure[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'dibs-bench-'));
  try {
    const server = await startDibs({ core: null, dataDir });
    await openCampaign(server, 'million', MILLION);
    await load(null, {
      port: server.port,
      campaign: 'million',
      connections: 200,
      count: MILLION,
      prefix: 'm',
    });
    const afterRush = await idleMiB(server.pid);
    await server.stop();
    const starts = await rounds(3, () => firstAnswer(dataDir));
    const ratios = await rounds(5, firstSecond);
    return [
      figure(
        { id: 'P12', what: 'first answer of a start over 1,000,000 wins', unit: 'ms', atMost: 3000 },
        starts.map((s) => s.ms),
      ),
      figure({ id: 'M1', what: 'memory after winning 1,000,000 times', unit: 'MiB', atMost: 400 }, [
        afterRush,
      ]),
      figure(
        { id: 'M2', what: 'memory after a start over 1,000,000 wins', unit: 'MiB', atMost: 400 },
        starts.map((s) => s.mib),
      ),
      figure({ id: 'P16', what: 'first second after a start ÷ warm', unit: '×', atLeast: 0.6 }, ratios),
    ];
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}
