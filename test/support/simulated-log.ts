// A log as a broker would keep it: one topic for all processes, a producer in each. What a producer has taken goes on
// the log in order, sooner or later, for as long as its process lives; it may be on it before its producer knows.

import type { ClaimWon, Fact } from '../../src/core/event.ts';
import type { Log, LogReader, LogState } from '../../src/ports/log.ts';
import type { Chance, SimulatedProcess } from './simulated-time.ts';

export class SimulatedTopic {
  /** wins: nobody waits in a line here */
  readonly facts: ClaimWon[] = [];
  /** until when nothing can be put on it, by the world's time */
  awayUntil = 0;
  /** told after each write */
  wake: () => void = () => undefined;

  write(facts: readonly Fact[]): void {
    this.facts.push(...facts.filter((fact) => fact.type === 'claim.won'));
    this.wake();
  }

  reader(): LogReader {
    return {
      read: async (offset, max) => {
        const facts = this.facts.slice(offset, offset + max);
        return { facts, unreadable: [], next: offset + facts.length };
      },
    };
  }
}

interface Waiting {
  fact: Fact;
  done: ((error: Error | null) => void) | null;
}

const TELL_MS = 800;
const RETRY_MS = 200;

export interface ProducerParts {
  topic: SimulatedTopic;
  process: SimulatedProcess;
  chance: Chance;
  delayMs(): number;
  /** the share of sends that are written and never answered */
  lost: number;
}

export function makeProducer(parts: ProducerParts): Log {
  return new Producer(parts);
}

class Producer implements Log {
  readonly #parts: ProducerParts;
  readonly #state: LogState = { waiting: 0, end: 0, fault: null };
  #queue: Waiting[] = [];
  #sending = false;

  constructor(parts: ProducerParts) {
    this.#parts = parts;
  }

  state(): LogState {
    return this.#state;
  }

  append(fact: Fact, done: (error: Error | null) => void): void {
    const one: Waiting = { fact, done };
    this.#queue.push(one);
    this.#state.waiting += 1;
    this.#parts.process.after(TELL_MS, () => this.#tellLate(one));
    if (this.#sending) return;
    this.#sending = true;
    this.#parts.process.afterTurn(() => this.#send());
  }

  #tellLate(one: Waiting): void {
    if (!this.#queue.includes(one)) return;
    this.#state.fault = 'no answer in time';
    for (const waiting of this.#queue) {
      const { done } = waiting;
      waiting.done = null;
      done?.(new Error(this.#state.fault));
    }
  }

  #send(): void {
    const { topic, process, chance, delayMs, lost } = this.#parts;
    const { time } = process;
    const batch = this.#queue.slice();
    const again = (ms: number): void => void process.after(ms, () => this.#send());
    time.in(delayMs(), () => {
      if (time.nowMs < topic.awayUntil) return again(RETRY_MS);
      topic.write(batch.map(({ fact }) => fact));
      // It is on the log, and who sent it does not know: he sends it again.
      if (chance.in(lost)) return again(RETRY_MS);
      return time.in(delayMs(), () => process.wake(() => this.#sent(batch.length)));
    });
  }

  #sent(count: number): void {
    const sent = this.#queue.splice(0, count);
    this.#state.waiting -= count;
    this.#state.end += count;
    if (this.#queue.every(({ done }) => done !== null)) this.#state.fault = null;
    if (this.#queue.length > 0) this.#parts.process.afterTurn(() => this.#send());
    else this.#sending = false;
    for (const { done } of sent) done?.(null);
  }

  async flush(): Promise<number> {
    while (this.#queue.length > 0) {
      await new Promise<void>((resume) => void this.#parts.process.after(20, resume));
    }
    return this.#state.end;
  }

  onDurable(): void {}

  async trim(): Promise<void> {}

  async close(): Promise<void> {}
}
