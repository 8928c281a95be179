/** Ordered mode of many processes: the log of requests in Kafka, read by deciders that share its partitions. */

import type { KafkaRequests } from '../adapters/kafka/requests.ts';
import type { Config } from '../config/load.ts';
import type { GaugeReading } from '../http/parts.ts';
import type { Ordered, OrderedParts } from './ordered.ts';
import { makeOrdered } from './ordered.ts';
import { kafkaConnection } from './shared-log.ts';

export interface SharedOrderedParts
  extends Omit<OrderedParts, 'requests' | 'sourceOf' | 'shared' | 'catchesUp' | 'requestsWaitingMax'> {
  config: Config;
}

export interface SharedOrdered extends Ordered {
  gauges(): GaugeReading[];
  /** what each part of it is doing: `ready`, or why it is not */
  roles(): Record<string, string>;
}

const TOPIC_VERSION = 1;

/** The topics must be there (main/shared-log makes them). Throws a KafkaFault when Kafka cannot be asked. */
export async function openSharedOrdered(parts: SharedOrderedParts): Promise<SharedOrdered> {
  const { config, system } = parts;
  const [{ openKafkaRequests }, { REQUESTED_PARTITIONS, requestedTopic }] = await Promise.all([
    import('../adapters/kafka/requests.ts'),
    import('../adapters/kafka/topics.ts'),
  ]);
  const prefix = config.kafkaPrefix ?? '';
  const requests = await openKafkaRequests({
    connection: kafkaConnection(config),
    system,
    prefix,
    topicVersion: TOPIC_VERSION,
    partitions: REQUESTED_PARTITIONS,
    compression: config.kafkaCompression,
  });
  const ordered = makeOrdered({
    ...parts,
    requests,
    sourceOf: (version, partition) => `${prefix}${requestedTopic(version)}/${partition}`,
    shared: true,
    catchesUp: config.role.includes('decider'),
    requestsWaitingMax: config.journalQueueMax,
  });
  return {
    ...ordered,
    gauges: () => requestGauges(requests),
    roles: () => ({ requests: requests.state().fault ?? ordered.decided.fault() ?? 'ready' }),
    async stop() {
      await requests.close();
      await ordered.stop();
    },
  };
}

function requestGauges(requests: KafkaRequests): GaugeReading[] {
  const { facts, failures, oldestMs } = requests.tally();
  return [
    { name: 'dibs_requests_total', help: 'Requests that Kafka has acknowledged.', value: facts },
    { name: 'dibs_requests_send_failures_total', help: 'Sends of requests that failed.', value: failures },
    {
      name: 'dibs_requests_oldest_wait_ms',
      help: 'How long the oldest request has waited for Kafka.',
      value: oldestMs,
    },
  ];
}
