/**
 * One partition as it is read: from an offset that its caller keeps (in the same transaction as what he made of it). It
 * joins no consumer group and commits nothing to Kafka, so that there is one truth about how far somebody is.
 */

import type { KafkaRecord } from '@platformatic/kafka';
import { Consumer } from '@platformatic/kafka';
import type { System } from '../../ports/system.ts';
import {
  clientOptions,
  closeClient,
  type KafkaConnection,
  KafkaFault,
  kafkaCodes,
  kafkaFault,
  within,
} from './connect.ts';

/** A message as it stands in a partition. */
export interface KafkaEntry {
  topic: string;
  partition: number;
  offset: number;
  /** epoch ms, by the clock that the topic goes by: the producer's, or the broker's */
  at: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: [Buffer | null, Buffer | null][];
}

/** A message that could not be read, as a slice has it. */
export interface KafkaUnreadable {
  at: string;
  reason: string;
  payload: string;
  entry: KafkaEntry;
}

export interface PartitionParts {
  connection: KafkaConnection;
  system: System;
  topic: string;
  partition: number;
  /** how long Kafka may wait for something to come before it says that there is nothing */
  waitMs?: number;
  callMaxMs?: number;
  /** told when entries that were to be read are gone, by `trim` or by the topic's retention */
  onGap?: (gap: { source: string; from: number; to: number }) => void;
}

/** What a fetch brings of one partition. */
interface FetchedPartition {
  highWatermark: bigint;
  records?: FetchedBatch[] | null | undefined;
}

interface FetchedBatch {
  firstOffset: bigint;
  lastOffsetDelta: number;
  attributes: number;
  firstTimestamp: bigint;
  maxTimestamp: bigint;
  records: KafkaRecord[];
}

const FETCH_BYTES = 1_048_576;
/** We use no transactions; with those of others in between, every offset is still seen and passed. */
const READ_UNCOMMITTED = 0;

export class PartitionEntries {
  /** what somebody keeps his offset under: `topic/partition` */
  readonly source: string;
  readonly #parts: PartitionParts;
  readonly #system: System;
  readonly #callMaxMs: number;
  #consumer: Consumer | null = null;
  /** what the latest fetch brought, from `#from` to before `#to`: a bite that was too large is read on without Kafka */
  #entries: KafkaEntry[] = [];
  #from = 0;
  #to = 0;
  #highWatermark: number | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: PartitionParts) {
    this.#parts = parts;
    this.#system = parts.system;
    this.#callMaxMs = parts.callMaxMs ?? 5_000;
    this.source = `${parts.topic}/${parts.partition}`;
  }

  /**
   * Hands over messages from `offset` on, one by one, until `take` says that it has enough or Kafka has no more. Resolves
   * with where to read on. One after the other: a fetch session of Kafka belongs to one question at a time.
   */
  read(offset: number, take: (entry: KafkaEntry) => boolean): Promise<number> {
    const next = this.#turn.then(() => this.#read(offset, take));
    this.#turn = next.catch(() => undefined);
    return next;
  }

  /** How many messages there were behind `offset` when Kafka was last asked; null before. */
  lag(offset: number): number | null {
    return this.#highWatermark === null ? null : Math.max(0, this.#highWatermark - offset);
  }

  /** Ends at once; a read under way fails. */
  async close(): Promise<void> {
    this.#closed = true;
    const consumer = this.#consumer;
    this.#consumer = null;
    if (consumer !== null) await closeClient(this.#system, consumer, this.#callMaxMs);
  }

  async #read(offset: number, take: (entry: KafkaEntry) => boolean): Promise<number> {
    let start = offset;
    if (offset < this.#from || offset >= this.#to) {
      try {
        start = await this.#fetch(offset);
      } catch (error) {
        await this.#startAnew();
        throw kafkaFault(error);
      }
    }
    for (const entry of this.#entries) {
      if (entry.offset >= start && take(entry)) return entry.offset + 1;
    }
    // What holds no message of anybody (marks of transactions) lies behind us too.
    return Math.max(start, this.#to);
  }

  /** Returns where it could begin. */
  async #fetch(offset: number): Promise<number> {
    try {
      this.#keep(offset, await this.#ask(offset));
      return offset;
    } catch (error) {
      if (!kafkaCodes(error).includes('OFFSET_OUT_OF_RANGE')) throw error;
    }
    await this.#startAnew();
    const [first, end] = await Promise.all([this.#bound(-2n), this.#bound(-1n)]);
    if (offset > end) {
      const reason = `${this.source} ends at ${end}, and has been read up to ${offset}: the log has lost entries`;
      throw new KafkaFault(reason);
    }
    if (offset < first) this.#parts.onGap?.({ source: this.source, from: offset, to: first });
    const start = Math.max(offset, first);
    this.#keep(start, await this.#ask(start));
    return start;
  }

  async #ask(offset: number): Promise<FetchedPartition | undefined> {
    const { topic, partition, waitMs = 0 } = this.#parts;
    const consumer = this.#open();
    const metadata = await this.#within('metadata', consumer.metadata({ topics: [topic] }));
    const found = metadata.topics.get(topic);
    const leader = found?.partitions[partition]?.leader;
    if (found === undefined || leader === undefined || leader < 0) {
      throw new KafkaFault(`${this.source} has no leader`);
    }
    const wanted = {
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: BigInt(offset),
      lastFetchedEpoch: -1,
      partitionMaxBytes: FETCH_BYTES,
    };
    const asked = consumer.fetch({
      node: leader,
      topics: [{ topicId: found.id, partitions: [wanted] }],
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      maxWaitTime: waitMs,
      isolationLevel: READ_UNCOMMITTED,
    });
    const { responses } = await this.#within('reading', asked);
    return responses[0]?.partitions[0];
  }

  #keep(start: number, partition: FetchedPartition | undefined): void {
    const { topic, partition: number } = this.#parts;
    this.#entries = [];
    this.#from = start;
    this.#to = start;
    if (partition === undefined) return;
    this.#highWatermark = Number(partition.highWatermark);
    for (const batch of partition.records ?? []) {
      const first = Number(batch.firstOffset);
      this.#to = Math.max(this.#to, first + batch.lastOffsetDelta + 1);
      for (const record of isControl(batch) ? [] : batch.records) {
        const { offsetDelta, key, value, headers } = record;
        const offset = first + offsetDelta;
        const at = timeOf(batch, record);
        if (offset >= start)
          this.#entries.push({ topic, partition: number, offset, at, key, value, headers });
      }
    }
  }

  async #bound(timestamp: bigint): Promise<number> {
    const { topic, partition } = this.#parts;
    const asked = this.#open().listOffsets({
      topics: [topic],
      partitions: { [topic]: [partition] },
      timestamp,
    });
    const offset = (await this.#within('offsets', asked)).get(topic)?.[partition];
    if (offset === undefined) throw new KafkaFault(`${this.source} has no offsets`);
    return Number(offset);
  }

  #within<T>(what: string, promise: Promise<T>): Promise<T> {
    return within(this.#system, this.#callMaxMs, `${what} of ${this.source}`, promise);
  }

  #open(): Consumer {
    if (this.#closed) throw new KafkaFault(`the reader of ${this.source} is closed`);
    this.#consumer ??= new Consumer({
      ...clientOptions(this.#parts.connection, this.#callMaxMs, 0),
      // Named, because the client asks for it; no group of this name is ever joined.
      groupId: `${this.#parts.connection.clientId}-reader`,
      autocommit: false,
    });
    return this.#consumer;
  }

  /** Connections, metadata and session of before are forgotten. */
  async #startAnew(): Promise<void> {
    const old = this.#consumer;
    this.#consumer = null;
    this.#entries = [];
    this.#from = 0;
    this.#to = 0;
    if (old !== null) await closeClient(this.#system, old, this.#callMaxMs);
  }
}

const CONTROL = 1 << 5;
const isControl = (batch: { attributes: number }): boolean => (batch.attributes & CONTROL) !== 0;

/** With the broker's clock a batch has one moment, and those of its messages say nothing. */
const LOG_APPEND_TIME = 1 << 3;

function timeOf(batch: FetchedBatch, { timestampDelta }: KafkaRecord): number {
  const isBrokers = (batch.attributes & LOG_APPEND_TIME) !== 0;
  return Number(isBrokers ? batch.maxTimestamp : batch.firstTimestamp + timestampDelta);
}

export function setAside(entry: KafkaEntry, reason: string): KafkaUnreadable {
  const at = `${entry.topic}/${entry.partition}:${entry.offset}`;
  return { at, reason, payload: entry.value?.toString() ?? '', entry };
}
