/** Where a topic ends now, partition by partition: what the record must have to have everything. */

import { Admin } from '@platformatic/kafka';
import type { System } from '../../ports/system.ts';
import { clientOptions, closeClient, type KafkaConnection, kafkaFault, within } from './connect.ts';

export interface KafkaEnds {
  /** Source (`topic/partition`) → the offset after the newest entry. Rejects with a KafkaFault when Kafka does not say. */
  ends(): Promise<Map<string, number>>;
  close(): Promise<void>;
}

export interface KafkaEndsParts {
  connection: KafkaConnection;
  system: System;
  topic: string;
  /** as many as the topic has */
  partitions: number;
  callMaxMs?: number;
}

const LATEST = -1n;
const EARLIEST = -2n;

export function openKafkaEnds({
  connection,
  system,
  callMaxMs = 2_000,
  ...topic
}: KafkaEndsParts): KafkaEnds {
  let admin: Admin | null = null;
  const close = async () => {
    const old = admin;
    admin = null;
    if (old !== null) await closeClient(system, old, callMaxMs);
  };
  return {
    async ends() {
      admin ??= new Admin(clientOptions(connection, callMaxMs, 1));
      try {
        const ends = await listEnds(admin, system, topic, callMaxMs);
        return new Map(ends.map((end, partition) => [`${topic.topic}/${partition}`, end]));
      } catch (error) {
        void close();
        throw error;
      }
    },
    close,
  };
}

/** The ends in order of partition. Rejects with a KafkaFault, also when Kafka leaves one out. */
export async function listEnds(
  admin: Admin,
  system: System,
  { topic, partitions }: { topic: string; partitions: number },
  maxMs: number,
): Promise<number[]> {
  return await listOffsets(admin, system, { topic, partitions, timestamp: LATEST }, maxMs);
}

/** How many messages a topic holds, at most: what a transaction or a compaction took is counted too. */
export async function countMessages(
  admin: Admin,
  system: System,
  topic: { topic: string; partitions: number },
  maxMs: number,
): Promise<number> {
  const [first, ends] = await Promise.all([
    listOffsets(admin, system, { ...topic, timestamp: EARLIEST }, maxMs),
    listEnds(admin, system, topic, maxMs),
  ]);
  return ends.reduce((all, end, partition) => all + end - (first[partition] ?? 0), 0);
}

async function listOffsets(
  admin: Admin,
  system: System,
  { topic, partitions, timestamp }: { topic: string; partitions: number; timestamp: bigint },
  maxMs: number,
): Promise<number[]> {
  const wanted = Array.from({ length: partitions }, (_, at) => ({ partitionIndex: at, timestamp }));
  const asked = admin.listOffsets({ topics: [{ name: topic, partitions: wanted }] });
  const [listed] = await within(system, maxMs, `the offsets of ${topic}`, asked);
  return wanted.map(({ partitionIndex }) => {
    const found = listed?.partitions.find((one) => one.partitionIndex === partitionIndex);
    if (found === undefined || found.offset < 0n)
      throw kafkaFault(`${topic}/${partitionIndex} has no offset`);
    return Number(found.offset);
  });
}
