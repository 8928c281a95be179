/**
 * From a log's file into the record, one step at a time, woken by the log's commits. What gives way waits a few seconds
 * while a drop is hot and then works a quarter of the time, so that people are answered first; what people wait for
 * gives way to nobody.
 *
 * A step is not synced by itself. After a power cut rows and offset stand together where they stood at some earlier
 * moment, and the same is taken from the log again: it must be kept up to what is `safe`, and no less.
 */

import { type System, wait } from '../ports/system.ts';

export interface LoopProgress {
  /** the offset that the record goes on at */
  next: number;
  /** up to here the record is safe from a power cut, and the log may let go */
  safe: number;
  /** entries and wins that the record has set aside since the start */
  conflicts: number;
  /** why the last step failed; null when it did not */
  fault: string | null;
}

export interface LogLoopParts {
  system: Pick<System, 'monotonic' | 'after' | 'afterTurn'>;
  next: number;
  /** One batch into the record; `taken` is 0 when nothing was there. */
  step(): Promise<{ taken: number; conflicts: number; next: number }>;
  /** Makes everything so far safe from a power cut. */
  settle(): Promise<void>;
  givesWay: boolean;
  /** entries a second at most; 0: no limit */
  ratePerSecond: number;
  tell(progress: LoopProgress): void;
  /** a fault in words that say what to do */
  told(error: unknown): Error;
}

const RETRY_MS = 500;
/** Commits closer together than this are a rush … */
const QUIET_MS = 60;
/** … to which a loop gives way for so long … */
const PATIENCE_MS = 3000;
/** … and after that it rests so many times as long as it works. */
const REST_FACTOR = 3;
const SETTLE_MS = 3000;
/** Who does not give way settles so long after the last step: each settle costs whoever waits a sync. */
const SETTLE_IDLE_MS = 500;

export class LogLoop {
  readonly #parts: LogLoopParts;
  readonly #progress: LoopProgress;
  /** commits heard of, and how many of them are in the record */
  #seen = 0;
  #done = 0;
  #commitAt = 0;
  /** since when something waits that is not recorded */
  #waitingSince = 0;
  /** callers that wait for the record: then the loop neither gives way nor rests */
  #hurry = 0;
  /** those of them that want to hear of a fault instead of waiting it out */
  #draining = 0;
  #goals: { goal: number; resolve: () => void }[] = [];
  #settledAt: number;
  #running: Promise<void> | null = null;

  constructor(parts: LogLoopParts) {
    this.#parts = parts;
    this.#settledAt = parts.system.monotonic();
    // Whether what is there was ever synced is not known after a crash: nothing is safe before the first settle.
    this.#progress = { next: parts.next, safe: 0, conflicts: 0, fault: null };
  }

  wake(): Promise<void> {
    this.#commitAt = this.#parts.system.monotonic();
    if (this.#done === this.#seen) this.#waitingSince = this.#commitAt;
    this.#seen += 1;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Resolves when everything that is in the log now is in the record, and safe there. */
  async drain(): Promise<void> {
    this.#hurry += 1;
    this.#draining += 1;
    try {
      await this.wake();
    } finally {
      this.#hurry -= 1;
      this.#draining -= 1;
    }
  }

  /** Resolves when the record stands at `goal`; meanwhile nothing is given way to. */
  async reach(goal: number): Promise<void> {
    if (this.#progress.next >= goal) return;
    this.#hurry += 1;
    const reached = new Promise<void>((resolve) => this.#goals.push({ goal, resolve }));
    void this.wake().catch(() => undefined);
    await reached;
    this.#hurry -= 1;
  }

  async #run(): Promise<void> {
    while (this.#done !== this.#seen) {
      await this.#giveWay();
      try {
        await this.#step();
        if (this.#isToSettle()) await this.#settle();
      } catch (error) {
        this.#progress.fault = this.#parts.told(error).message;
        this.#tell();
        if (this.#draining > 0) throw error;
        await wait(this.#parts.system, RETRY_MS);
      }
    }
  }

  async #giveWay(): Promise<void> {
    while (this.#parts.givesWay && this.#hurry === 0) {
      const now = this.#parts.system.monotonic();
      if (now - this.#commitAt >= QUIET_MS || now - this.#waitingSince >= PATIENCE_MS) return;
      await wait(this.#parts.system, QUIET_MS / 2);
    }
  }

  async #step(): Promise<void> {
    const { system, step } = this.#parts;
    const upTo = this.#seen;
    const began = system.monotonic();
    const { taken, conflicts, next } = await step();
    this.#progress.conflicts += conflicts;
    this.#progress.next = next;
    this.#progress.fault = null;
    if (taken === 0) this.#done = upTo;
    this.#tell();
    for (const { resolve } of this.#goals.filter(({ goal }) => goal <= next)) resolve();
    this.#goals = this.#goals.filter(({ goal }) => goal > next);
    const rest = this.#restAfter(system.monotonic() - began, taken);
    if (rest > 0) await wait(this.#parts.system, rest);
    else await new Promise<void>((resume) => system.afterTurn(resume));
  }

  #restAfter(workedMs: number, taken: number): number {
    const { givesWay, ratePerSecond, system } = this.#parts;
    if (this.#hurry > 0) return 0;
    const pace = ratePerSecond > 0 ? (taken * 1000) / ratePerSecond - workedMs : 0;
    const hot = givesWay && system.monotonic() - this.#commitAt < QUIET_MS;
    return Math.max(pace, hot ? workedMs * REST_FACTOR : 0);
  }

  #isToSettle(): boolean {
    const { system, givesWay } = this.#parts;
    if (system.monotonic() - this.#settledAt > SETTLE_MS) return true;
    if (this.#done !== this.#seen) return false;
    if (givesWay || this.#hurry > 0) return true;
    system.after(SETTLE_IDLE_MS, () => {
      const { next, safe } = this.#progress;
      const isQuiet = system.monotonic() - this.#commitAt >= SETTLE_IDLE_MS;
      if (isQuiet && next !== safe && this.#running === null) void this.#settle();
    });
    return false;
  }

  /** A settle that fails costs nothing but log that is kept longer: the next one makes up for it. */
  async #settle(): Promise<void> {
    const { next } = this.#progress;
    try {
      await this.#parts.settle();
      this.#progress.safe = next;
      this.#settledAt = this.#parts.system.monotonic();
    } catch (error) {
      this.#progress.fault = this.#parts.told(error).message;
    }
    this.#tell();
  }

  #tell(): void {
    this.#parts.tell(this.#progress);
  }
}
