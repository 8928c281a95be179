/**
 * What the codes of a file are compared by, to find those that are there twice or were there before: about 30 bytes a
 * code, in typed arrays, worked through in slices so that nothing else waits for long. An index in the database would do
 * the same by a random write for each code, and take longer than all the rest of an import.
 */

/** Codes in columns (core/pool-code `poolMarks`). */
export interface PoolMarks {
  lookups: Float64Array;
  marks: Uint32Array;
}

/** With where they stand, in order of places. */
export interface StagedMarks extends PoolMarks {
  places: Uint32Array;
  lines: Uint32Array;
}

/** A code that was there before, and where. */
export interface Duplicate {
  line: number;
  place: number;
  /** line of the same file that has it; null: it is in the pool */
  sameAs: number | null;
}

const CHUNK = 65_536;
const SLICE_CODES = 20_000;
const LOOKUPS = 2 ** 52;

export class PoolLookups {
  size = 0;
  readonly #lookups: Float64Array[] = [];
  readonly #marks: Uint32Array[] = [];
  readonly #lines: Uint32Array[] = [];
  readonly #places: Uint32Array[] = [];
  /** all of them in order; filled slice by slice */
  #sorted: Float64Array | null = null;
  #filled = 0;
  /** by place in `sorted`: the mark of the code in the pool that has this lookup, and 1; 0: none has it */
  #known: Float64Array | null = null;
  /** 1: found to be a duplicate */
  #found: Uint8Array = new Uint8Array(0);

  add({ places, lines, lookups, marks }: StagedMarks): void {
    for (let i = 0; i < places.length; i++) {
      const at = this.size % CHUNK;
      if (at === 0) {
        this.#lookups.push(new Float64Array(CHUNK));
        for (const columns of [this.#marks, this.#lines, this.#places]) columns.push(new Uint32Array(CHUNK));
      }
      (this.#lookups.at(-1) as Float64Array)[at] = lookups[i] as number;
      (this.#marks.at(-1) as Uint32Array)[at] = marks[i] as number;
      (this.#lines.at(-1) as Uint32Array)[at] = lines[i] as number;
      (this.#places.at(-1) as Uint32Array)[at] = places[i] as number;
      this.size += 1;
    }
  }

  /** Slices that `doublesIn` goes through. */
  slices(): number {
    return Math.max(1, Math.ceil(this.size / SLICE_CODES));
  }

  /** Codes that are there more than once: all but the first of each. Slices are gone through in order. */
  doublesIn(slice: number): Duplicate[] {
    const sorted = this.#slice(slice);
    this.#sorted ??= new Float64Array(this.size);
    this.#sorted.set(sorted, this.#filled);
    this.#filled += sorted.length;
    const twice = new Set<number>();
    for (let i = 1; i < sorted.length; i++) {
      if (sorted[i] === sorted[i - 1]) twice.add(sorted[i] as number);
    }
    return twice.size === 0 ? [] : this.#doublesOf(twice);
  }

  /** Notes codes of the pool. After all slices. */
  noteKnown({ lookups, marks }: PoolMarks): void {
    if (lookups.length === 0) return;
    this.#known ??= new Float64Array(this.size);
    for (let i = 0; i < lookups.length; i++) {
      const at = this.#orderOf(lookups[i] as number);
      if (at >= 0) this.#known[at] = (marks[i] as number) + 1;
    }
  }

  /** Which of the codes [from, to), counted from 0, are in the pool, as far as that was noted. */
  knownIn(from: number, to: number): Duplicate[] {
    const found: Duplicate[] = [];
    if (this.#known === null) return found;
    for (let at = from; at < Math.min(to, this.size); at++) {
      const known = this.#known[this.#orderOf(this.#lookupAt(at))] as number;
      if (known !== 0 && known - 1 === wordAt(this.#marks, at)) this.#note(at, null, found);
    }
    return found;
  }

  #slice(slice: number): Float64Array {
    const slices = this.slices();
    const from = (LOOKUPS / slices) * slice;
    const to = slice === slices - 1 ? LOOKUPS : (LOOKUPS / slices) * (slice + 1);
    const some: number[] = [];
    let left = this.size;
    for (const chunk of this.#lookups) {
      const length = Math.min(left, CHUNK);
      for (let i = 0; i < length; i++) {
        const lookup = chunk[i] as number;
        if (lookup >= from && lookup < to) some.push(lookup);
      }
      left -= length;
    }
    return Float64Array.from(some).sort();
  }

  #doublesOf(twice: ReadonlySet<number>): Duplicate[] {
    const first = new Map<string, number>();
    const doubles: Duplicate[] = [];
    for (let at = 0; at < this.size; at++) {
      const lookup = this.#lookupAt(at);
      if (!twice.has(lookup)) continue;
      const name = `${lookup}.${wordAt(this.#marks, at)}`;
      const sameAs = first.get(name);
      if (sameAs === undefined) first.set(name, wordAt(this.#lines, at));
      else this.#note(at, sameAs, doubles);
    }
    return doubles;
  }

  /** Each code once, however many it is the same as. */
  #note(at: number, sameAs: number | null, found: Duplicate[]): void {
    if (this.#found.length === 0) this.#found = new Uint8Array(this.size);
    if (this.#found[at] === 1) return;
    this.#found[at] = 1;
    found.push({ place: wordAt(this.#places, at), line: wordAt(this.#lines, at), sameAs });
  }

  #lookupAt(at: number): number {
    return (this.#lookups[Math.floor(at / CHUNK)] as Float64Array)[at % CHUNK] as number;
  }

  /** The first place in `sorted` that has this lookup; -1: none has. */
  #orderOf(lookup: number): number {
    const sorted = this.#sorted as Float64Array;
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle] as number) < lookup) low = middle + 1;
      else high = middle;
    }
    return sorted[low] === lookup ? low : -1;
  }
}

const wordAt = (columns: readonly Uint32Array[], at: number): number =>
  (columns[Math.floor(at / CHUNK)] as Uint32Array)[at % CHUNK] as number;
