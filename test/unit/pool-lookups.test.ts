/** Whatever codes there are, in the file and in the pool: the duplicates found are those that a plain look finds. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Duplicate, StagedMarks } from '../../src/core/pool-lookups.ts';
import { PoolLookups } from '../../src/core/pool-lookups.ts';

interface Code {
  lookup: number;
  mark: number;
}

/** Few, so that they are often the same; at both ends of what a lookup can be. */
const aCode: fc.Arbitrary<Code> = fc.record({
  lookup: fc.constantFrom(0, 1, 2 ** 40, 2 ** 51, 2 ** 52 - 2, 2 ** 52 - 1),
  mark: fc.constantFrom(0, 1, 2 ** 32 - 1),
});

function stagedOf(codes: readonly Code[]): StagedMarks {
  return {
    lookups: Float64Array.from(codes, ({ lookup }) => lookup),
    marks: Uint32Array.from(codes, ({ mark }) => mark),
    places: Uint32Array.from(codes, (_, i) => i + 1),
    lines: Uint32Array.from(codes, (_, i) => 2 * i + 1),
  };
}

function found(file: readonly Code[], pool: readonly Code[], expected = file.length): Duplicate[] {
  const lookups = new PoolLookups(expected);
  const staged = stagedOf(file);
  lookups.add(staged.lookups);
  for (let block = 0; block < lookups.blocks; block++) lookups.sort(block);
  lookups.noteKnown(stagedOf(pool));
  const duplicates = lookups.duplicatesIn(staged);
  if (!lookups.isSeen) expect(duplicates).toEqual([]);
  return duplicates;
}

function lookedAt(file: readonly Code[], pool: readonly Code[]): Duplicate[] {
  const name = ({ lookup, mark }: Code): string => `${lookup} ${mark}`;
  const known = new Set(pool.map(name));
  const first = new Map<string, number>();
  return file.flatMap((code, i) => {
    const line = 2 * i + 1;
    const sameAs = first.get(name(code)) ?? null;
    if (sameAs === null) first.set(name(code), line);
    return sameAs === null && !known.has(name(code)) ? [] : [{ place: i + 1, line, sameAs }];
  });
}

it('finds what a plain look finds', () => {
  const files = fc.array(aCode, { maxLength: 60 });
  // No two codes of a pool have the same lookup: of 84 bits, 52 are not alike by chance.
  const pools = fc.uniqueArray(aCode, { selector: ({ lookup }) => lookup });
  fc.assert(
    fc.property(files, pools, fc.constantFrom(1, 20_000, 100_000), (file, pool, expected) => {
      expect(found(file, pool, expected)).toEqual(lookedAt(file, pool));
    }),
  );
});

it('finds one double among very many, over all blocks', () => {
  const file = Array.from({ length: 50_000 }, (_, i) => ({
    lookup: (i * 90_071_992_547) % 2 ** 52,
    mark: i,
  }));
  file.push({ ...(file[12_345] as Code) });
  expect(found(file, [])).toEqual([{ place: 50_001, line: 100_001, sameAs: 24_691 }]);
  expect(found(file.slice(0, -1), [])).toEqual([]);
});
