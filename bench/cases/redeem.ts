/**
 * Redemptions on MariaDB (issue 6): 50 tills at once, each with one code after the other, at a process whose record is
 * MariaDB with every commit on its disk. Each redemption is looked up, decided, written with its line in the audit log and
 * its fact for the outside world, and answered when that is durable.
 */

import { once } from 'node:events';
import { connect } from 'node:net';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import { type Figure, figure, isShort, median, rounds } from '../measure.ts';
import { cpuMicros, openCampaign, type Running, startDibs } from '../servers.ts';

const TILLS = 50;
const COUPONS = isShort ? 1_000 : 10_000;
const ROUNDS = isShort ? 1 : 5;

/** A connection that sends one request after the other and reads no more of the answers than it has to. */
class Till {
  readonly #socket;
  readonly #head: string;
  #answer: ((text: string) => void) | null = null;
  #got = '';

  constructor({ port, adminKey }: Running) {
    this.#socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
    this.#head = `Host: 127.0.0.1\r\nAuthorization: Bearer ${adminKey}\r\n`;
    this.#socket.on('data', (text: string) => this.#take(text));
  }

  async ready(): Promise<void> {
    await once(this.#socket, 'connect');
  }

  ask(path: string, body: string): Promise<string> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      const type = body === '' ? '' : 'Content-Type: application/json\r\n';
      this.#socket.write(
        `POST ${path} HTTP/1.1\r\n${this.#head}${type}Content-Length: ${body.length}\r\n\r\n${body}`,
      );
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    this.#got += text;
    const head = this.#got.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#got)?.[1] ?? 0);
    if (this.#got.length < head + 4 + length) return;
    const whole = this.#got;
    this.#got = '';
    this.#answer?.(whole);
  }
}

/** Runs `work` over all items, one after the other at each till. */
async function atTills<T>(
  tills: readonly Till[],
  items: readonly T[],
  work: (till: Till, item: T) => Promise<void>,
) {
  let next = 0;
  const run = async (till: Till): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) await work(till, items[at] as T);
  };
  await Promise.all(tills.map(run));
}

interface Place {
  server: Running;
  tills: readonly Till[];
  databasePid: number;
}

interface Done {
  perSecond: number;
  p50: number;
  p99: number;
  /** CPU for one redemption, µs */
  cpuOfServer: number;
  cpuOfDatabase: number;
}

async function oneRound(place: Place, id: string): Promise<Done> {
  const { server, tills, databasePid } = place;
  await openCampaign(server, id, COUPONS, 'logged', { codes: { source: 'generated' } });
  const users = Array.from({ length: COUPONS }, (_, i) => `user-${i}`);
  const codes: string[] = [];
  await atTills(tills, users, async (till, userId) => {
    const told = await till.ask(`/v1/campaigns/${id}/claims`, JSON.stringify({ userId }));
    codes.push(/"code":"([^"]+)"/.exec(told)?.[1] as string);
  });
  const tookMs: number[] = [];
  const usedBefore = [cpuMicros(server.pid), cpuMicros(databasePid)] as const;
  const began = performance.now();
  await atTills(tills, codes, async (till, code) => {
    const asked = performance.now();
    const told = await till.ask(`/v1/admin/coupons/${encodeURIComponent(code)}/redeem`, '');
    if (!told.startsWith('HTTP/1.1 200')) throw new Error(told);
    tookMs.push(performance.now() - asked);
  });
  const seconds = (performance.now() - began) / 1000;
  tookMs.sort((a, b) => a - b);
  const at = (part: number): number => tookMs[Math.floor(part * tookMs.length)] as number;
  return {
    perSecond: COUPONS / seconds,
    p50: at(0.5),
    p99: at(0.99),
    cpuOfServer: (cpuMicros(server.pid) - usedBefore[0]) / COUPONS,
    cpuOfDatabase: (cpuMicros(databasePid) - usedBefore[1]) / COUPONS,
  };
}

export async function redeem(): Promise<Figure[]> {
  const [redis, maria] = await Promise.all([startRedis(), startMariaDb()]);
  const server = await startDibs({
    core: null,
    env: {
      DIBS_REDIS_URL: redis.url,
      DIBS_DATABASE_URL: maria.url,
      DIBS_ADMIN_KEY: 'an-operator-key-of-the-benchmarks-0123456789',
      DIBS_MASTER_SECRET: 'a master secret of the benchmarks, 0123456789',
    },
  });
  const tills = Array.from({ length: TILLS }, () => new Till(server));
  const place: Place = { server, tills, databasePid: maria.pid ?? 0 };
  let no = 0;
  try {
    await Promise.all(tills.map((till) => till.ready()));
    await oneRound(place, 'warm');
    const all = await rounds(ROUNDS, () => oneRound(place, `drop-${++no}`));
    const notes = {
      tills: TILLS,
      server: maria.name,
      'CPU of the server': `${Math.round(median(all.map((one) => one.cpuOfServer)))} µs`,
      'CPU of MariaDB': `${Math.round(median(all.map((one) => one.cpuOfDatabase)))} µs`,
      p50: `${median(all.map(({ p50 }) => p50)).toFixed(1)} ms`,
    };
    return [
      figure(
        { id: 'C3', what: 'redemptions on MariaDB, 50 at once', unit: '/s', atLeast: 3000 },
        all.map(({ perSecond }) => perSecond),
        notes,
      ),
      figure(
        { id: 'C4', what: 'redemption on MariaDB, 50 at once, p99', unit: 'ms', atMost: 50 },
        all.map(({ p99 }) => p99),
        notes,
      ),
    ];
  } finally {
    for (const till of tills) till.close();
    await server.stop();
    await Promise.all([redis.stop(), maria.stop()]);
  }
}
