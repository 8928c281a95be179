// Which services there are, and where each comes from: the address given by the environment, else one of our own.
//
// There is none in between: deploy/compose.yaml is for running Dibs, with passwords and data that stay. Whoever has a
// container engine and wants its services tested names them: `docker run -p 6379:6379 redis:7.4`, DIBS_TEST_REDIS_URL.

import { createConnection } from 'node:net';
import { startKafka } from './kafka.ts';
import type { LocalService } from './local.ts';
import { startMariaDb } from './mariadb.ts';
import { noteRan, noteSkipped } from './ran.ts';
import { type RedisOptions, startRedis, startRedisCluster, startReplica } from './redis.ts';
import { ServiceProblem, say } from './say.ts';

const KINDS = ['redis', 'replica', 'cluster', 'mysql', 'kafka'] as const;
export type Kind = (typeof KINDS)[number];
export const isKind = (word: string): word is Kind => (KINDS as readonly string[]).includes(word);

export interface Provided {
  kind: Kind;
  /** for people: `Redis 7.0.15`, or by which variable it was given */
  name: string;
  /** what a process of Dibs needs to find it, and what tests need beyond that */
  variables: Record<string, string>;
  stop(): Promise<void>;
}

/** The variable that names a running one, and what is set for Dibs. A replica and a cluster are always our own. */
const GIVEN: Partial<Record<Kind, { by: string; as: string }>> = {
  redis: { by: 'DIBS_TEST_REDIS_URL', as: 'DIBS_REDIS_URL' },
  mysql: { by: 'DIBS_TEST_MYSQL_URL', as: 'DIBS_DATABASE_URL' },
  kafka: { by: 'DIBS_TEST_KAFKA', as: 'DIBS_KAFKA_BROKERS' },
};

/** Brings up all of `kinds` at once. If one cannot be had, those that came up are stopped again. */
export async function provide(kinds: readonly Kind[], redis: RedisOptions = {}): Promise<Provided[]> {
  const primary = kinds.includes('replica') ? startRedis(redis) : null;
  const starts = kinds.map(async (kind) => {
    const one =
      (kind === 'redis' && primary !== null ? undefined : await given(kind)) ??
      (await own(kind, redis, primary));
    say(`${one.name} is up`);
    return one;
  });
  const settled = await Promise.allSettled(starts);
  const up = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed === undefined) return up;
  await Promise.all(up.map((one) => one.stop()));
  throw failed.reason;
}

/**
 * For tests: what `start` starts, or null where it cannot be had, with the reason told. With `CI=true` a missing
 * service is a failure.
 */
export async function startOrSkip<T>(start: () => Promise<T>): Promise<T | null> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof ServiceProblem) || process.env['CI'] === 'true') throw error;
    say(`skipped: ${error.message}`);
    noteSkipped(error.message);
    return null;
  }
}

async function given(kind: Kind): Promise<Provided | undefined> {
  const { by, as } = GIVEN[kind] ?? {};
  const address = by === undefined ? undefined : process.env[by];
  if (by === undefined || as === undefined || !address) return undefined;
  await mustAnswer(by, address);
  const name = `${address.replace(/\/\/[^@]*@/, '//')} (given by ${by})`;
  noteRan(name);
  return {
    kind,
    name,
    variables: { [as]: address },
    stop: async () => undefined,
  };
}

async function own(
  kind: Kind,
  redis: RedisOptions,
  primary: Promise<LocalService> | null,
): Promise<Provided> {
  switch (kind) {
    case 'redis':
      return from(kind, await (primary ?? startRedis(redis)), 'DIBS_REDIS_URL');
    case 'replica':
      return from(
        kind,
        await startReplica(await (primary as Promise<LocalService>), redis),
        'DIBS_TEST_REDIS_REPLICA',
      );
    case 'cluster': {
      const cluster = await startRedisCluster(3, redis);
      const name = `${cluster.nodes.length} masters of Redis as a cluster`;
      return { kind, name, variables: { DIBS_TEST_REDIS_CLUSTER: cluster.url }, stop: () => cluster.stop() };
    }
    case 'mysql': {
      const database = await startMariaDb();
      const provided = from(kind, database, 'DIBS_DATABASE_URL');
      provided.variables['DIBS_TEST_MYSQL_ADMIN_URL'] = database.adminUrl;
      return provided;
    }
    case 'kafka':
      return from(kind, await startKafka(), 'DIBS_KAFKA_BROKERS');
    default:
      return kind satisfies never;
  }
}

function from(kind: Kind, service: LocalService, variable: string): Provided {
  const name = `${service.name} on port ${service.port} (${(service.readyMs / 1000).toFixed(1)} s, pid ${service.pid})`;
  return { kind, name, variables: { [variable]: service.url }, stop: () => service.stop() };
}

async function mustAnswer(variable: string, address: string): Promise<void> {
  const [first = ''] =
    address
      .replace(/^[a-z+]+:\/\//, '')
      .split('/')[0]
      ?.split('@')
      .at(-1)
      ?.split(',') ?? [];
  const [, host, port] = /^(.+):(\d+)$/.exec(first) ?? [];
  if (host === undefined) throw new ServiceProblem(`${variable} needs a host and a port.`);
  const answers = await new Promise<boolean>((resolve) => {
    const socket = createConnection({
      host: host.replace(/^\[|\]$/g, ''),
      port: Number(port),
      timeout: 3_000,
    });
    const end = (does: boolean) => {
      socket.destroy();
      resolve(does);
    };
    socket
      .on('connect', () => end(true))
      .on('error', () => end(false))
      .on('timeout', () => end(false));
  });
  if (!answers) throw new ServiceProblem(`Nothing answers at ${first}, which ${variable} names.`);
}
