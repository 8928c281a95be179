/**
 * Who may be among many users, in two bytes for each of them (a Bloom filter): it never misses one who is, and takes one
 * in several hundred others for one.
 */

export interface UserFilter {
  add(userId: string): void;
  /** false: was certainly never added */
  mayHave(userId: string): boolean;
}

const BITS_PER_USER = 16;
const BITS_MIN = 1024;
const PROBES = 4;

/** For at most `users`; more only make it less certain. */
export function makeUserFilter(users: number): UserFilter {
  const bits = 2 ** Math.ceil(Math.log2(Math.max(BITS_MIN, users * BITS_PER_USER)));
  const words = new Uint32Array(bits / 32);
  const mask = bits - 1;
  return {
    add(userId) {
      const [start, stride] = hashes(userId);
      for (let i = 0; i < PROBES; i++) {
        const bit = (start + Math.imul(i, stride)) & mask;
        words[bit >>> 5] = (words[bit >>> 5] as number) | (1 << (bit & 31));
      }
    },
    mayHave(userId) {
      const [start, stride] = hashes(userId);
      for (let i = 0; i < PROBES; i++) {
        const bit = (start + Math.imul(i, stride)) & mask;
        if (((words[bit >>> 5] as number) & (1 << (bit & 31))) === 0) return false;
      }
      return true;
    },
  };
}

/** Two 32-bit hashes in one pass: FNV-1a from two beginnings, with the bits mixed at the end (as murmur3 does it). */
function hashes(text: string): [number, number] {
  let a = 0x81_1c_9d_c5;
  let b = 0x9e_37_79_b9;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01_00_01_93);
    b = Math.imul(b ^ unit, 0x01_00_01_b3);
  }
  return [mixed(a), mixed(b) | 1];
}

function mixed(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85_eb_ca_6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2_b2_ae_35);
  return h ^ (h >>> 16);
}
