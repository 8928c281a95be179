/**
 * The reading side of the log of requests on Kafka, for a decider: one partition. `at` is the broker's clock as it is, and
 * may fall when another broker takes over: the decider's own clock does not (core/decider), and is the same for everybody.
 */

import { placeOf } from '../../core/request.ts';
import { CLOSED_AT } from '../../core/topic-version.ts';
import type { RequestReader, RequestSlice } from '../../ports/requests.ts';
import { wait } from '../../ports/system.ts';
import {
  type KafkaUnreadable,
  PartitionEntries,
  type PartitionParts,
  setAside,
} from './partition-entries.ts';
import { unpackRequests } from './request-event.ts';
import { requestedTopic } from './topics.ts';

export interface KafkaRequestSlice extends RequestSlice {
  unreadable: (KafkaUnreadable & { place: number })[];
}

export interface KafkaRequestReader extends RequestReader {
  /** what the record keeps the decider's offset under: `topic/partition` */
  readonly source: string;
  /** Rejects with a KafkaFault when Kafka does not answer, or when it holds less than the offset says was read. */
  read(offset: number, max: number): Promise<KafkaRequestSlice>;
  /** How many messages there were behind `offset` when Kafka was last asked; null before. */
  lag(offset: number): number | null;
  /** Ends at once; a read under way fails. */
  close(): Promise<void>;
}

export interface KafkaRequestReaderParts extends Omit<PartitionParts, 'topic'> {
  /** what every topic's name begins with in this installation */
  prefix?: string;
  topicVersion: number;
}

const CLOSED_PAUSE_MS = 200;

export function openKafkaRequestReader(parts: KafkaRequestReaderParts): KafkaRequestReader {
  const { prefix = '', topicVersion, ...rest } = parts;
  const partition = new PartitionEntries({ ...rest, topic: `${prefix}${requestedTopic(topicVersion)}` });
  return {
    source: partition.source,
    async read(offset, max) {
      if (offset >= CLOSED_AT) {
        // Its version is drained, and whoever reads it will hear of that.
        await wait(parts.system, CLOSED_PAUSE_MS);
        return { requests: [], unreadable: [], next: offset };
      }
      const requests: KafkaRequestSlice['requests'] = [];
      const unreadable: KafkaRequestSlice['unreadable'] = [];
      const next = await partition.read(offset, (entry) => {
        const first = placeOf(entry.offset, 0, topicVersion);
        const decoded = unpackRequests(entry.value, first, entry.at);
        if (decoded.kind === 'requests') requests.push(...decoded.requests);
        else unreadable.push({ ...setAside(entry, decoded.reason), place: first });
        return requests.length + unreadable.length >= max;
      });
      return { requests, unreadable, next };
    },
    lag: (offset) => partition.lag(offset),
    close: () => partition.close(),
  };
}
