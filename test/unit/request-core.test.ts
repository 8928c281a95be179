// Protects: a place says who came first, across all topics that a campaign's requests have travelled on, and where its
// entry is.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { offsetOf, PACK_MAX, placeOf } from '../../src/core/request.ts';

const OFFSET_MAX = 2 ** 35 - 1;

it('places are in order of version, offset and index, and name their offset', () => {
  const place = fc.tuple(
    fc.integer({ min: 1, max: 64 }),
    fc.integer({ min: 0, max: OFFSET_MAX }),
    fc.integer({ min: 0, max: PACK_MAX - 1 }),
  );
  const property = fc.property(place, place, (a, b) => {
    const [x, y] = [placeOf(a[1], a[2], a[0]), placeOf(b[1], b[2], b[0])];
    expect(Number.isSafeInteger(x)).toBe(true);
    expect(offsetOf(x)).toBe(a[1]);
    expect(Math.sign(x - y)).toBe(Math.sign(a[0] - b[0] || a[1] - b[1] || a[2] - b[2]));
  });
  fc.assert(property, {
    examples: [
      [
        [64, OFFSET_MAX, PACK_MAX - 1],
        [1, 0, 0],
      ],
    ],
  });
  expect(placeOf(7, 3)).toBe(placeOf(7, 3, 1));
});
