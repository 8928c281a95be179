// Protects: the Redis line keeps the promises of ports/line, on one Redis and on a cluster of three masters.

import { afterAll, describe } from 'vitest';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { startRedis, startRedisCluster } from '../../scripts/services/redis.ts';
import { lineContract } from '../support/contract/line.ts';
import { connected } from '../support/redis-gate.ts';
import { makerOfRedisLines } from '../support/redis-line.ts';

const redis = await startOrSkip(() => startRedis({ appendfsync: 'no' }));
const cluster = await startOrSkip(() => startRedisCluster(3, { appendonly: false }));
const clients = {
  redis: redis && (await connected(redis.url)),
  'redis cluster': cluster && (await connected(cluster.url)),
};

afterAll(async () => {
  for (const client of Object.values(clients)) client?.disconnect();
  await Promise.all([redis?.stop(), cluster?.stop()]);
});

for (const [name, client] of Object.entries(clients)) {
  describe.skipIf(client === null)(name, () => {
    if (client) lineContract(name, makerOfRedisLines(client));
  });
}
