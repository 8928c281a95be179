/**
 * A topic that is appended to, for whatever is to be durable. What arrives while a send is in flight travels in the next
 * one: group commit without a timer. A send that fails is made again with the same items, in front of those that came
 * since, until it holds; meanwhile those who wait are told an error and `fault` is set. Items may so be in the topic
 * twice. What was taken is never given up while the process lives; past a bound nothing more is taken.
 */

import type { CompressionAlgorithmValue } from '@platformatic/kafka';
import { Admin, Producer } from '@platformatic/kafka';
import type { LogState } from '../../ports/log.ts';
import { type System, type Timer, wait } from '../../ports/system.ts';
import {
  clientOptions,
  closeClient,
  type KafkaConnection,
  KafkaFault,
  kafkaFault,
  within,
} from './connect.ts';
import { type Cargo, type Delivery, placesOf } from './delivery.ts';
import { listEnds } from './ends.ts';
import type { Envelope } from './envelope.ts';
import { bytesToOne, partitionOf } from './partition-of.ts';

export interface PartitionedLogParts {
  connection: KafkaConnection;
  system: System;
  /** made and checked by `ensureTopics` */
  topic: string;
  /** as many as the topic has */
  partitions: number;
  compression?: CompressionAlgorithmValue;
  /** how long somebody waits for an item to be durable before he is told that it is not known */
  tellMaxMs?: number;
  /** how long one send may take before it is made anew by a new producer */
  sendMaxMs?: number;
  /** items that may wait; one more is told an error at once */
  queueMax?: number;
  /** how long `close` waits for what is still on its way */
  closeMaxMs?: number;
  onDelivered?: (delivery: Delivery) => void;
}

/** What a log has done since it was opened, for metrics. */
export interface LogTally {
  /** facts, or requests, that Kafka has acknowledged */
  facts: number;
  sends: number;
  /** sends that failed, or that were not answered in time, and were made anew */
  failures: number;
  /** what was not taken because too much waited */
  refused: number;
  /** how long the first of those that wait has waited; 0: nobody waits */
  oldestMs: number;
}

type Done<At> = (error: Error | null, at: At | null) => void;

interface Waiting<Item, At> {
  item: Item;
  /** null when he has been told an error */
  done: Done<At> | null;
  sinceMs: number;
}

/** One send carries at most so many items: the broker's answer to it must come within `sendMaxMs`. */
const SEND_ITEMS_MAX = 4096;
/** And to one partition so many bytes, which travel together: a broker takes 1 MiB by default. */
const SEND_BYTES_MAX = 900_000;
/**
 * A send costs this process about 0.3 ms and an item in it about 1 µs. After a send of so many items the next one waits
 * until so long after its begin, unless it is large by then: a rush travels in fewer sends, and nobody else waits.
 */
const BUSY_ITEMS = 48;
const BUSY_SPACING_MS = 5;
const LARGE_ITEMS = 512;
const QUEUE_MAX = 100_000;
const RETRY_MS = 200;
const CALL_MAX_MS = 5_000;
/** The producer's own retries end with the deadline of the send. */
const RETRIES = 1_000;

/** A log that goes on behind what the topic holds. Rejects with a KafkaFault when Kafka cannot be asked. */
export async function openPartitionedLog<Item, At>(
  parts: PartitionedLogParts,
  cargo: Cargo<Item, At>,
): Promise<PartitionedLog<Item, At>> {
  const admin = new Admin(clientOptions(parts.connection, CALL_MAX_MS, 1));
  try {
    const ends = await listEnds(admin, parts.system, parts, 2 * CALL_MAX_MS);
    const log = new PartitionedLog(parts, cargo, admin, ends);
    await log.connect();
    return log;
  } catch (error) {
    await closeClient(parts.system, admin, CALL_MAX_MS);
    throw kafkaFault(error);
  }
}

export class PartitionedLog<Item, At> {
  readonly #parts: PartitionedLogParts;
  readonly #cargo: Cargo<Item, At>;
  readonly #system: System;
  readonly #admin: Admin;
  readonly #ends: number[];
  readonly #state: LogState;
  readonly #tellMaxMs: number;
  readonly #sendMaxMs: number;
  readonly #listeners: ((end: number) => void)[] = [];
  #flushes: { upTo: number; resolve: (end: number) => void; reject: (error: Error) => void }[] = [];
  #producer: Producer | null = null;
  /** in order of arrival; the first `#told` of them know already that there is a fault */
  readonly #queue: Waiting<Item, At>[] = [];
  #told = 0;
  #appended = 0;
  #durable = 0;
  readonly #counts = { sends: 0, failures: 0, refused: 0 };
  #sending = false;
  #watch: Timer | null = null;
  #closed: Promise<void> | null = null;
  #ended = false;
  #settled: (() => void) | null = null;

  constructor(parts: PartitionedLogParts, cargo: Cargo<Item, At>, admin: Admin, ends: number[]) {
    this.#parts = parts;
    this.#cargo = cargo;
    this.#system = parts.system;
    this.#admin = admin;
    this.#ends = ends;
    this.#tellMaxMs = parts.tellMaxMs ?? 800;
    this.#sendMaxMs = parts.sendMaxMs ?? 3_000;
    this.#state = { waiting: 0, end: sum(ends), fault: null };
  }

  state(): LogState {
    return this.#state;
  }

  /** The offset after the newest durable entry of ours, partition by partition. */
  ends(): readonly number[] {
    return this.#ends;
  }

  tally(): LogTally {
    const [first] = this.#queue;
    const oldestMs = first === undefined ? 0 : this.#system.monotonic() - first.sinceMs;
    return { facts: this.#durable, ...this.#counts, oldestMs };
  }

  onDurable(listener: (end: number) => void): void {
    this.#listeners.push(listener);
  }

  append(item: Item, done: Done<At>): void {
    if (this.#closed !== null) return done(new KafkaFault('the log is closed'), null);
    if (this.#queue.length >= (this.#parts.queueMax ?? QUEUE_MAX)) {
      this.#counts.refused += 1;
      return done(new KafkaFault(`${this.#queue.length} ${this.#cargo.name} wait for Kafka already`), null);
    }
    this.#queue.push({ item, done, sinceMs: this.#system.monotonic() });
    this.#appended += 1;
    this.#state.waiting += 1;
    if (this.#watch === null) this.#watchFor(this.#tellMaxMs);
    if (this.#sending) return;
    this.#sending = true;
    this.#system.afterTurn(() => void this.#sendAll());
  }

  /** Resolves with the sum of the ends when everything that was appended before the call is durable. */
  flush(): Promise<number> {
    if (this.#queue.length === 0) return Promise.resolve(this.#state.end);
    return new Promise((resolve, reject) => this.#flushes.push({ upTo: this.#appended, resolve, reject }));
  }

  async trim(offset: number): Promise<void> {
    if (this.#parts.partitions > 1) {
      throw new KafkaFault(
        'A log of several partitions has no one offset: use trimPartition or the retention.',
      );
    }
    await this.trimPartition(0, offset);
  }

  /** Lets go of the entries of one partition before `offset`. */
  async trimPartition(partition: number, offset: number): Promise<void> {
    const upTo = Math.min(offset, this.#ends[partition] ?? 0);
    if (upTo <= 0) return;
    const partitions = [{ partition, offset: BigInt(upTo) }];
    const asked = this.#admin.deleteRecords({ topics: [{ name: this.#parts.topic, partitions }] });
    await within(this.#system, CALL_MAX_MS, 'letting go of records', asked);
  }

  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    const closeMaxMs = this.#parts.closeMaxMs ?? 5_000;
    if (this.#queue.length > 0 && this.#state.fault === null) {
      await new Promise<void>((resolve) => {
        const timer = this.#system.after(closeMaxMs, resolve);
        this.#settled = () => {
          timer.stop();
          resolve();
        };
      });
    }
    this.#ended = true;
    const error = new KafkaFault(this.#state.fault ?? `not on the log when it was closed`);
    if (this.#queue.length > 0) this.#tell(error);
    for (const { reject } of this.#flushes.splice(0)) reject(error);
    this.#watch?.stop();
    const clients = [this.#admin, ...(this.#producer === null ? [] : [this.#producer])];
    await Promise.all(clients.map((client) => closeClient(this.#system, client, closeMaxMs)));
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0 && !this.#ended) {
      const { count, envelopes } = this.#load();
      const beganMs = this.#system.monotonic();
      this.#counts.sends += 1;
      try {
        const deliveries = await this.#send(envelopes);
        if (!this.#ended) this.#delivered(count, envelopes, deliveries);
        if (count >= BUSY_ITEMS) await this.#gather(beganMs + BUSY_SPACING_MS);
      } catch (error) {
        this.#counts.failures += 1;
        this.#renewProducer();
        if (this.#ended) break;
        this.#failed(kafkaFault(error));
        await wait(this.#system, RETRY_MS);
      }
    }
    this.#sending = false;
  }

  /** What goes with the next send: as much as may travel at once. */
  #load(): { count: number; envelopes: Envelope[] } {
    const items = this.#queue.slice(0, SEND_ITEMS_MAX).map(({ item }) => item);
    for (;;) {
      const count = items.length;
      const envelopes = this.#cargo.pack(items, this.#durable);
      if (count === 1 || bytesToOne(envelopes, this.#parts.partitions) <= SEND_BYTES_MAX) {
        return { count, envelopes };
      }
      items.length = Math.ceil(count / 2);
    }
  }

  /** Waits for more to come, not after `untilMs` and not when somebody wants an end of it. */
  async #gather(untilMs: number): Promise<void> {
    const hurry = this.#closed !== null || this.#flushes.length > 0 || this.#queue.length >= LARGE_ITEMS;
    const restMs = untilMs - this.#system.monotonic();
    if (!hurry && restMs > 0) await wait(this.#system, restMs);
  }

  async #send(envelopes: Envelope[]): Promise<Delivery[]> {
    const { topic } = this.#parts;
    const messages = envelopes.map(({ key, value, headers }) => ({
      topic,
      key,
      value,
      headers,
      partition: partitionOf(key, this.#parts.partitions),
    }));
    this.#producer ??= this.#newProducer();
    const sent = this.#producer.send({ messages });
    const { offsets = [] } = await within(this.#system, this.#sendMaxMs, `sending ${this.#cargo.name}`, sent);
    const next = new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]));
    return envelopes.map(({ id, items }, at) => {
      const partition = messages[at]?.partition ?? 0;
      const offset = next.get(partition);
      if (offset === undefined || offset < 0)
        throw new KafkaFault(`no place told for partition ${partition}`);
      next.set(partition, offset + 1);
      return { topic, partition, offset, id, facts: items.length };
    });
  }

  /** Everything that the first send would have to wait for: connections, where the partitions are, who we are. */
  async connect(): Promise<void> {
    const producer = this.#newProducer();
    this.#producer = producer;
    try {
      const connected = Promise.all([
        producer.connectToBrokers(),
        producer.metadata({ topics: [this.#parts.topic] }),
        producer.initIdempotentProducer({}),
      ]);
      await within(this.#system, this.#sendMaxMs, 'connecting', connected);
    } catch {
      // The first send says what is wrong.
      this.#renewProducer();
    }
  }

  #newProducer(): Producer {
    return new Producer({
      ...clientOptions(this.#parts.connection, this.#sendMaxMs, RETRIES),
      idempotent: true,
      acks: -1,
      compression: this.#parts.compression ?? 'none',
    });
  }

  /** After a failed send nobody can be sure what an idempotent producer believes. A new one begins anew. */
  #renewProducer(): void {
    const old = this.#producer;
    this.#producer = null;
    if (old !== null) void closeClient(this.#system, old, this.#sendMaxMs);
  }

  #delivered(count: number, envelopes: Envelope[], deliveries: Delivery[]): void {
    const places = placesOf(this.#cargo, envelopes, deliveries);
    const kept = this.#queue.splice(0, count);
    this.#told = Math.max(0, this.#told - count);
    this.#durable += count;
    this.#state.waiting -= count;
    for (const { partition, offset } of deliveries) {
      this.#ends[partition] = Math.max(this.#ends[partition] ?? 0, offset + 1);
    }
    this.#state.end = sum(this.#ends);
    if (this.#told === 0) this.#state.fault = null;
    for (const [item, { done }] of kept.entries()) done?.(null, places[item] ?? null);
    const { end } = this.#state;
    const reached = this.#flushes.filter(({ upTo }) => upTo <= this.#durable);
    this.#flushes = this.#flushes.filter(({ upTo }) => upTo > this.#durable);
    for (const { resolve } of reached) resolve(end);
    for (const listener of this.#listeners) listener(end);
    for (const delivery of deliveries) this.#parts.onDelivered?.(delivery);
    if (this.#queue.length === 0) this.#settled?.();
  }

  #failed(error: KafkaFault): void {
    this.#state.fault = error.message;
    this.#tell(error);
    this.#settled?.();
  }

  /** Everybody who waits hears of the fault, once. The items stay where they are. */
  #tell(error: KafkaFault): void {
    const waiting = this.#queue.slice(this.#told);
    this.#told = this.#queue.length;
    for (const one of waiting) {
      const { done } = one;
      one.done = null;
      done?.(error, null);
    }
  }

  /** A broker that takes long to answer says nothing; those who wait are told in time nevertheless. */
  #watchFor(ms: number): void {
    this.#watch = this.#system.after(ms, () => {
      this.#watch = null;
      const oldest = this.#queue[this.#told];
      if (oldest === undefined && this.#queue.length === 0) return;
      const agedMs = oldest === undefined ? 0 : this.#system.monotonic() - oldest.sinceMs;
      if (agedMs < this.#tellMaxMs) return this.#watchFor(Math.max(1, this.#tellMaxMs - agedMs));
      this.#failed(new KafkaFault(`Kafka has not answered for ${this.#tellMaxMs} ms`));
      this.#watchFor(this.#tellMaxMs);
    });
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
