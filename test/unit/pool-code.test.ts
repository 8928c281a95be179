// Protects: an imported code comes out of the database as it went in, only under the secret it was sealed by; and of two
// codes it is always known whether they are one, however many there are.

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { codeLookup } from '../../src/core/code.ts';
import { makeHmac } from '../../src/core/hmac.ts';
import {
  NONCE_BYTES,
  openCode,
  poolCode,
  poolKey,
  poolMarks,
  SEAL_BYTES,
  sealCode,
} from '../../src/core/pool-code.ts';
import { PoolLookups } from '../../src/core/pool-lookups.ts';

const master = Buffer.from('a master secret for tests only');

describe('a seal', () => {
  const key = poolKey(master, 'one');
  it.each(['A-1', 'x'.repeat(256), '가나다', ' "\\'])('gives back %j', (code) => {
    const sealed = sealCode(key, randomBytes(NONCE_BYTES), code);
    expect(sealed.length).toBe(SEAL_BYTES + Buffer.byteLength(code));
    expect(openCode(key, sealed)).toBe(code);
    expect(sealed.includes(code)).toBe(false);
  });

  it('opens under no other key, and not when a bit of it is another one', () => {
    const sealed = sealCode(key, randomBytes(NONCE_BYTES), 'A-1');
    expect(() => openCode(poolKey(master, 'other'), sealed)).toThrow();
    expect(() => openCode(poolKey(Buffer.from('another'), 'one'), sealed)).toThrow();
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] as number) ^ 1;
      expect(() => openCode(key, changed)).toThrow();
    }
    expect(() => openCode(key, sealed.subarray(0, SEAL_BYTES))).toThrow();
  });
});

it.each([
  [' A-1\t', { code: 'A-1' }],
  ['a B', { code: 'a B' }],
  ['', { fault: 'empty' }],
  [' \u00a0 ', { fault: 'empty' }],
  ['a\u0000', { fault: 'control_character' }],
  ['a\ud800', { fault: 'not_text' }],
  ['가'.repeat(86), { fault: 'too_long' }],
])('%j is a code: %j', (raw, expected) => {
  expect(poolCode(raw)).toEqual(expected);
});

it('is found by the same hash as a code that is made here', () => {
  const mac = makeHmac(Buffer.alloc(32, 1));
  expect(poolMarks(mac, 'A-1').lookup).toBe(codeLookup(mac, 'A-1'));
  expect(poolMarks(mac, 'A-1').mark).toBeLessThan(2 ** 32);
});

describe('many codes', () => {
  const columns = (rows: readonly [place: number, lookup: number, mark: number][]) => ({
    places: Uint32Array.from(rows, ([place]) => place),
    lines: Uint32Array.from(rows, ([place]) => 10 * place),
    lookups: Float64Array.from(rows, ([, lookup]) => lookup),
    marks: Uint32Array.from(rows, ([, , mark]) => mark),
  });
  const found = (lookups: PoolLookups) => {
    const all = [];
    for (let slice = 0; slice < lookups.slices(); slice++) all.push(...lookups.doublesIn(slice));
    return all;
  };

  it('that are there twice, or were before, are found, each once', () => {
    const lookups = new PoolLookups();
    lookups.add(
      columns([
        [1, 5, 1],
        [3, 5, 2],
        [4, 5, 1],
        [5, 2 ** 52 - 1, 7],
        [6, 9, 3],
      ]),
    );
    lookups.add(
      columns([
        [7, 5, 1],
        [8, 2 ** 52 - 1, 7],
      ]),
    );
    expect(found(lookups)).toEqual([
      { place: 4, line: 40, sameAs: 10 },
      { place: 7, line: 70, sameAs: 10 },
      { place: 8, line: 80, sameAs: 50 },
    ]);
    lookups.noteKnown({ lookups: Float64Array.of(9, 5, 4, 2 ** 52 - 1), marks: Uint32Array.of(3, 2, 1, 8) });
    expect([...lookups.knownIn(0, 5), ...lookups.knownIn(5, 100)]).toEqual([
      { place: 3, line: 30, sameAs: null },
      { place: 6, line: 60, sameAs: null },
    ]);
  });

  it('are the same as by a plain set, over several slices', () => {
    const rows = Array.from(
      { length: 50_000 },
      (_, i) => [i + 1, ((i * 7919) % 49_000) * 9e10, 1] as [number, number, number],
    );
    const lookups = new PoolLookups();
    for (let at = 0; at < rows.length; at += 10_000) lookups.add(columns(rows.slice(at, at + 10_000)));
    expect(lookups.slices()).toBeGreaterThan(1);
    expect(found(lookups)).toHaveLength(50_000 - new Set(rows.map(([, lookup]) => lookup)).size);
  });
});
