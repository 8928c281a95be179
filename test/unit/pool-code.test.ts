// Protects: an imported code comes out of the database as it went in, and only under the secret it was sealed by.

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
