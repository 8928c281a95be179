/** Codes on their way into an import: sealed in small turns, so that whoever presses meanwhile is answered, and staged. */

import type { KeyObject } from 'node:crypto';
import { deriveKey } from '../core/code.ts';
import type { Hmac } from '../core/hmac.ts';
import { makeHmac } from '../core/hmac.ts';
import { NONCE_BYTES, poolKey, poolMarks, sealCode } from '../core/pool-code.ts';
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

/** Codes staged at once. */
const BATCH = 2000;
/** How long others may have to wait for one turn. */
const TURN_MS = 4;
/** Codes sealed between two looks at the clock. */
const LOOK_EVERY = 100;

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
    const sealed = await this.#seal(this.#texts.splice(0, size));
    await this.#storing;
    const first = this.#staged + 1;
    this.#staged += size;
    this.#storing = codeImports
      .stage(importNo, { first, lines, ...sealed })
      .then(() => onStaged?.(first + size - 1));
    // Heard of when it is waited for.
    this.#storing.catch(() => undefined);
  }

  async #seal(texts: readonly string[]) {
    const { system } = this.#parts;
    const nonces = system.randomBytes(NONCE_BYTES * texts.length);
    const columns = { lookups: [] as number[], marks: [] as number[], ends: [] as number[] };
    const seals: Buffer[] = [];
    let size = 0;
    let turnEnds = system.monotonic() + TURN_MS;
    for (const [i, code] of texts.entries()) {
      const { lookup, mark } = poolMarks(this.#mac, code);
      const nonce = nonces.subarray(NONCE_BYTES * i, NONCE_BYTES * (i + 1));
      const seal = sealCode(this.#key, nonce, code);
      size += seal.length;
      columns.lookups.push(lookup);
      columns.marks.push(mark);
      columns.ends.push(size);
      seals.push(seal);
      if (i % LOOK_EVERY !== 0 || system.monotonic() < turnEnds) continue;
      await new Promise<void>((resume) => system.afterTurn(resume));
      turnEnds = system.monotonic() + TURN_MS;
    }
    return { ...columns, bytes: new Uint8Array(Buffer.concat(seals, size)) };
  }
}
