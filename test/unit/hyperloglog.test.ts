// Protects: people are counted within the bounds that the report states, once each however often and wherever they press,
// and the registers say nothing to whoever does not have the key.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PeopleKey } from '../../src/core/hyperloglog.ts';
import {
  emptyRegisters,
  estimate,
  keyedHash,
  mergeRegisters,
  PEOPLE_ERROR,
  People,
} from '../../src/core/hyperloglog.ts';

const KEY: PeopleKey = [0x03020100, 0x07060504];

/** The published vectors of HalfSipHash-2-4-64 for inputs 00 01 02 … of even length. */
const VECTORS = [
  '218d1f59b9b83cc8',
  '064f39ef7c50eb57',
  'd5e78a175be52ea1',
  'ce3e91358aa2bc25',
  'edfee820bce4858c',
  '95b0469f06a6f2ee',
  '7bc71f9faef5c799',
  '3bb1a870eae8e658',
  '7336aad25f7bf3b5',
];

function littleEndian(words: readonly number[]): string {
  const bytes = Buffer.alloc(4 * words.length);
  for (const [i, word] of words.entries()) bytes.writeUInt32LE(word, 4 * i);
  return bytes.toString('hex');
}

function crowd(size: number, key: PeopleKey, prefix = 'u-'): People {
  const people = new People(key);
  for (let i = 0; i < size; i++) people.see(prefix + i);
  return people;
}

describe('counting people', () => {
  it('hashes as the published vectors say', () => {
    for (const [i, vector] of VECTORS.entries()) {
      const text = Buffer.from(Array.from({ length: 2 * i }, (_, at) => at)).toString('utf16le');
      expect(littleEndian(keyedHash(text, KEY))).toBe(vector);
    }
  });

  it('is right within the error it states, from nobody to a million', () => {
    expect(estimate(emptyRegisters())).toEqual({ count: 0, low: 0, high: 0 });
    for (const size of [1, 10, 100, 1_000, 10_000, 50_000, 200_000, 1_000_000]) {
      const found = estimate(crowd(size, KEY).registers);
      // Four standard errors: once in sixteen thousand, and the crowd is the same each time.
      expect(Math.abs(found.count - size)).toBeLessThanOrEqual(Math.max(1, 4 * PEOPLE_ERROR * size));
      expect(found.low).toBeLessThanOrEqual(found.count);
      expect(found.high).toBeGreaterThanOrEqual(found.count);
    }
  });

  it('keeps its stated bounds nineteen times of twenty, without leaning to one side', () => {
    let inside = 0;
    let sum = 0;
    const rounds = 200;
    for (let round = 0; round < rounds; round++) {
      const size = 20_000;
      const found = estimate(crowd(size, [round * 2_654_435_761, round]).registers);
      if (found.low <= size && size <= found.high) inside += 1;
      sum += found.count / size - 1;
    }
    expect(inside / rounds).toBeGreaterThan(0.9);
    expect(Math.abs(sum / rounds)).toBeLessThan((4 * PEOPLE_ERROR) / Math.sqrt(rounds));
  }, 20_000);

  it('counts a person once, whatever was pressed where', () => {
    const ids = fc.array(fc.string({ minLength: 1, maxLength: 12 }), { maxLength: 60 });
    fc.assert(
      fc.property(ids, ids, (here, there) => {
        const [a, b, all] = [new People(KEY), new People(KEY), new People(KEY)];
        for (const id of here) a.see(id);
        for (const id of there) b.see(id);
        for (const id of [...here, ...there, ...here]) all.see(id);
        const merged = mergeRegisters(Uint8Array.from(a.registers), b.registers) as Uint8Array;
        expect(merged).toEqual(all.registers);
        expect(Math.abs(estimate(merged).count - new Set([...here, ...there]).size)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 50 },
    );
    expect(mergeRegisters(emptyRegisters(), new Uint8Array(16))).toBeNull();
  });

  it('leaves other registers under another key', () => {
    const [one, other] = [crowd(500, KEY), crowd(500, [1, 2])];
    expect(one.registers).not.toEqual(other.registers);
    expect(one.changes).toBeGreaterThan(0);
    const before = one.changes;
    one.see('u-1');
    expect(one.changes).toBe(before);
  });
});
