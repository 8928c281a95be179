// Protects: the Redis line keeps the promises of ports/line, on one Redis and on a cluster of three masters.

import { lineContract } from '../support/contract/line.ts';
import { inRedisAndCluster } from '../support/in-redis.ts';
import { makerOfRedisLines } from '../support/redis-line.ts';

await inRedisAndCluster((name, client) => lineContract(name, makerOfRedisLines(client)));
