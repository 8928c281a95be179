/**
 * The tries of a crowd, by column, as core/history wants them. Columns of numbers cost 30 bytes a try, keep the
 * garbage collector out of the measurement, and go between processes as they are.
 */
import type { History } from '../../core/history.ts';

export interface TryRow {
  user: number;
  claim: number;
  invokedMs: number;
  completedMs: number;
  status: number;
  answer: string;
  seq: number;
  code: string | null;
}

/** What one generator process hands to the one that merges. */
export interface TryColumns {
  user: Uint32Array;
  claim: Uint8Array;
  invokedMs: Float64Array;
  completedMs: Float64Array;
  status: Uint16Array;
  answer: Uint8Array;
  seq: Uint32Array;
  answers: string[];
  codes: [number, string][];
}

export class TryList implements History {
  length = 0;
  user: Uint32Array;
  claim: Uint8Array;
  invokedMs: Float64Array;
  completedMs: Float64Array;
  status: Uint16Array;
  answer: Uint8Array;
  seq: Uint32Array;
  readonly answers: string[] = [];
  readonly codes = new Map<number, string>();
  readonly #prefix: string;
  readonly #answerIds = new Map<string, number>();

  constructor(userPrefix: string, capacity = 1024) {
    this.#prefix = userPrefix;
    this.user = new Uint32Array(capacity);
    this.claim = new Uint8Array(capacity);
    this.invokedMs = new Float64Array(capacity);
    this.completedMs = new Float64Array(capacity);
    this.status = new Uint16Array(capacity);
    this.answer = new Uint8Array(capacity);
    this.seq = new Uint32Array(capacity);
  }

  nameOf(user: number): string {
    return this.#prefix + user;
  }

  add(row: TryRow): void {
    if (this.length === this.user.length) this.#grow(this.length * 2);
    const at = this.length++;
    this.user[at] = row.user;
    this.claim[at] = row.claim;
    this.invokedMs[at] = row.invokedMs;
    this.completedMs[at] = row.completedMs;
    this.status[at] = row.status;
    this.answer[at] = this.#answerId(row.answer);
    this.seq[at] = row.seq;
    if (row.code !== null) this.codes.set(at, row.code);
  }

  /** Adds all rows of another process. */
  addAll(other: TryColumns): void {
    const from = this.length;
    const length = other.user.length;
    if (from + length > this.user.length) this.#grow(from + length);
    this.user.set(other.user, from);
    this.claim.set(other.claim, from);
    this.invokedMs.set(other.invokedMs, from);
    this.completedMs.set(other.completedMs, from);
    this.status.set(other.status, from);
    this.seq.set(other.seq, from);
    const ids = other.answers.map((answer) => this.#answerId(answer));
    for (let row = 0; row < length; row++) this.answer[from + row] = ids[other.answer[row] ?? 0] ?? 0;
    for (const [row, code] of other.codes) this.codes.set(from + row, code);
    this.length += length;
  }

  columns(): TryColumns {
    const { length } = this;
    return {
      user: this.user.slice(0, length),
      claim: this.claim.slice(0, length),
      invokedMs: this.invokedMs.slice(0, length),
      completedMs: this.completedMs.slice(0, length),
      status: this.status.slice(0, length),
      answer: this.answer.slice(0, length),
      seq: this.seq.slice(0, length),
      answers: [...this.answers],
      codes: [...this.codes],
    };
  }

  #answerId(answer: string): number {
    const known = this.#answerIds.get(answer);
    if (known !== undefined) return known;
    const id = this.answers.push(answer) - 1;
    this.#answerIds.set(answer, id);
    return id;
  }

  #grow(capacity: number): void {
    this.user = grown(this.user, new Uint32Array(capacity));
    this.claim = grown(this.claim, new Uint8Array(capacity));
    this.invokedMs = grown(this.invokedMs, new Float64Array(capacity));
    this.completedMs = grown(this.completedMs, new Float64Array(capacity));
    this.status = grown(this.status, new Uint16Array(capacity));
    this.answer = grown(this.answer, new Uint8Array(capacity));
    this.seq = grown(this.seq, new Uint32Array(capacity));
  }
}

function grown<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(old: T, next: T): T {
  next.set(old);
  return next;
}
