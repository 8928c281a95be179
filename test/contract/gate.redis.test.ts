// Protects: the Redis gate keeps the promises of ports/gate, on one Redis and on a cluster of three masters.

import { gateContract } from '../support/contract/gate.ts';
import { inRedisAndCluster } from '../support/in-redis.ts';
import { heldClockText, makerOfRedisGates } from '../support/redis-gate.ts';

await inRedisAndCluster((name, client) => {
  gateContract(name, makerOfRedisGates(client, heldClockText(), true));
});
