// A place for logs on a real Kafka: a topic of its own for each, made as `dibs` makes its topics.

import { Producer } from '@platformatic/kafka';
import type { KafkaConnection } from '../../src/adapters/kafka/connect.ts';
import { type KafkaLog, type KafkaLogParts, openKafkaLog } from '../../src/adapters/kafka/log.ts';
import { type KafkaReader, type KafkaReaderParts, openKafkaReader } from '../../src/adapters/kafka/reader.ts';
import { ensureTopics, type TopicPlan } from '../../src/adapters/kafka/topics.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { Fact } from '../../src/core/event.ts';
import type { LogSlice } from '../../src/ports/log.ts';

export const system = makeSystem();

let made = 0;

export const connectionTo = (url: string): KafkaConnection => ({ brokers: [url], clientId: 'dibs-test' });

export function topicPlan(over: Partial<TopicPlan> = {}): TopicPlan {
  made += 1;
  return {
    name: `test.${process.pid}.${made}.v1`,
    partitions: 1,
    replicas: 1,
    minInsyncReplicas: 1,
    retentionMs: 86_400_000,
    time: 'CreateTime',
    ...over,
  };
}

export interface KafkaPlace {
  topic: string;
  connection: KafkaConnection;
  openLog(parts?: Partial<KafkaLogParts>): Promise<KafkaLog>;
  openReader(partition?: number, parts?: Partial<KafkaReaderParts>): KafkaReader;
  /** Leaves a message that no log of ours has written. */
  spoil(payload: string): Promise<void>;
}

export async function kafkaPlace(url: string, over: Partial<TopicPlan> = {}): Promise<KafkaPlace> {
  const connection = connectionTo(url);
  const plan = topicPlan(over);
  const { name: topic, partitions } = plan;
  const result = await ensureTopics(connection, system, [plan]);
  if (result.kind === 'refused') throw new Error(result.problems.join('\n'));
  return {
    topic,
    connection,
    openLog: (parts = {}) => openKafkaLog({ connection, system, topic, partitions, ...parts }),
    openReader: (partition = 0, parts = {}) =>
      openKafkaReader({ connection, system, topic, partition, ...parts }),
    async spoil(payload) {
      const producer = new Producer({ clientId: 'spoiler', bootstrapBrokers: connection.brokers });
      await producer.send({ messages: [{ topic, partition: 0, value: Buffer.from(payload) }] });
      await producer.close();
    },
  };
}

/** Resolves when the log says that the fact is durable. */
export function appended(log: KafkaLog, fact: Fact): Promise<void> {
  return new Promise((resolve, reject) =>
    log.append(fact, (error) => (error === null ? resolve() : reject(error))),
  );
}

/** All that a partition holds. */
export async function readAll(reader: KafkaReader, from = 0, max = 1000): Promise<LogSlice> {
  const all: LogSlice = { facts: [], unreadable: [], next: from };
  for (;;) {
    const slice = await reader.read(all.next, max);
    if (slice.next === all.next) return all;
    all.facts.push(...slice.facts);
    all.unreadable.push(...slice.unreadable);
    all.next = slice.next;
  }
}
