/** Starts the naive server (see naive-server.ts) on the services of an installation, with a topic of its own. */

import { fileURLToPath } from 'node:url';
import { ensureTopics } from '../src/adapters/kafka/topics.ts';
import type { System } from '../src/ports/system.ts';
import type { Site } from './distributed.ts';
import type { Running } from './servers.ts';
import { startProgram } from './servers.ts';

const TOPIC = 'event.join';
const HOUR_MS = 3_600_000;

export async function startNaive({ redis, kafka }: Site, system: System): Promise<Running> {
  const connection = { brokers: [kafka.url], clientId: 'bench' };
  const plan = { name: TOPIC, partitions: 3, replicas: 1, minInsyncReplicas: 1, retentionMs: HOUR_MS };
  await ensureTopics(connection, system, [{ ...plan, time: 'CreateTime' }]);
  const file = fileURLToPath(new URL('./naive-server.ts', import.meta.url));
  return startProgram(file, [redis.url, kafka.url, TOPIC], null);
}
