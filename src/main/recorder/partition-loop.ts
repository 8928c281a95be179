/**
 * One partition on its way into the record, as long as this process has its lease: read → set aside what cannot be
 * read → wait for pace and turn → decide, if that is what is done with it → store, with the offset in the same
 * transaction. Whoever lost the lease without noticing does no harm: his offset is refused, and he reads on from where
 * the record stands.
 */

import type { DeadLetters } from '../../adapters/kafka/dead-letters.ts';
import type { KafkaUnreadable } from '../../adapters/kafka/partition-entries.ts';
import type { UnsentLetters } from '../../ports/dead-letters.ts';
import type { StoreResult } from '../../ports/record.ts';
import { type System, wait } from '../../ports/system.ts';
import type { Pace, Turns } from './pace.ts';

/** What is read at once; what else is in it is for whoever takes it. */
export interface PartitionSlice {
  unreadable: KafkaUnreadable[];
  next: number;
}

export interface PartitionReader<Slice> {
  /** what the record keeps the offset under: `topic/partition` */
  readonly source: string;
  read(offset: number, max: number): Promise<Slice>;
  /** How many messages there were behind `offset` when Kafka was last asked; null before. */
  lag(offset: number): number | null;
  close(): Promise<void>;
}

/** What becomes of a partition's messages: flow/record or flow/decide. */
export interface Taking<Slice> {
  /** Goes on where the record stands, and tells what became of each batch. */
  begin(
    source: string,
    reader: Pick<PartitionReader<Slice>, 'read'>,
    onStored: (result: StoreResult) => void,
  ): Promise<{ next(): number; step(): Promise<unknown> }>;
  /** facts or requests in it */
  sizeOf(slice: Slice): number;
  /** of those in one batch, at most */
  batchMax: number;
  /** a slice with nothing in it */
  nothing(offset: number): Slice;
}

/** How far a partition is. Counts are of this process, since it has the partition. */
export interface PartitionProgress {
  /** what the record keeps the offset under: `topic/partition` */
  source: string;
  /** the offset that the record goes on at */
  next: number;
  /** the offset after the newest entry, when Kafka was last asked; null before */
  end: number | null;
  /** entries of the log that are not in the record */
  lag: number | null;
  /** facts that were recorded, or requests that were decided */
  facts: number;
  /** units among them that the record did not have */
  wins: number;
  /** facts and entries that the record has set aside, the unreadable included */
  conflicts: number;
  /** entries that could not be read */
  dead: number;
  /** how often somebody else had moved on */
  overtaken: number;
  /** why the latest try failed; null when it did not */
  fault: string | null;
  /** when the record last had everything, `system.now()`; null: not yet */
  caughtUpAt: number | null;
}

export interface PartitionParts<Slice extends PartitionSlice> {
  reader: PartitionReader<Slice>;
  taking: Taking<Slice>;
  letters: DeadLetters;
  /** where the record keeps what it has set aside */
  unsentLetters: UnsentLetters;
  system: System;
  turns: Turns;
  pace: Pace;
  /** after a batch the next one gathers for so long: few large transactions cost a fraction of many small ones */
  gatherMs?: number;
  /** whether the lease of this partition is in force */
  holds(): boolean;
  /** told after each step */
  tell(): void;
  /** told what was read and what became of it, before the step ends */
  onTaken(slice: Slice, result: StoreResult): void;
}

const RETRY_FIRST_MS = 200;
const RETRY_LATEST_MS = 2_000;
const LEASE_POLL_MS = 100;
const GATHER_MS = 200;
/** Told of in one go. */
const LETTERS_MAX = 100;
/** A batch that is nearly full is followed by the next at once. */
const FULL = 0.8;

export class PartitionLoop<Slice extends PartitionSlice> {
  readonly progress: PartitionProgress;
  readonly #parts: PartitionParts<Slice>;
  readonly #stopping: Promise<null>;
  #stop: () => void = () => undefined;
  #stopped = false;
  #taker: Awaited<ReturnType<Taking<Slice>['begin']>> | null = null;
  /** what was read last */
  #slice: Slice | null = null;
  #endTurn: () => void = () => undefined;
  /** dead letters below this offset were sent already */
  #lettersUpTo = 0;
  /** the record may have letters of this partition that others were not told of: of a life before, at first */
  #hasUnsent = true;
  /** until then the next batch gathers, `system.monotonic()` */
  #gathersUntil = 0;
  readonly #done: Promise<void>;

  constructor(parts: PartitionParts<Slice>) {
    this.#parts = parts;
    const { source } = parts.reader;
    const counts = { facts: 0, wins: 0, conflicts: 0, dead: 0, overtaken: 0 };
    this.progress = { source, next: 0, end: null, lag: null, ...counts, fault: null, caughtUpAt: null };
    this.#stopping = new Promise((resolve) => {
      this.#stop = () => resolve(null);
    });
    this.#done = this.#run();
  }

  /** Resolves when nothing is under way any more: what was being stored is stored. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stop();
    await this.#done;
    await this.#parts.reader.close();
  }

  async #run(): Promise<void> {
    let retryMs = RETRY_FIRST_MS;
    while (!this.#stopped) {
      if (!this.#parts.holds()) {
        await this.#pause(LEASE_POLL_MS);
        continue;
      }
      try {
        await this.#step();
        retryMs = RETRY_FIRST_MS;
      } catch (error) {
        this.progress.fault = (error as Error).message;
        this.#parts.tell();
        await this.#pause(retryMs);
        retryMs = Math.min(RETRY_LATEST_MS, 2 * retryMs);
      }
    }
  }

  async #step(): Promise<void> {
    const { taking, system, tell } = this.#parts;
    const { progress } = this;
    const reader = { read: (offset: number, max: number) => this.#read(offset, max) };
    this.#taker ??= await taking.begin(progress.source, reader, (result) => this.#taken(result));
    progress.next = this.#taker.next();
    if (this.#hasUnsent) await this.#tellOfLetters().catch(() => this.#tellLater());
    try {
      await this.#taker.step();
    } finally {
      this.#endTurn();
    }
    progress.next = this.#taker.next();
    progress.fault = null;
    progress.lag = this.#parts.reader.lag(progress.next);
    if (progress.lag !== null) progress.end = progress.next + progress.lag;
    if (progress.lag === 0) progress.caughtUpAt = system.now();
    tell();
  }

  async #read(offset: number, max: number): Promise<Slice> {
    this.#slice = (await this.#readInTurn(offset, max)) ?? this.#parts.taking.nothing(offset);
    return this.#slice;
  }

  /** As the reader does it, and then not before this slice's turn has come; null: it is not ours to take. */
  async #readInTurn(offset: number, max: number): Promise<Slice | null> {
    const { reader, pace, turns, holds, taking } = this.#parts;
    const gatherMs = this.#gathersUntil - this.#parts.system.monotonic();
    if (gatherMs > 0) await this.#pause(gatherMs);
    const slice = await Promise.race([reader.read(offset, max), this.#stopping]);
    if (slice === null || !holds()) return null;
    if (slice.next === offset) return slice;
    await this.#setAside(slice);
    const waitMs = pace.waitMsFor(taking.sizeOf(slice) + slice.unreadable.length);
    if (waitMs > 0) await this.#pause(waitMs);
    this.#endTurn = await turns.take();
    return holds() ? slice : null;
  }

  /** Before the offset moves on; a batch that is tried again does not send them again. */
  async #setAside({ unreadable }: Slice): Promise<void> {
    for (const { entry, reason } of unreadable) {
      if (entry.offset < this.#lettersUpTo) continue;
      await this.#parts.letters.deadLetter(entry, reason);
      this.#lettersUpTo = entry.offset + 1;
    }
  }

  /** After they are written and before they are marked: told at least once. */
  async #tellOfLetters(): Promise<void> {
    const { letters, unsentLetters, system } = this.#parts;
    const { source } = this.progress;
    const cut = source.lastIndexOf('/');
    for (;;) {
      const some = await unsentLetters.unsent(source, LETTERS_MAX);
      if (some.length === 0) break;
      await letters.setAside(source.slice(0, cut), Number(source.slice(cut + 1)), some);
      const ids = some.map(({ id }) => id);
      await unsentLetters.markSent(ids, system.now());
    }
    this.#hasUnsent = false;
  }

  /** They are in SQL: nobody waits for it, and the record goes on. */
  #tellLater(): void {
    this.#hasUnsent = false;
    this.#parts.system.after(RETRY_LATEST_MS, () => {
      this.#hasUnsent = true;
    });
  }

  #taken(result: StoreResult): void {
    const { progress } = this;
    const { taking, system, gatherMs = GATHER_MS, onTaken } = this.#parts;
    const slice = this.#slice ?? taking.nothing(progress.next);
    const size = taking.sizeOf(slice);
    if (result.kind === 'zombie') progress.overtaken += 1;
    else {
      progress.facts += size;
      progress.wins += result.inserted;
      progress.conflicts += result.conflicts;
      if (result.conflicts > slice.unreadable.length) this.#hasUnsent = true;
      progress.dead += slice.unreadable.length;
    }
    this.#gathersUntil = size >= FULL * taking.batchMax ? 0 : system.monotonic() + gatherMs;
    onTaken(slice, result);
  }

  /** Cut short by a stop. */
  async #pause(ms: number): Promise<void> {
    await Promise.race([wait(this.#parts.system, ms), this.#stopping]);
  }
}
