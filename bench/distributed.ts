/**
 * A whole installation to be measured: Redis, Kafka and MariaDB of its own, processes that people press at, and one that
 * does the rest (relay, recorder, jobs). The processes of Dibs and the services can be moved between cores as they run.
 */

import type { Pool, RowDataPacket } from 'mysql2/promise';
import { createPool } from 'mysql2/promise';
import { startKafka } from '../scripts/services/kafka.ts';
import type { LocalService } from '../scripts/services/local.ts';
import { startMariaDb } from '../scripts/services/mariadb.ts';
import { startRedis } from '../scripts/services/redis.ts';
import type { Core, Running } from './servers.ts';
import { cpuMicros, openCampaign, pin, startDibs } from './servers.ts';

const ADMIN_KEY = 'an-operator-key-of-the-benchmarks-0123456789';
const MASTER_SECRET = 'a master secret of the benchmarks, 0123456789';
/** Every process sees within half a second what another one has opened. */
const FOLLOWED_MS = 1500;

/** Processes of an installation, to tell what each of them costs. */
export type Part = 'api' | 'back' | 'redis' | 'kafka' | 'mariadb';

export interface Site {
  redis: LocalService;
  kafka: LocalService;
  apis: readonly Running[];
  /** API processes on one core, all else on another; null: wherever there is room */
  place(api: Core, rest: Core): void;
  /** Makes an open campaign at level `logged`, known to every API process when this resolves. */
  open(id: string, quantity: number, more?: object): Promise<void>;
  /** CPU that each part has used so far, µs */
  cpu(): Record<Part, number>;
  /** Asks the database. */
  query(statement: string, values: unknown[]): Promise<RowDataPacket[]>;
  /** Resolves when so many wins of a campaign are recorded, with the moment, epoch ms. */
  recorded(campaign: string, wins: number): Promise<number>;
  stop(): Promise<void>;
}

/** Starts everything, side by side where it can be. */
export async function startSite(apiCount = 1, backRoles = 'relay,recorder,jobs'): Promise<Site> {
  const services = await Promise.all([startRedis(), startKafka({ lasting: true }), startMariaDb()]);
  const [redis, kafka, mariadb] = services;
  const env = {
    DIBS_REDIS_URL: redis.url,
    DIBS_KAFKA_BROKERS: kafka.url,
    DIBS_DATABASE_URL: mariadb.url,
    DIBS_ADMIN_KEY: ADMIN_KEY,
    DIBS_MASTER_SECRET: MASTER_SECRET,
  };
  const start = (role: string): Promise<Running> =>
    startDibs({ core: null, env: { ...env, DIBS_ROLE: role } });
  const back = await start(backRoles);
  const apis = await Promise.all(Array.from({ length: apiCount }, () => start('api')));
  const pool = createPool({ uri: mariadb.url, connectionLimit: 2 });
  const query = (statement: string, values: unknown[]) => ask(pool, statement, values);
  const stop = async (): Promise<void> => {
    await pool.end();
    await Promise.all([...apis, back].map((one) => one.stop()));
    await Promise.all(services.map((one) => one.stop()));
  };
  const restPids = (): number[] => [back.pid, ...services.map(pidOf)];
  return {
    redis,
    kafka,
    apis,
    query,
    stop,
    place(api, rest) {
      for (const { pid } of apis) pin(pid, api);
      for (const pid of restPids()) pin(pid, rest);
    },
    async open(id, quantity, more) {
      await openCampaign(apis[0] as Running, id, quantity, 'logged', more);
      if (apis.length > 1) await new Promise((resolve) => setTimeout(resolve, FOLLOWED_MS));
    },
    cpu: () => ({
      api: apis.reduce((all, { pid }) => all + cpuMicros(pid), 0),
      back: cpuMicros(back.pid),
      redis: cpuMicros(pidOf(redis)),
      kafka: cpuMicros(pidOf(kafka)),
      mariadb: cpuMicros(pidOf(mariadb)),
    }),
    async recorded(campaign, wins) {
      for (;;) {
        const [row] = await query('SELECT issued FROM campaigns WHERE id = ?', [campaign]);
        if (Number(row?.['issued']) >= wins) return Date.now();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}

async function ask(pool: Pool, statement: string, values: unknown[]): Promise<RowDataPacket[]> {
  const [rows] = await pool.query<RowDataPacket[]>(statement, values);
  return rows;
}

function pidOf(service: LocalService): number {
  if (service.pid === null) throw new Error(`${service.name} has ended`);
  return service.pid;
}

/** What was used between two looks, by part and in all, µs. */
export function cpuBetween(
  before: Record<Part, number>,
  after: Record<Part, number>,
): Record<Part | 'all', number> {
  const used = { api: 0, back: 0, redis: 0, kafka: 0, mariadb: 0, all: 0 };
  for (const part of Object.keys(before) as Part[]) {
    used[part] = after[part] - before[part];
    used.all += used[part];
  }
  return used;
}
