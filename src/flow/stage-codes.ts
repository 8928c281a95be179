/** Codes on their way into an import: sealed in small turns, so that whoever presses meanwhile is answered, and staged. */

import type { KeyObject } from 'node:crypto';
import { deriveKey } from '../core/code.ts';
import type { Hmac } from '../core/hmac.ts';
import { makeHmac } from '../core/hmac.ts';
import { NONCE_BYTES, poolKey, poolMarks, SEALED_BYTES_MAX, sealInto } from '../core/pool-code.ts';
import type { CodeImports } from '../ports/code-pool.ts';
import type { System } from '../ports/system.ts';

export interface StagingParts {
  codeImports: Pick<CodeImports, 'stage'>;
  master: Buffer;
  system: Pick<System, 'randomBytes' | 'afterTurn' | 'monotonic'>;
  campaignId: string;
  importNo: number;
  /** codes that are staged already; absent: none */
  staged?: number;
  onStaged?: ((codes: number) => void) | undefined;
}

/** Codes staged at once. More of them would live long enough to be moved about by the collector. */
const BATCH = 1000;
/** How long others may have to wait for one turn. */
const TURN_MS = 4;
/** Codes sealed between two looks at the clock. */
const LOOK_EVERY = 100;
/** Bytes for the seals of a batch, to begin with. */
const BYTES_FIRST = 64 * BATCH;

/** Where a batch is sealed into. There are two: one is stored while the other is filled. */
class Columns {
  readonly lookups = new Float64Array(BATCH);
  readonly marks = new Uint32Array(BATCH);
  readonly ends = new Uint32Array(BATCH);
  bytes: Uint8Array = new Uint8Array(BYTES_FIRST);

  /** Room for so many bytes more after those that are there. */
  reserve(used: number, more: number): void {
    if (used + more <= this.bytes.length) return;
    const larger = new Uint8Array(2 * (used + more));
    larger.set(this.bytes.subarray(0, used));
    this.bytes = larger;
  }
}

export class Staging {
  /** added so far */
  codes = 0;

  readonly #parts: StagingParts;
  readonly #key: KeyObject;
  readonly #mac: Hmac;
  #lines: number[] = [];
  #texts: string[] = [];
  #staged: number;
  /** the batch before: it is stored while the next one is sealed */
  #storing: Promise<void> = Promise.resolve();
  #filled = new Columns();
  #stored = new Columns();

  constructor(parts: StagingParts) {
    this.#parts = parts;
    this.#staged = parts.staged ?? 0;
    this.#key = poolKey(parts.master, parts.campaignId);
    this.#mac = makeHmac(deriveKey(parts.master, 'code-lookup'));
  }

  add(line: number, code: string): void {
    this.#lines.push(line);
    this.#texts.push(code);
    this.codes += 1;
  }

  /** Stages what makes whole batches. Called after each piece of the file, so that there are never many. */
  async settle(): Promise<void> {
    while (this.#lines.length >= BATCH) await this.#batch(BATCH);
  }

  async finish(): Promise<void> {
    await this.settle();
    if (this.#lines.length > 0) await this.#batch(this.#lines.length);
    await this.#storing;
  }

  async #batch(size: number): Promise<void> {
    const { codeImports, importNo, onStaged } = this.#parts;
    const lines = this.#lines.splice(0, size);
    const columns = this.#filled;
    const used = await this.#seal(columns, this.#texts.splice(0, size));
    await this.#storing;
    [this.#filled, this.#stored] = [this.#stored, columns];
    const first = this.#staged + 1;
    this.#staged += size;
    this.#storing = codeImports
      .stage(importNo, { first, lines, ...slicesOf(columns, size), bytes: columns.bytes.slice(0, used) })
      .then(() => onStaged?.(first + size - 1));
    // Heard of when it is waited for.
    this.#storing.catch(() => undefined);
  }

  /** Resolves with how many bytes the seals have. */
  async #seal(columns: Columns, texts: readonly string[]): Promise<number> {
    const { system } = this.#parts;
    const nonces = system.randomBytes(NONCE_BYTES * texts.length);
    let size = 0;
    let turnEnds = system.monotonic() + TURN_MS;
    for (const [i, code] of texts.entries()) {
      const { lookup, mark } = poolMarks(this.#mac, code);
      columns.reserve(size, SEALED_BYTES_MAX);
      size += sealInto(columns.bytes, size, this.#key, nonceAt(nonces, i), code);
      columns.lookups[i] = lookup;
      columns.marks[i] = mark;
      columns.ends[i] = size;
      if (i % LOOK_EVERY !== 0 || system.monotonic() < turnEnds) continue;
      await new Promise<void>((resume) => system.afterTurn(resume));
      turnEnds = system.monotonic() + TURN_MS;
    }
    return size;
  }
}

const nonceAt = (nonces: Uint8Array, i: number): Uint8Array =>
  nonces.subarray(NONCE_BYTES * i, NONCE_BYTES * (i + 1));

/** What crosses a thread takes all of its buffer along, so the last batch is cut to its size. */
function slicesOf({ lookups, marks, ends }: Columns, size: number) {
  if (size === BATCH) return { lookups, marks, ends };
  return { lookups: lookups.slice(0, size), marks: marks.slice(0, size), ends: ends.slice(0, size) };
}
