/** Starts what is measured, each as a process of its own, pinned to a core where the figure is about one process. */

import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Load, LoadResult } from './generator.ts';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** of util-linux, which every Linux has */
const PINNER = 'taskset';

/** Which core; null: any. */
export type Core = 0 | 1 | null;

export interface Running {
  pid: number;
  port: number;
  adminKey: string;
  startedInMs: number;
  stop(): Promise<void>;
}

/** Runs a file by this Node, on a core, and reads its first line of output as JSON. */
async function start(
  file: string,
  args: string[],
  core: Core,
  env: Record<string, string>,
): Promise<[ChildProcess, unknown]> {
  const command = [process.execPath, file, ...args];
  const pinned = core === null ? command : [PINNER, '-c', String(core), ...command];
  const child = spawn(pinned[0] as string, pinned.slice(1), {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{')) return [child, JSON.parse(line)];
  }
  throw new Error(`${file} ended without a word`);
}

function stopper(child: ChildProcess): () => Promise<void> {
  return async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    await gone;
  };
}

/** Starts a program that says `{"port":…}` when it listens. */
export async function startProgram(
  file: string,
  args: string[],
  core: Core,
  env: Record<string, string> = {},
): Promise<Running> {
  const began = performance.now();
  const [child, said] = await start(file, args, core, env);
  const { port } = said as { port: number };
  return {
    pid: child.pid as number,
    port,
    adminKey: '',
    startedInMs: performance.now() - began,
    stop: stopper(child),
  };
}

export const startReference = (core: Core): Promise<Running> =>
  startProgram(here('./reference.ts'), [], core);

export interface DibsOptions {
  core: Core;
  /** keep and use this folder; else a new one that goes with the server */
  dataDir?: string;
  env?: Record<string, string>;
}

export async function startDibs({ core, dataDir, env }: DibsOptions): Promise<Running> {
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'dibs-bench-'));
  const began = performance.now();
  const args = ['src/cli/dibs.ts', 'serve', '--port', '0', '--data-dir', folder, '--ready-json'];
  const [child, said] = await start(here('../scripts/launch.mjs'), args, core, {
    DIBS_LOG_LEVEL: 'error',
    ...env,
  });
  const startedInMs = performance.now() - began;
  const stop = stopper(child);
  return {
    pid: child.pid as number,
    port: Number(new URL((said as { url: string }).url).port),
    adminKey: env?.['DIBS_ADMIN_KEY'] ?? readFileSync(join(folder, 'admin.key'), 'utf8').trim(),
    startedInMs,
    async stop() {
      await stop();
      if (dataDir === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs the generator in a process of its own. */
export async function load(core: Core, what: Load): Promise<LoadResult> {
  const [, result] = await start(here('./generator.ts'), [JSON.stringify(what)], core, {});
  return result as LoadResult;
}

/** Resolves when everything that was won is recorded: the list of winners waits for it. */
export async function recorded(server: Running, campaign: string): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${server.port}/v1/admin/campaigns/${campaign}/integrity`, {
      headers: { authorization: `Bearer ${server.adminKey}` },
    });
    const { ok } = (await answer.json()) as { ok: boolean };
    if (ok) return;
  }
}

/** Makes an open campaign. */
export async function openCampaign(
  server: Running,
  id: string,
  quantity: number,
  durability: 'disk' | 'logged' = 'disk',
  more: object = {},
): Promise<void> {
  const call = async (path: string, body?: object): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${server.adminKey}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  await call('/v1/admin/campaigns', {
    id,
    name: id,
    kind: 'coupon',
    quantity,
    mode: 'instant',
    durability,
    ...more,
  });
  await call(`/v1/admin/campaigns/${id}/open`);
}

/** Puts a process that runs already, with all its threads, on a core; null: on all. */
export function pin(pid: number, core: Core): void {
  const cores = core === null ? `0-${availableParallelism() - 1}` : String(core);
  execFileSync(PINNER, ['-acp', cores, String(pid)], { stdio: 'ignore' });
}

/** Resident memory of a process once it has been idle for a while, MiB. */
export async function idleMiB(pid: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 25_000));
  return residentMiB(pid);
}

/** Resident memory of a process, MiB. */
export function residentMiB(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) / 1024;
}

/** CPU that a process (all its threads) has used, µs. */
export function cpuMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
