/**
 * What the codes of a file are compared by, to find those that are there twice or were there before: 8 bytes a code while
 * there is none, in blocks that are sorted one by one, so that nothing else waits for long. An index in the database would
 * do the same by a random write for each code, and take longer than all the rest of an import.
 *
 *   add … add ─▶ sort each block ─▶ noteKnown … ─▶ duplicates of all codes once more, unless there are none
 *
 * Only who is found there twice is looked at closely: then the codes are read a second time.
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

const BLOCK_CODES = 16_384;
const LOOKUPS = 2 ** 52;

/** What is known of lookups that are there more than once, or in the pool; by their first place in the block's order. */
interface Seen {
  /** 1: there is another one in the file */
  twice: Uint8Array;
  /** line of the first code that has it, as far as they were gone through; 0: none yet */
  line: Uint32Array;
  mark: Uint32Array;
  /** 1: in the pool, with this mark */
  isKnown: Uint8Array;
  knownMark: Uint32Array;
}

interface Block {
  lookups: Float64Array;
  size: number;
  seen: Seen | null;
}

export class PoolLookups {
  readonly #blocks: Block[];
  /** codes with the lookup of another that is not the same: next to never any */
  readonly #others = new Map<string, number>();
  #isSeen = false;

  /** `codes`: about how many will be added. */
  constructor(codes: number) {
    const count = Math.max(1, Math.ceil(codes / BLOCK_CODES));
    // Lookups are spread evenly: nearly all blocks stay below this, and none grows twice unless codes repeat.
    const each = Math.ceil(codes / count);
    const room = Math.ceil(each + 5 * Math.sqrt(each)) + 8;
    this.#blocks = Array.from({ length: count }, () => ({
      lookups: new Float64Array(room),
      size: 0,
      seen: null,
    }));
  }

  /** Blocks to be sorted. */
  get blocks(): number {
    return this.#blocks.length;
  }

  /** Whether there can be any duplicate, as far as was noted. */
  get isSeen(): boolean {
    return this.#isSeen;
  }

  add(lookups: Float64Array): void {
    for (const lookup of lookups) {
      const block = this.#blockOf(lookup);
      if (block.size === block.lookups.length) {
        const larger = new Float64Array(2 * block.size);
        larger.set(block.lookups);
        block.lookups = larger;
      }
      block.lookups[block.size] = lookup;
      block.size += 1;
    }
  }

  /** Sorts a block and notes what is there more than once. Each once, after all is added. */
  sort(at: number): void {
    const block = this.#blocks[at] as Block;
    const sorted = block.lookups.subarray(0, block.size).sort();
    for (let i = 1, first = 0; i < sorted.length; i++) {
      if (sorted[i] !== sorted[i - 1]) first = i;
      else this.#seen(block).twice[first] = 1;
    }
  }

  /** Notes codes of the pool. After all blocks are sorted. */
  noteKnown({ lookups, marks }: PoolMarks): void {
    for (let i = 0; i < lookups.length; i++) {
      const block = this.#blockOf(lookups[i] as number);
      const at = orderIn(block, lookups[i] as number);
      if (at < 0) continue;
      const seen = this.#seen(block);
      seen.isKnown[at] = 1;
      seen.knownMark[at] = marks[i] as number;
    }
  }

  /** Which of these codes are duplicates: each once. All of them are gone through, in order of places. */
  duplicatesIn({ places, lines, lookups, marks }: StagedMarks): Duplicate[] {
    const found: Duplicate[] = [];
    for (let i = 0; i < places.length; i++) {
      const [lookup, mark, line] = [lookups[i], marks[i], lines[i]] as [number, number, number];
      const block = this.#blockOf(lookup);
      if (block.seen === null) continue;
      const at = orderIn(block, lookup);
      const sameAs = this.#firstLine(block.seen, at, lookup, mark, line);
      const inPool = block.seen.isKnown[at] === 1 && block.seen.knownMark[at] === mark;
      if (sameAs !== null || inPool) found.push({ place: places[i] as number, line, sameAs });
    }
    return found;
  }

  /** The line of the same code before this one; null: this is the first. */
  #firstLine(seen: Seen, at: number, lookup: number, mark: number, line: number): number | null {
    if (seen.twice[at] !== 1) return null;
    const first = seen.line[at] as number;
    if (first === 0) {
      seen.line[at] = line;
      seen.mark[at] = mark;
      return null;
    }
    if (seen.mark[at] === mark) return first;
    const name = `${lookup}.${mark}`;
    const other = this.#others.get(name);
    if (other === undefined) this.#others.set(name, line);
    return other ?? null;
  }

  #blockOf(lookup: number): Block {
    const at = Math.floor((lookup / LOOKUPS) * this.#blocks.length);
    // The highest lookups round up to the end.
    return this.#blocks[Math.min(at, this.#blocks.length - 1)] as Block;
  }

  #seen(block: Block): Seen {
    this.#isSeen = true;
    const { size } = block;
    block.seen ??= {
      twice: new Uint8Array(size),
      line: new Uint32Array(size),
      mark: new Uint32Array(size),
      isKnown: new Uint8Array(size),
      knownMark: new Uint32Array(size),
    };
    return block.seen;
  }
}

/** The first place in the order of the block that has this lookup; -1: none has. */
function orderIn({ lookups, size }: Block, lookup: number): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((lookups[middle] as number) < lookup) low = middle + 1;
    else high = middle;
  }
  return low < size && lookups[low] === lookup ? low : -1;
}
