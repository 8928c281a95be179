/**
 * Where messages go that cannot be taken in: `<topic>.dlq`, the same partition, key, value and headers, and what was
 * wrong with it in headers of its own. It is sent before the reader's offset moves on, so it may be there twice.
 */

import { Producer } from '@platformatic/kafka';
import type { System } from '../../ports/system.ts';
import { clientOptions, closeClient, type KafkaConnection, kafkaFault, within } from './connect.ts';
import { headersOf } from './envelope.ts';
import type { KafkaEntry } from './partition-entries.ts';

export interface DeadLetters {
  /** Resolves when it is kept; rejects with a KafkaFault when that is not known. */
  deadLetter(entry: KafkaEntry, cause: string): Promise<void>;
  close(): Promise<void>;
}

export interface DeadLetterParts {
  connection: KafkaConnection;
  system: System;
  sendMaxMs?: number;
}

export const dlqTopic = (topic: string): string => `${topic}.dlq`;

export function openDeadLetters({ connection, system, sendMaxMs = 5_000 }: DeadLetterParts): DeadLetters {
  let producer: Producer | null = null;
  const end = async () => {
    const old = producer;
    producer = null;
    if (old !== null) await closeClient(system, old, sendMaxMs);
  };
  return {
    async deadLetter(entry, cause) {
      producer ??= new Producer({
        ...clientOptions(connection, sendMaxMs, 1_000),
        idempotent: true,
        acks: -1,
      });
      try {
        const sent = producer.send({ messages: [letterOf(entry, cause, system.now())] });
        await within(system, sendMaxMs, 'sending a dead letter', sent);
      } catch (error) {
        void end();
        throw kafkaFault(error);
      }
    },
    close: end,
  };
}

function letterOf(entry: KafkaEntry, cause: string, now: number) {
  const { topic, partition, offset, key, value } = entry;
  const headers = headersOf({
    dlq_cause: cause,
    dlq_topic: topic,
    dlq_partition: String(partition),
    dlq_offset: String(offset),
    dlq_time: new Date(now).toISOString(),
  });
  for (const [name, text] of entry.headers) if (name !== null && text !== null) headers.set(name, text);
  return {
    topic: dlqTopic(topic),
    partition,
    headers,
    ...(key === null ? {} : { key }),
    ...(value === null ? {} : { value }),
  };
}
