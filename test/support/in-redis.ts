// Suites in a Redis of the file's own: started once, connected to before the first test, and left and stopped after the
// last one.

import { afterAll, describe } from 'vitest';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { startRedis, startRedisCluster } from '../../scripts/services/redis.ts';
import type { RedisClient } from '../../src/adapters/redis/connect.ts';
import { connected } from './redis-gate.ts';

type Suites = (...clients: RedisClient[]) => void;

/** Runs `suites` in what `start` starts, with so many clients of it; they are skipped where it cannot be had. */
async function inRedis(
  name: string,
  start: () => Promise<{ url: string; stop(): Promise<void> }>,
  suites: Suites,
  connections = 1,
): Promise<void> {
  const redis = await startOrSkip(start);
  const clients: RedisClient[] = [];
  for (let i = 0; redis !== null && i < connections; i++) clients.push(await connected(redis.url));

  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await redis?.stop();
  });

  describe.skipIf(redis === null)(name, () => {
    if (redis) suites(...clients);
  });
}

/** One that writes nothing down. */
export const inQuickRedis = (suites: Suites, connections?: number): Promise<void> =>
  inRedis('in Redis', () => startRedis({ appendonly: false }), suites, connections);

/** For the suites that every gate and every line must pass: on one Redis, and on a cluster of three masters. */
export async function inRedisAndCluster(suites: (name: string, client: RedisClient) => void): Promise<void> {
  const starts = {
    redis: () => startRedis({ appendfsync: 'no' }),
    'redis cluster': () => startRedisCluster(3, { appendonly: false }),
  };
  for (const [name, start] of Object.entries(starts)) {
    await inRedis(name, start, (client) => suites(name, client as RedisClient));
  }
}
