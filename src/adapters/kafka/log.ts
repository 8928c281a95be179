/**
 * The log on Kafka (ports/log), for the winners' facts. What arrives while a send is in flight travels in the next one:
 * group commit without a timer. A send that fails is made again with the same facts, in front of those that came since,
 * until it holds; meanwhile those who wait are told an error and `fault` is set. Facts may so be on the log twice, always
 * with the same id. What was taken is never given up while the process lives; past a bound nothing more is taken, and
 * the gate's outbox has what was refused.
 */

import type { CompressionAlgorithmValue } from '@platformatic/kafka';
import { Admin, compatibilityPartitioner, Producer } from '@platformatic/kafka';
import type { Fact } from '../../core/event.ts';
import type { Log, LogState } from '../../ports/log.ts';
import type { System, Timer } from '../../ports/system.ts';
import { packFacts } from './cloud-event.ts';
import {
  clientOptions,
  closeClient,
  type KafkaConnection,
  KafkaFault,
  kafkaFault,
  within,
} from './connect.ts';
import { listEnds } from './ends.ts';
import type { Envelope } from './envelope.ts';

/** Where a message landed. */
export interface Delivery {
  topic: string;
  partition: number;
  offset: number;
  /** the id of the CloudEvent */
  id: string;
  /** how many facts are in it */
  facts: number;
}

export interface KafkaLogParts {
  connection: KafkaConnection;
  system: System;
  /** made and checked by `ensureTopics` */
  topic: string;
  /** as many as the topic has */
  partitions: number;
  compression?: CompressionAlgorithmValue;
  /** how long somebody waits for a fact to be durable before he is told that it is not known */
  tellMaxMs?: number;
  /** how long one send may take before it is made anew by a new producer */
  sendMaxMs?: number;
  /** facts that may wait; one more is told an error at once */
  queueMax?: number;
  /** how long `close` waits for what is still on its way */
  closeMaxMs?: number;
  onDelivered?: (delivery: Delivery) => void;
}

/** What a log has done since it was opened, for metrics. */
export interface LogTally {
  facts: number;
  sends: number;
  /** sends that failed, or that were not answered in time, and were made anew */
  failures: number;
  /** facts that were not taken because too many waited */
  refused: number;
  /** how long the first of those that wait has waited; 0: nobody waits */
  oldestMs: number;
}

export interface KafkaLog extends Log {
  tally(): LogTally;
  /** The offset after the newest durable entry of ours, partition by partition. */
  ends(): readonly number[];
  /** Lets go of the entries of one partition before `offset`. */
  trimPartition(partition: number, offset: number): Promise<void>;
}

type Done = (error: Error | null) => void;

interface Waiting {
  fact: Fact;
  /** null when he has been told an error */
  done: Done | null;
  sinceMs: number;
}

/** One send carries at most so many facts: the broker's answer to it must come within `sendMaxMs`. */
const SEND_FACTS_MAX = 4096;
/**
 * A send costs this process about 0.3 ms and a fact in it about 1 µs. After a send of so many facts the next one waits
 * until so long after its begin, unless it is large by then: a rush travels in fewer sends, and nobody else waits.
 */
const BUSY_FACTS = 48;
const BUSY_SPACING_MS = 5;
const LARGE_FACTS = 512;
const QUEUE_MAX = 100_000;
const RETRY_MS = 200;
const CALL_MAX_MS = 5_000;
/** The producer's own retries end with the deadline of the send. */
const RETRIES = 1_000;

/** A log that goes on behind what the topic holds. Rejects with a KafkaFault when Kafka cannot be asked. */
export async function openKafkaLog(parts: KafkaLogParts): Promise<KafkaLog> {
  const admin = new Admin(clientOptions(parts.connection, CALL_MAX_MS, 1));
  try {
    const ends = await listEnds(admin, parts.system, parts, 2 * CALL_MAX_MS);
    const log = new PartitionedLog(parts, admin, ends);
    await log.connect();
    return log;
  } catch (error) {
    await closeClient(parts.system, admin, CALL_MAX_MS);
    throw kafkaFault(error);
  }
}

class PartitionedLog implements KafkaLog {
  readonly #parts: KafkaLogParts;
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
  readonly #queue: Waiting[] = [];
  #told = 0;
  #appended = 0;
  #durable = 0;
  readonly #counts = { sends: 0, failures: 0, refused: 0 };
  #sending = false;
  #watch: Timer | null = null;
  #closed: Promise<void> | null = null;
  #ended = false;
  #settled: (() => void) | null = null;

  constructor(parts: KafkaLogParts, admin: Admin, ends: number[]) {
    this.#parts = parts;
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

  append(fact: Fact, done: Done): void {
    if (this.#closed !== null) return done(new KafkaFault('the log is closed'));
    if (this.#queue.length >= (this.#parts.queueMax ?? QUEUE_MAX)) {
      this.#counts.refused += 1;
      return done(new KafkaFault(`${this.#queue.length} facts wait for Kafka already`));
    }
    this.#queue.push({ fact, done, sinceMs: this.#system.monotonic() });
    this.#appended += 1;
    this.#state.waiting += 1;
    if (this.#watch === null) this.#watchFor(this.#tellMaxMs);
    if (this.#sending) return;
    this.#sending = true;
    this.#system.afterTurn(() => void this.#sendAll());
  }

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
      const facts = this.#queue.slice(0, SEND_FACTS_MAX).map(({ fact }) => fact);
      const beganMs = this.#system.monotonic();
      this.#counts.sends += 1;
      try {
        const deliveries = await this.#send(packFacts(facts));
        if (!this.#ended) this.#delivered(facts.length, deliveries);
        if (facts.length >= BUSY_FACTS) await this.#gather(beganMs + BUSY_SPACING_MS);
      } catch (error) {
        this.#counts.failures += 1;
        this.#renewProducer();
        if (this.#ended) break;
        this.#failed(kafkaFault(error));
        await this.#pause(RETRY_MS);
      }
    }
    this.#sending = false;
  }

  /** Waits for more to come, not after `untilMs` and not when somebody wants an end of it. */
  async #gather(untilMs: number): Promise<void> {
    const hurry = this.#closed !== null || this.#flushes.length > 0 || this.#queue.length >= LARGE_FACTS;
    const restMs = untilMs - this.#system.monotonic();
    if (!hurry && restMs > 0) await this.#pause(restMs);
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#system.after(ms, resolve);
    });
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
    const { offsets = [] } = await within(this.#system, this.#sendMaxMs, 'sending facts', sent);
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

  #delivered(count: number, deliveries: Delivery[]): void {
    const kept = this.#queue.splice(0, count);
    this.#told = Math.max(0, this.#told - count);
    this.#durable += count;
    this.#state.waiting -= count;
    for (const { partition, offset } of deliveries) {
      this.#ends[partition] = Math.max(this.#ends[partition] ?? 0, offset + 1);
    }
    this.#state.end = sum(this.#ends);
    if (this.#told === 0) this.#state.fault = null;
    for (const { done } of kept) done?.(null);
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

  /** Everybody who waits hears of the fault, once. The facts stay where they are. */
  #tell(error: KafkaFault): void {
    const waiting = this.#queue.slice(this.#told);
    this.#told = this.#queue.length;
    for (const one of waiting) {
      const { done } = one;
      one.done = null;
      done?.(error);
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

/** As Java's clients do it: murmur2 of the key. */
export function partitionOf(key: Buffer, partitions: number): number {
  return compatibilityPartitioner({ topic: '', key }, key) % partitions;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
