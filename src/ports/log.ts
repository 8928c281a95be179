/**
 * The ordered, durable history of facts. Embedded it is the journal, distributed it is Kafka.
 * An append is answered when the facts are as durable as the log can make them, never before.
 */

import type { ClaimWon, Fact } from '../core/event.ts';
import type { LineFact } from '../core/line-fact.ts';

/** A batch as the log holds it; `next` is where to read on. */
export interface LogSlice {
  facts: ClaimWon[];
  /** what happened in waiting lines, in order */
  lines?: LineFact[];
  /** entries that could not be read as facts: set aside, never skipped in silence */
  unreadable: { at: string; reason: string; payload: string }[];
  next: number;
}

export interface LogState {
  /** facts accepted and not yet durable */
  waiting: number;
  /** the offset after the newest durable entry */
  end: number;
  /** why the log cannot take facts now; null when it can, and then every fact whose append failed is durable by now */
  fault: string | null;
}

export interface Log {
  /** `done(null)` when durable; an error means: not known to be durable, and the log goes on trying. */
  append(fact: Fact, done: (error: Error | null) => void): void;
  state(): LogState;
  /** Resolves with the offset after everything that was appended before the call, when that is durable. */
  flush(): Promise<number>;
  /** Called with the offset after each durable write. */
  onDurable(listener: (end: number) => void): void;
  /** Lets go of what is recorded: entries before `offset`. */
  trim(offset: number): Promise<void>;
  close(): Promise<void>;
}

/** The reading side, for the recorder. */
export interface LogReader {
  /** From `offset`, up to about `max` facts; empty when there is nothing yet. */
  read(offset: number, max: number): Promise<LogSlice>;
}
