/**
 * The log of requests on Kafka (ports/requests). A request may be on it twice, after a send whose answer was lost; who
 * asks twice is decided twice, and nothing comes of it.
 */

import type { Request } from '../../core/request.ts';
import { placeOf } from '../../core/request.ts';
import type { RequestPlace, Requests } from '../../ports/requests.ts';
import { type LogTally, openPartitionedLog, type PartitionedLogParts } from './partitioned-log.ts';
import { packRequests } from './request-event.ts';
import { requestedTopic } from './topics.ts';

export interface KafkaRequestsParts extends Omit<PartitionedLogParts, 'topic'> {
  /** what every topic's name begins with in this installation */
  prefix?: string;
  /** which version of the topic is written: another number of partitions is another version */
  topicVersion: number;
}

export interface KafkaRequests extends Requests {
  readonly topic: string;
  tally(): LogTally;
  /** The offset after the newest durable entry of ours, partition by partition. */
  ends(): readonly number[];
  /** Resolves when everything that was appended before the call is durable. */
  flush(): Promise<unknown>;
}

const NAME_BYTES = 8;

/** A log that goes on behind what the topic holds. Rejects with a KafkaFault when Kafka cannot be asked. */
export async function openKafkaRequests(parts: KafkaRequestsParts): Promise<KafkaRequests> {
  const { prefix = '', topicVersion, ...rest } = parts;
  const topic = `${prefix}${requestedTopic(topicVersion)}`;
  const name = parts.system.randomBytes(NAME_BYTES).toString('hex');
  const log = await openPartitionedLog<Request, RequestPlace>(
    { ...rest, topic },
    {
      name: 'requests',
      pack: (requests, before) => packRequests(requests, (item) => `${name}-${before + item}`),
      at: ({ partition, offset }, index) => {
        return { topicVersion, partition, place: placeOf(offset, index, topicVersion) };
      },
    },
  );
  return {
    topic,
    append: (request, done) => log.append(request, done),
    state: () => log.state(),
    tally: () => log.tally(),
    ends: () => log.ends(),
    flush: () => log.flush(),
    close: () => log.close(),
  };
}
