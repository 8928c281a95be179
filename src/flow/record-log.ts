/**
 * Without Kafka the record itself is the log: an append is answered when its fact is stored. What arrives while a batch
 * is being stored travels in the next one. A batch that fails is stored anew until it holds; meanwhile those who wait
 * are told that it is not known, and `fault` is set.
 */

import type { ClaimWon, Fact } from '../core/event.ts';
import type { LineFact } from '../core/line-fact.ts';
import { packLineFacts } from '../core/line-fact.ts';
import { said } from '../core/said.ts';
import type { Log, LogState } from '../ports/log.ts';
import type { RecordStore, StoredClaim, StoreResult, Win } from '../ports/record.ts';
import { type System, wait } from '../ports/system.ts';

export interface RecordLogParts {
  record: Pick<RecordStore, 'store' | 'next' | 'find'>;
  system: System;
  /** what the record keeps this process' offset under; no other process may have the same */
  source: string;
  winsOf(facts: readonly ClaimWon[]): Promise<Win[]>;
}

interface Waiting {
  fact: Fact;
  /** null when he has been told already */
  done: ((error: Error | null) => void) | null;
}

const BATCH_MAX = 2_000;
/** Facts past it are refused: the gate's own outbox has them. */
const WAITING_MAX = 100_000;
const TELL_MS = 800;
const RETRY_MS = 200;

export async function makeRecordLog(parts: RecordLogParts): Promise<Log> {
  return new RecordLog(parts, await parts.record.next(parts.source));
}

class RecordLog implements Log {
  readonly #parts: RecordLogParts;
  readonly #state: LogState;
  readonly #listeners: ((end: number) => void)[] = [];
  #queue: Waiting[] = [];
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(parts: RecordLogParts, next: number) {
    this.#parts = parts;
    this.#state = { waiting: 0, end: next, fault: null };
  }

  state(): LogState {
    return this.#state;
  }

  append(fact: Fact, done: (error: Error | null) => void): void {
    if (this.#closed || this.#queue.length >= WAITING_MAX)
      return done(new Error('the log takes nothing now'));
    this.#queue.push({ fact, done });
    this.#state.waiting += 1;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  async flush(): Promise<number> {
    if (this.#state.fault !== null) throw new Error(this.#state.fault);
    await this.#running;
    return this.#state.end;
  }

  onDurable(listener: (end: number) => void): void {
    this.#listeners.push(listener);
  }

  async trim(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#state.fault === null) await this.#running;
  }

  async #run(): Promise<void> {
    await new Promise<void>((resume) => this.#parts.system.afterTurn(resume));
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, BATCH_MAX);
      // Again and again: others come while it does not answer.
      const late = this.#parts.system.every(TELL_MS, () => this.#failed(said('record_silent')));
      try {
        const lost = await this.#store(batch.map(({ fact }) => fact));
        late.stop();
        this.#stored(batch, lost);
      } catch (error) {
        late.stop();
        this.#failed((error as Error).message);
        if (this.#closed) return;
        await wait(this.#parts.system, RETRY_MS);
      }
    }
  }

  /** Returns the facts that the record has refused. */
  async #store(facts: Fact[]): Promise<Set<Fact>> {
    const { record, source, winsOf, system } = this.#parts;
    const from = this.#state.end;
    const { won, lines } = sorted(facts);
    const result: StoreResult = await record.store({
      source,
      from,
      next: from + facts.length,
      wins: await winsOf(won),
      ...(lines.length === 0 ? {} : { lines }),
      unreadable: [],
      now: system.now(),
    });
    if (result.kind === 'zombie') {
      this.#state.end = result.next;
      throw new Error(said('other_writer', { source }));
    }
    if (result.conflicts === 0) return new Set();
    const lost = new Set<Fact>();
    for (const fact of won) {
      const [stored] = await record.find(fact.campaignId, { seq: fact.seq });
      if (!isIt(stored, fact)) lost.add(fact);
    }
    return lost;
  }

  #stored(batch: Waiting[], lost: Set<Fact>): void {
    this.#queue = this.#queue.slice(batch.length);
    this.#state.waiting -= batch.length;
    this.#state.end += batch.length;
    this.#state.fault = null;
    for (const { fact, done } of batch)
      done?.(lost.has(fact) ? new Error('the record has refused it') : null);
    for (const listener of this.#listeners) listener(this.#state.end);
  }

  #failed(why: string): void {
    this.#state.fault = why;
    for (const one of this.#queue) {
      const { done } = one;
      one.done = null;
      done?.(new Error(why));
    }
  }
}

/** Wins, and what happened in lines: line by line, as few facts as say the same. */
function sorted(facts: readonly Fact[]): { won: ClaimWon[]; lines: LineFact[] } {
  const won: ClaimWon[] = [];
  const lines: LineFact[] = [];
  for (const fact of facts) {
    if (fact.type === 'claim.won') won.push(fact);
    else lines.push(fact);
  }
  const byLine = Map.groupBy(lines, ({ campaignId }) => campaignId);
  return { won, lines: [...byLine.values()].flatMap(packLineFacts) };
}

const isIt = (stored: StoredClaim | undefined, fact: ClaimWon): boolean => stored?.userId === fact.userId;
