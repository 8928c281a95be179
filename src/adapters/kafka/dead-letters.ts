/**
 * Where messages go that cannot be taken in: `<topic>.dlq`, the same partition, key, value and headers, and what was
 * wrong with it in headers of its own. It is sent before the reader's offset moves on, so it may be there twice. A fact
 * that could be read and that the record refused goes there after its letter in SQL is written, at least once too.
 */

import { Producer } from '@platformatic/kafka';
import { claimId } from '../../core/claim.ts';
import type { DeadLetter } from '../../ports/dead-letters.ts';
import type { System } from '../../ports/system.ts';
import { clientOptions, closeClient, type KafkaConnection, kafkaFault, within } from './connect.ts';
import { headersOf } from './envelope.ts';
import type { KafkaEntry } from './partition-entries.ts';

export interface DeadLetters {
  /** Resolves when it is kept; rejects with a KafkaFault when that is not known. */
  deadLetter(entry: KafkaEntry, cause: string): Promise<void>;
  /** The same of facts that the record has set aside, all from one partition. */
  setAside(topic: string, partition: number, letters: readonly DeadLetter[]): Promise<void>;
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
  const send = async (messages: Message[]): Promise<void> => {
    producer ??= new Producer({
      ...clientOptions(connection, sendMaxMs, 1_000),
      idempotent: true,
      acks: -1,
    });
    try {
      await within(system, sendMaxMs, 'sending a dead letter', producer.send({ messages }));
    } catch (error) {
      void end();
      throw kafkaFault(error);
    }
  };
  return {
    deadLetter: (entry, cause) => send([letterOf(entry, cause, system.now())]),
    setAside: (topic, partition, letters) =>
      send(letters.map((letter) => recordLetter(topic, partition, letter))),
    close: end,
  };
}

type Message = ReturnType<typeof letterOf>;

/** A fact by itself, whatever it travelled with, and the chain of causes in headers. Its offset is not known any more. */
function recordLetter(topic: string, partition: number, letter: DeadLetter): Message {
  const { id, type, campaignId, seq, reason, causes, source, payload, firstAt } = letter;
  const headers = headersOf({
    dlq_cause: reason,
    dlq_causes: JSON.stringify(causes),
    dlq_topic: topic,
    dlq_partition: String(partition),
    dlq_source: source,
    dlq_letter: String(id),
    dlq_type: type,
    dlq_time: new Date(firstAt).toISOString(),
  });
  const key = campaignId === null || seq === null ? null : Buffer.from(claimId(campaignId, seq));
  return {
    topic: dlqTopic(topic),
    partition,
    headers,
    ...(key === null ? {} : { key }),
    value: Buffer.from(payload),
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
