/**
 * A million codes into a pool, by one upload: how long it takes until they are all there, and what the server's memory
 * grows by meanwhile. Embedded, and with Redis and MariaDB, each freshly started in each round.
 */

import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import type { Figure } from '../measure.ts';
import { figure, isShort, median, rounds } from '../measure.ts';
import type { Running } from '../servers.ts';
import { startDibs } from '../servers.ts';

const CODES = isShort ? 20_000 : 1_000_000;
const ROUNDS = 3;
const LOOK_MS = 20;
const KEY = 'an-operator-key-of-the-benchmarks-0123456789';

interface Round {
  seconds: number;
  grownMib: number;
}

/** As gifticons have them: sixteen digits in a row that no two share, a few thousand lines at a time. */
function* file(): Generator<Buffer> {
  const LINES = 5000;
  for (let from = 0; from < CODES; from += LINES) {
    let text = '';
    for (let n = from; n < Math.min(CODES, from + LINES); n++) {
      text += `${String((n * 7_919_777 + 13) % 1e8).padStart(8, '0')}-${String(n).padStart(8, '0')}\r\n`;
    }
    yield Buffer.from(text);
  }
}

/** Resident memory of a process, MiB. */
function memoryOf(pid: number): number {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

async function call(server: Running, path: string, init: RequestInit): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${server.adminKey}`, ...init.headers };
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { ...init, headers });
  const body = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(body)}`);
  return body;
}

async function imported(server: Running): Promise<Round> {
  const campaign = { id: 'pins', name: 'pins', quantity: CODES, codes: { source: 'pool' } };
  await call(server, '/v1/admin/campaigns', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(campaign),
  });
  const before = memoryOf(server.pid);
  let most = before;
  const looking = setInterval(() => {
    most = Math.max(most, memoryOf(server.pid));
  }, LOOK_MS);
  const began = performance.now();
  const upload = {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: Readable.toWeb(Readable.from(file())) as ReadableStream,
    duplex: 'half' as const,
  };
  const report = await call(server, '/v1/admin/campaigns/pins/codes', upload);
  const seconds = (performance.now() - began) / 1000;
  clearInterval(looking);
  if (report['imported'] !== CODES) throw new Error(`imported: ${JSON.stringify(report)}`);
  await call(server, '/v1/admin/campaigns/pins/open', { method: 'POST' });
  return { seconds, grownMib: most - before };
}

async function embedded(): Promise<Round> {
  const server = await startDibs({ core: null });
  try {
    return await imported(server);
  } finally {
    await server.stop();
  }
}

async function shared(): Promise<Round> {
  const [redis, maria] = await Promise.all([startRedis(), startMariaDb()]);
  const env = {
    DIBS_REDIS_URL: redis.url,
    DIBS_DATABASE_URL: maria.url,
    DIBS_ADMIN_KEY: KEY,
    DIBS_MASTER_SECRET: 'a master secret of the benchmarks, 0123456789',
  };
  try {
    const server = await startDibs({ core: null, env });
    try {
      return await imported(server);
    } finally {
      await server.stop();
    }
  } finally {
    await Promise.all([redis.stop(), maria.stop()]);
  }
}

export async function codesImport(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [suffix, where, run] of [
    ['', 'embedded', embedded],
    ['m', 'Redis and MariaDB', shared],
  ] as const) {
    const all = await rounds(ROUNDS, run);
    const seconds = all.map((one) => one.seconds);
    const grown = all.map((one) => one.grownMib);
    const notes = { codes: CODES, 'codes/s': Math.round(CODES / median(seconds)) };
    figures.push(
      figure(
        { id: `C1${suffix}`, what: `a million codes imported, ${where}`, unit: 's', atMost: 30 },
        seconds,
        notes,
      ),
      figure(
        { id: `C2${suffix}`, what: `memory that grows meanwhile, ${where}`, unit: 'MiB', atMost: 100 },
        grown,
      ),
    );
  }
  return figures;
}
