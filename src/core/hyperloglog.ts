/**
 * How many different people there were, without keeping who: HyperLogLog (Flajolet et al., 2007), dense, 2^14 registers
 * of a byte. The estimate is Ertl's improved one, which needs neither tables nor switches between ranges (O. Ertl, "New
 * cardinality estimation algorithms for HyperLogLog sketches", 2017, arXiv:1702.01284, algorithm 6).
 *
 * People are hashed by HalfSipHash-2-4 (J.-P. Aumasson, D. J. Bernstein) under a key: whoever reads registers without the
 * key cannot ask them for a person. Its arithmetic is of 32 bits, so a press pays about a tenth of a microsecond.
 */

export const PEOPLE_BITS = 14;
const REGISTERS = 1 << PEOPLE_BITS;
const INDEX_SHIFT = 32 - PEOPLE_BITS;
/** The longest run of zeros that the rest of a hash can begin with, and one. */
const RANK_MAX = 64 - PEOPLE_BITS + 1;
/** 1 / (2 ln 2) */
const ALPHA = 0.721_347_520_444_481_7;
/** Relative standard error of an estimate. */
export const PEOPLE_ERROR = 1.04 / Math.sqrt(REGISTERS);
/** Of a normal distribution, 95 % lies within so many standard errors. */
const NORMAL_95 = 1.96;

/** 64 bits: two words of 32. */
export type PeopleKey = readonly [number, number];

/** A count of people with the bounds within which it lies 95 times of 100. */
export interface Estimate {
  count: number;
  low: number;
  high: number;
}

/** The two words of the last hash: an answer without an object. */
let hashHigh = 0;
let hashLow = 0;

/**
 * HalfSipHash-2-4-64 of a text's UTF-16 code units, little-endian, into `hashHigh` and `hashLow`. The two rounds for each
 * pair of units are written out: every press pays for them.
 */
function hashText(text: string, key0: number, key1: number): void {
  const { length } = text;
  const whole = length & ~1;
  let v0 = key0;
  let v1 = key1 ^ 0xee;
  let v2 = key0 ^ 0x6c796765;
  let v3 = key1 ^ 0x74656462;
  for (let at = 0; at <= whole; at += 2) {
    const word =
      at < whole
        ? text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16)
        : (length << 25) | (whole === length ? 0 : text.charCodeAt(whole));
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  v2 ^= 0xee;
  for (let round = 0; round < 8; round++) {
    // Between the two halves of the hash.
    if (round === 4) {
      hashHigh = v1 ^ v3;
      v1 ^= 0xdd;
    }
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  hashLow = v1 ^ v3;
}

/** Both halves of the keyed hash, unsigned; for tests against the published vectors. */
export function keyedHash(text: string, key: PeopleKey): [number, number] {
  hashText(text, key[0], key[1]);
  return [hashHigh >>> 0, hashLow >>> 0];
}

export class People {
  readonly registers: Uint8Array;
  readonly #key0: number;
  readonly #key1: number;
  /** raised by each register that grew: whoever keeps them knows whether there is anything new */
  changes = 0;

  constructor(key: PeopleKey, registers: Uint8Array = new Uint8Array(REGISTERS)) {
    this.registers = registers;
    [this.#key0, this.#key1] = key;
  }

  see(userId: string): void {
    hashText(userId, this.#key0, this.#key1);
    const rest = (hashHigh << PEOPLE_BITS) >>> 0;
    const rank = rest === 0 ? INDEX_SHIFT + Math.clz32(hashLow) + 1 : Math.clz32(rest) + 1;
    const index = hashHigh >>> INDEX_SHIFT;
    if ((this.registers[index] as number) >= rank) return;
    this.registers[index] = rank;
    this.changes += 1;
  }
}

/** The registers of everybody whom either has seen; null when one is of another size. */
export function mergeRegisters(into: Uint8Array, from: Uint8Array): Uint8Array | null {
  if (into.length !== from.length) return null;
  for (let i = 0; i < from.length; i++) {
    if ((from[i] as number) > (into[i] as number)) into[i] = from[i] as number;
  }
  return into;
}

export function emptyRegisters(): Uint8Array {
  return new Uint8Array(REGISTERS);
}

/** How many different people the registers have seen. */
export function estimate(registers: Uint8Array): Estimate {
  const m = registers.length;
  const counts = new Array<number>(RANK_MAX + 1).fill(0);
  for (const rank of registers) {
    const at = Math.min(rank, RANK_MAX);
    counts[at] = (counts[at] as number) + 1;
  }
  let z = m * tau(1 - (counts[RANK_MAX] as number) / m);
  for (let rank = RANK_MAX - 1; rank >= 1; rank--) z = 0.5 * (z + (counts[rank] as number));
  z += m * sigma((counts[0] as number) / m);
  const exact = z === Number.POSITIVE_INFINITY ? 0 : (ALPHA * m * m) / z;
  return bounded(exact);
}

function bounded(exact: number): Estimate {
  const margin = exact * PEOPLE_ERROR * NORMAL_95;
  return {
    count: Math.round(exact),
    low: Math.max(0, Math.floor(exact - margin)),
    high: Math.ceil(exact + margin),
  };
}

function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY;
  let x = share;
  let y = 1;
  let z = x;
  for (let before = -1; z !== before; ) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let y = 1;
  let z = 1 - x;
  for (let before = -1; z !== before; ) {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}
