// A world of its own: its time moves from one event to the next, its chance comes from a seed, its processes die, sleep
// and begin anew on command. The same seed is the same life.

import type { System, Timer } from '../../src/ports/system.ts';
import { T0 } from './samples.ts';

interface Event {
  at: number;
  nth: number;
  run: () => void;
}

/** Deterministic chance (mulberry32), the same on every machine. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 ≤ x < 1 */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** a whole number from 0 to below `count` */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** true in so many of 1 */
  in(share: number): boolean {
    return this.next() < share;
  }

  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)] as T;
  }
}

export class SimulatedTime {
  /** ms since the world began */
  nowMs = 0;
  readonly #heap: Event[] = [];
  #nth = 0;

  at(ms: number, run: () => void): void {
    const event = { at: Math.max(ms, this.nowMs), nth: this.#nth++, run };
    const heap = this.#heap;
    let place = heap.push(event) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (isBefore(heap[above] as Event, event)) break;
      heap[place] = heap[above] as Event;
      place = above;
    }
    heap[place] = event;
  }

  in(ms: number, run: () => void): void {
    this.at(this.nowMs + ms, run);
  }

  /** One event after another, each with all that follows from it at once, until `done` or `untilMs`. */
  async run(untilMs: number, done: () => boolean): Promise<void> {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > untilMs || done()) return;
      this.#takeFirst();
      this.nowMs = next.at;
      next.run();
      // Whatever awaits anything that has just happened goes on before time does.
      await new Promise<void>((resume) => setImmediate(resume));
    }
  }

  #takeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Event, heap[below] as Event)) below += 1;
      if (isBefore(last, heap[below] as Event)) break;
      heap[place] = heap[below] as Event;
      place = below;
    }
    heap[place] = last;
  }
}

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.nth < b.nth);

/** A process' own sight of time. What it waits for never comes when it has died, and comes late when it sleeps. */
export class SimulatedProcess implements System {
  readonly time: SimulatedTime;
  alive = true;
  #asleepUntil = 0;

  constructor(time: SimulatedTime) {
    this.time = time;
  }

  die(): void {
    this.alive = false;
  }

  sleep(ms: number): void {
    this.#asleepUntil = this.time.nowMs + ms;
  }

  /** Does something in this process, as soon as it can. */
  wake(run: () => void): void {
    if (!this.alive) return;
    if (this.time.nowMs < this.#asleepUntil) this.time.at(this.#asleepUntil, () => this.wake(run));
    else run();
  }

  now(): number {
    return T0 + Math.floor(this.time.nowMs);
  }

  monotonic(): number {
    return this.time.nowMs;
  }

  randomBytes(size: number): Buffer {
    return Buffer.alloc(size);
  }

  after(ms: number, run: () => void): Timer {
    let stopped = false;
    this.time.in(ms, () => this.wake(() => stopped || run()));
    return {
      stop: () => {
        stopped = true;
      },
    };
  }

  every(ms: number, run: () => void): Timer {
    const again = (): void => {
      timer = this.after(ms, again);
      run();
    };
    let timer = this.after(ms, again);
    return { stop: () => timer.stop() };
  }

  afterTurn(run: () => void): void {
    this.after(0, run);
  }
}

/** What lies between a process and a server. */
export interface WireParts {
  process: SimulatedProcess;
  chance: Chance;
  /** null: it can be reached. `hangs`: it takes what is sent to it and gets to it by then, by the world's time */
  away(): { until: number; hangs: boolean } | null;
  /** how long a way takes */
  delayMs(): number;
  /** after so long without an answer there will be none */
  patienceMs: number;
  /** the share of answers that get lost on their way */
  lost: number;
}

/** The call reached the server, and nobody knows what came of it. */
export class Unanswered extends Error {}

export type Wire = <T>(ask: () => T) => Promise<T>;

/** Things asked at once, without a way between. */
export const noWire: Wire = async (ask) => ask();

/** A call takes its time to and fro; it may be lost on either way, and is carried out at most once. */
export function makeWire({ process, chance, away, delayMs, patienceMs, lost }: WireParts): Wire {
  const { time } = process;
  return <T>(ask: () => T) =>
    new Promise<T>((resolve, reject) => {
      const answer = (say: () => void, ms: number): void => time.in(ms, () => process.wake(say));
      const began = time.nowMs;
      time.in(delayMs(), () => {
        const gone = away();
        if (gone !== null && !gone.hangs) return answer(() => reject(new Error('it cannot be reached')), 1);
        if (gone !== null) {
          time.at(gone.until, () => void outcomeOf(ask));
          return answer(() => reject(new Unanswered('no answer has come')), patienceMs);
        }
        const out = outcomeOf(ask);
        const ms = delayMs();
        const late = time.nowMs + ms - began > patienceMs;
        if (late || chance.in(lost)) {
          const left = Math.max(0, began + patienceMs - time.nowMs);
          return answer(() => reject(new Unanswered('no answer has come')), left);
        }
        return answer(() => ('error' in out ? reject(out.error) : resolve(out.value)), ms);
      });
    });
}

function outcomeOf<T>(ask: () => T): { value: T } | { error: Error } {
  try {
    return { value: ask() };
  } catch (error) {
    return { error: error as Error };
  }
}
