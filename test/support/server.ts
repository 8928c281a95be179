/** A real server as its own process, as a user would start it, for tests that kill it or talk to it from outside. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { noteSqlite } from './note-sqlite.ts';

/** As `npm start` does it: compiled code is kept from start to start. */
const LAUNCH = fileURLToPath(new URL('../../scripts/launch.mjs', import.meta.url));

export interface Told {
  status: number;
  body: Record<string, unknown>;
  headers: Record<string, string | string[] | undefined>;
}

export interface TestServer {
  url: string;
  child: ChildProcess;
  adminKey: string;
  /** everything it wrote to stderr so far */
  stderr(): string;
  /** kill -9, resolved when it is gone */
  kill(): Promise<void>;
  /** SIGTERM; the exit code */
  stop(): Promise<number | null>;
}

export function newDataDir(): string {
  return mkdtempSync(join(tmpdir(), 'dibs-test-'));
}

export function removeDataDir(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}

export async function startServer(dataDir: string, env: Record<string, string> = {}): Promise<TestServer> {
  const args = [
    LAUNCH,
    'src/cli/dibs.ts',
    'serve',
    '--port',
    env['DIBS_PORT'] ?? '0',
    '--data-dir',
    dataDir,
    '--ready-json',
  ];
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DIBS_')));
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...clean, DIBS_LOG_LEVEL: 'warn', ...env },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const gone = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  let url: string | null = null;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    ({ url } = JSON.parse(line) as { url: string });
    break;
  }
  if (url === null) throw new Error(`the server ended with ${await gone}: ${stderr}`);
  child.stdout.resume();
  if (!env['DIBS_DATABASE_URL']?.startsWith('mysql:')) noteSqlite();
  return {
    url,
    child,
    adminKey: env['DIBS_ADMIN_KEY'] ?? readFileSync(join(dataDir, 'admin.key'), 'utf8').trim(),
    stderr: () => stderr,
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
    async stop() {
      child.kill('SIGTERM');
      return gone;
    },
  };
}

/** An operator's call. */
export async function operator(
  server: TestServer,
  method: string,
  path: string,
  body?: object,
): Promise<Told> {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${server.adminKey}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    body: (text.startsWith('{') ? JSON.parse(text) : { text }) as Record<string, unknown>,
    headers: Object.fromEntries(answer.headers),
  };
}

/** Makes an open campaign of `quantity`. */
export async function openCampaign(
  server: TestServer,
  id: string,
  quantity: number,
  more: object = {},
): Promise<void> {
  const made = await operator(server, 'POST', '/v1/admin/campaigns', {
    id,
    name: id,
    kind: 'coupon',
    quantity,
    ...more,
  });
  if (made.status !== 201) throw new Error(`create: ${made.status} ${JSON.stringify(made.body)}`);
  const opened = await operator(server, 'POST', `/v1/admin/campaigns/${id}/open`);
  if (opened.status !== 200) throw new Error(`open: ${opened.status} ${JSON.stringify(opened.body)}`);
}

/** Many presses over a fixed number of connections. */
export interface Crowd {
  press(campaignId: string, userId: string, key?: string): Promise<Told>;
  close(): Promise<void>;
}

export function makeCrowd(server: Pick<TestServer, 'url'>, connections: number): Crowd {
  const pool = new Pool(server.url, {
    connections,
    pipelining: 1,
    headersTimeout: 15_000,
    bodyTimeout: 15_000,
  });
  return {
    async press(campaignId, userId, key) {
      const answer = await pool.request({
        method: 'POST',
        path: `/v1/campaigns/${campaignId}/claims`,
        headers: { 'content-type': 'application/json', ...(key ? { 'idempotency-key': key } : {}) },
        body: JSON.stringify({ userId }),
      });
      const body = (await answer.body.json()) as Record<string, unknown>;
      return { status: answer.statusCode, body, headers: answer.headers };
    },
    close: () => pool.destroy(),
  };
}

/** The winners' list as CSV rows, by the contract's columns. */
export async function winnersCsv(server: TestServer, campaignId: string): Promise<Record<string, string>[]> {
  const answer = await fetch(`${server.url}/v1/admin/campaigns/${campaignId}/claims.csv`, {
    headers: { authorization: `Bearer ${server.adminKey}` },
  });
  const [head = '', ...lines] = (await answer.text()).trim().split(/\r?\n/);
  const names = head.split(',');
  return lines.map((line) =>
    Object.fromEntries(line.split(',').map((cell, i) => [names[i] as string, cell])),
  );
}
