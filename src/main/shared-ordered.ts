/** Ordered mode of many processes: the log of requests in Kafka, read by deciders that share its partitions. */

import type { KafkaRequests } from '../adapters/kafka/requests.ts';
import type { Config } from '../config/load.ts';
import type { GaugeReading } from '../http/parts.ts';
import type { RunningDecider } from './decider/start.ts';
import type { Ordered, OrderedParts } from './ordered.ts';
import { makeOrdered } from './ordered.ts';
import { kafkaConnection } from './shared-log.ts';

export interface SharedOrderedParts
  extends Omit<OrderedParts, 'requests' | 'sourceOf' | 'shared' | 'catchesUp' | 'requestsWaitingMax'> {
  config: Config;
  master: Buffer;
  /** who this process is, for the leases */
  instanceId: string;
}

export interface SharedOrdered extends Ordered {
  gauges(): GaugeReading[];
  /** what each part of it is doing: `ready`, or why it is not */
  roles(): Record<string, string>;
}

const TOPIC_VERSION = 1;
/** Requests decided in one transaction. */
const DECIDE_MAX = 5_000;

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
  const decider = config.role.includes('decider') ? await runDecider(parts) : null;
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
    gauges: () => [...requestGauges(requests), ...lagGauges(decider)],
    roles: () => ({
      requests: requests.state().fault ?? ordered.decided.fault() ?? 'ready',
      ...(decider === null ? {} : { decider: deciderFault(decider) ?? 'ready' }),
    }),
    async stop() {
      await requests.close();
      await decider?.stop();
      await ordered.stop();
    },
  };
}

async function runDecider({
  config,
  master,
  instanceId,
  system,
}: SharedOrderedParts): Promise<RunningDecider> {
  const [{ startDecider }, { REQUESTED_PARTITIONS }] = await Promise.all([
    import('./decider/start.ts'),
    import('../adapters/kafka/topics.ts'),
  ]);
  const settings = {
    kafka: kafkaConnection(config),
    prefix: config.kafkaPrefix ?? '',
    topicVersion: TOPIC_VERSION,
    partitions: REQUESTED_PARTITIONS,
    mysqlUrl: config.databaseUrl as string,
    master,
    batchMax: DECIDE_MAX,
    instanceId,
    logLevel: config.logLevel,
    logFormat: config.logFormat,
  };
  return startDecider(settings, system);
}

function deciderFault(decider: RunningDecider): string | null {
  const { fault, partitions } = decider.state();
  return fault ?? partitions.find((one) => one.fault !== null)?.fault ?? null;
}

/** Requests that are not decided, for each partition that this process decides. */
function lagGauges(decider: RunningDecider | null): GaugeReading[] {
  return (decider?.state().partitions ?? []).map(({ source, lag }) => ({
    name: 'dibs_decider_partition_lag',
    help: 'Entries of a partition of the log of requests that are not decided.',
    labels: { source },
    value: lag ?? 0,
  }));
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
