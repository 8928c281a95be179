/** Ordered mode of many processes: the log of requests in Kafka, read by deciders that share its partitions. */

import type { Logger } from 'pino';
import type { KafkaRequests } from '../adapters/kafka/requests.ts';
import type { Config } from '../config/load.ts';
import type { TopicVersion } from '../core/topic-version.ts';
import { CLOSED_AT, currentOf, decidedOf } from '../core/topic-version.ts';
import type { SourceOf } from '../flow/decided.ts';
import type { VersionedRequests } from '../flow/versioned-requests.ts';
import { openVersionedRequests } from '../flow/versioned-requests.ts';
import type { GaugeReading } from '../http/parts.ts';
import type { Leases } from '../ports/leases.ts';
import type { TopicVersions } from '../ports/topic-versions.ts';
import { makeVersionDrain } from './decider/version-drain.ts';
import { makeVersionedDecider, type VersionedDecider } from './decider/versioned.ts';
import type { Ordered, OrderedParts } from './ordered.ts';
import { makeOrdered } from './ordered.ts';
import { PartFault } from './part-fault.ts';
import { kafkaConnection } from './shared-log.ts';

export interface SharedOrderedParts
  extends Omit<OrderedParts, 'requests' | 'sourceOf' | 'shared' | 'catchesUp' | 'requestsWaitingMax'> {
  config: Config;
  master: Buffer;
  logger: Logger;
  versions: TopicVersions;
  leases: Leases;
  /** who this process is, for the leases */
  instanceId: string;
}

export interface SharedOrdered extends Ordered {
  gauges(): GaugeReading[];
  /** what each part of it is doing: `ready`, or why it is not */
  roles(): Record<string, string>;
}

/** Requests decided in one transaction. */
const DECIDE_MAX = 5_000;

/** The topics must be there (main/shared-log makes them). Throws a KafkaFault when Kafka cannot be asked. */
export async function openSharedOrdered(parts: SharedOrderedParts): Promise<SharedOrdered> {
  const { config } = parts;
  const { requestedTopic } = await import('../adapters/kafka/topics.ts');
  const topicOf = (version: number): string => `${config.kafkaPrefix ?? ''}${requestedTopic(version)}`;
  const sourceOf: SourceOf = (version, partition) => `${topicOf(version)}/${partition}`;
  const versions = await parts.versions.all();
  await refuseClosed(parts, currentOf(versions), sourceOf);
  const decides = config.role.includes('decider');
  const deciding = decides
    ? { decider: makeDecider(parts), drain: makeVersionDrain({ ...parts, topicOf }) }
    : null;
  const requests = await openRequests(parts, (all) => {
    deciding?.decider.follow(decidedOf(all));
    deciding?.drain.look(all);
  });
  const ordered = makeOrdered({
    ...parts,
    requests,
    sourceOf,
    shared: true,
    catchesUp: decides,
    requestsWaitingMax: config.journalQueueMax,
  });
  return {
    ...ordered,
    gauges: () => [...requestGauges(requests.log()), ...lagGauges(deciding?.decider ?? null)],
    roles: () => ({
      requests: requests.state().fault ?? 'ready',
      verdicts: ordered.decided.fault() ?? 'ready',
      ...(deciding && { decider: deciding.decider.fault() ?? deciding.drain.fault() ?? 'ready' }),
    }),
    async stop() {
      await requests.close();
      await Promise.all([deciding?.decider.stop(), deciding?.drain.stop()]);
      await ordered.stop();
    },
  };
}

/** Requests that nobody would ever decide: the rows that say which version is current were lost. */
async function refuseClosed(
  { record }: Pick<SharedOrderedParts, 'record'>,
  { version }: TopicVersion,
  sourceOf: SourceOf,
): Promise<void> {
  if ((await record.next(sourceOf(version, 0))) < CLOSED_AT) return;
  throw new PartFault(
    `The table topic_versions says that version ${version} of the topic of requests is current, but that version is drained and closed. Bring the table back; see docs/operating.md.`,
  );
}

async function openRequests(
  { config, system, logger, versions, leases, instanceId }: SharedOrderedParts,
  onLook: (versions: readonly TopicVersion[]) => void,
): Promise<VersionedRequests<KafkaRequests>> {
  const { openKafkaRequests } = await import('../adapters/kafka/requests.ts');
  return openVersionedRequests({
    ...{ versions, leases, system, instanceId, onLook },
    async open({ version, partitions }) {
      const requests = await openKafkaRequests({
        connection: kafkaConnection(config),
        system,
        prefix: config.kafkaPrefix ?? '',
        topicVersion: version,
        partitions,
        compression: config.kafkaCompression,
      });
      logger.info({ topic: requests.topic, partitions }, 'requests go here');
      return requests;
    },
  });
}

function makeDecider({ config, master, instanceId, system, logger }: SharedOrderedParts): VersionedDecider {
  return makeVersionedDecider(logger, async ({ version, partitions }) => {
    const { startDecider } = await import('./decider/start.ts');
    const settings = {
      kafka: kafkaConnection(config),
      prefix: config.kafkaPrefix ?? '',
      topicVersion: version,
      partitions,
      mysqlUrl: config.databaseUrl as string,
      master,
      batchMax: DECIDE_MAX,
      instanceId,
      logLevel: config.logLevel,
      logFormat: config.logFormat,
    };
    return startDecider(settings, system);
  });
}

/** Requests that are not decided, for each partition that this process decides. */
function lagGauges(decider: VersionedDecider | null): GaugeReading[] {
  return (decider?.partitions() ?? []).map(({ source, lag }) => ({
    name: 'dibs_decider_partition_lag',
    help: 'Entries of a partition of the log of requests that are not decided.',
    labels: { source },
    value: lag ?? 0,
  }));
}

function requestGauges(requests: KafkaRequests | null): GaugeReading[] {
  if (requests === null) return [];
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
