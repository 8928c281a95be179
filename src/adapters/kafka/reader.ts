/**
 * The reading side of the log on Kafka: one reader for one partition, from an offset that its caller keeps (in the same
 * transaction as what he made of it). It joins no consumer group and commits nothing to Kafka, so that there is one
 * truth about how far the record is.
 */

import type { KafkaRecord } from '@platformatic/kafka';
import { Consumer } from '@platformatic/kafka';
import type { Fact } from '../../core/event.ts';
import type { LogReader, LogSlice } from '../../ports/log.ts';
import type { System } from '../../ports/system.ts';
import { unpackFacts } from './cloud-event.ts';
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
  key: Buffer | null;
  value: Buffer | null;
  headers: [Buffer | null, Buffer | null][];
}

export interface KafkaSlice extends LogSlice {
  unreadable: { at: string; reason: string; payload: string; entry: KafkaEntry }[];
}

export interface KafkaReader extends LogReader {
  /** what the record keeps its offset under: `topic/partition` */
  readonly source: string;
  /** Rejects with a KafkaFault when Kafka does not answer, or when it holds less than the offset says was read. */
  read(offset: number, max: number): Promise<KafkaSlice>;
  /** How many messages there were behind `offset` when Kafka was last asked; null before. */
  lag(offset: number): number | null;
  /** Ends at once; a read under way fails. */
  close(): Promise<void>;
}

export interface KafkaReaderParts {
  connection: KafkaConnection;
  system: System;
  topic: string;
  partition: number;
  /** how long Kafka may wait for something to come before it says that there is nothing */
  waitMs?: number;
  callMaxMs?: number;
  /** told of each message as it is read, with the facts in it; none when it is unreadable */
  onEntry?: (entry: KafkaEntry, facts: readonly Fact[]) => void;
  /** told when entries that were to be read are gone, by `trim` or by the topic's retention */
  onGap?: (gap: { source: string; from: number; to: number }) => void;
}

/** What a fetch brings of one partition. */
interface FetchedPartition {
  highWatermark: bigint;
  records?:
    | { firstOffset: bigint; lastOffsetDelta: number; attributes: number; records: KafkaRecord[] }[]
    | null
    | undefined;
}

const FETCH_BYTES = 1_048_576;
/** We use no transactions; with those of others in between, every offset is still seen and passed. */
const READ_UNCOMMITTED = 0;

export function openKafkaReader(parts: KafkaReaderParts): KafkaReader {
  return new PartitionReader(parts);
}

class PartitionReader implements KafkaReader {
  readonly source: string;
  readonly #parts: KafkaReaderParts;
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

  constructor(parts: KafkaReaderParts) {
    this.#parts = parts;
    this.#system = parts.system;
    this.#callMaxMs = parts.callMaxMs ?? 5_000;
    this.source = `${parts.topic}/${parts.partition}`;
  }

  /** One after the other: a fetch session of Kafka belongs to one question at a time. */
  read(offset: number, max: number): Promise<KafkaSlice> {
    const slice = this.#turn.then(() => this.#read(offset, max));
    this.#turn = slice.catch(() => undefined);
    return slice;
  }

  lag(offset: number): number | null {
    return this.#highWatermark === null ? null : Math.max(0, this.#highWatermark - offset);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const consumer = this.#consumer;
    this.#consumer = null;
    if (consumer !== null) await closeClient(this.#system, consumer, this.#callMaxMs);
  }

  async #read(offset: number, max: number): Promise<KafkaSlice> {
    let start = offset;
    if (offset < this.#from || offset >= this.#to) {
      try {
        start = await this.#fetch(offset);
      } catch (error) {
        await this.#startAnew();
        throw kafkaFault(error);
      }
    }
    return this.#slice(start, max);
  }

  #slice(start: number, max: number): KafkaSlice {
    const slice: KafkaSlice = { facts: [], unreadable: [], next: start };
    for (const entry of this.#entries) {
      if (entry.offset < start) continue;
      const decoded = unpackFacts(entry.value);
      if (decoded.kind === 'facts') {
        slice.facts.push(...decoded.facts);
        if (decoded.lines.length > 0) slice.lines = [...(slice.lines ?? []), ...decoded.lines];
      } else slice.unreadable.push(setAside(entry, decoded.reason));
      this.#parts.onEntry?.(entry, decoded.kind === 'facts' ? [...decoded.facts, ...decoded.lines] : []);
      slice.next = entry.offset + 1;
      const taken = slice.facts.length + (slice.lines?.length ?? 0);
      if (taken + slice.unreadable.length >= max) return slice;
    }
    // What holds no message of anybody (marks of transactions) lies behind us too.
    slice.next = Math.max(slice.next, this.#to);
    return slice;
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
      const reason = `${this.source} ends at ${end}, and the record has read up to ${offset}: the log has lost facts`;
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
      for (const { offsetDelta, key, value, headers } of isControl(batch) ? [] : batch.records) {
        const offset = first + offsetDelta;
        if (offset >= start) this.#entries.push({ topic, partition: number, offset, key, value, headers });
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

function setAside(entry: KafkaEntry, reason: string): KafkaSlice['unreadable'][number] {
  const at = `${entry.topic}/${entry.partition}:${entry.offset}`;
  return { at, reason, payload: entry.value?.toString() ?? '', entry };
}
