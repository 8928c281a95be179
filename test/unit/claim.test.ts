// Protects: one person is one person. A user id has one form that is compared (contract §3), and what may be one does
// not depend on who looks; a claim's id tells where it was decided and nothing else reads as one.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimId, normalIdempotencyKey, normalUserId, parseClaimId } from '../../src/core/claim.ts';
import { seed } from '../support/seed.ts';

const point = (code: number): string => String.fromCodePoint(code);
const named = (code: number): string => `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;

describe('a user id that may be', () => {
  it.each<[string, string]>([
    ['one letter', 'a'],
    ['what other systems use', 'u-17'],
    ['an address', 'ann.o-neill+test@example.org'],
    ['a UUID', '0190f3a4-7b1c-7cc0-9a5e-2f2f3c1d9e00'],
    ['spaces inside', 'Ann  O’Neill'],
    ['Korean', '김철수'],
    ['emoji', '🐔🎉'],
    ['a family: joined by ZWJ', '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}'],
    ['a heart: variation selector', '\u2764\ufe0f'],
    ['Persian with ZWNJ', '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645'],
    ['a soft hyphen inside', 'co\u00adoperate'],
    ['a word joiner inside', 'a\u2060b'],
    ['private use', point(0xe000)],
    ['not assigned yet', point(0x0378)],
    ['the last code point of all', point(0x10ffff)],
    ['the replacement character', point(0xfffd)],
    ['what would hurt somewhere else', "a:b}*?${jndi}'; DROP TABLE claims;--"],
    ['names of objects', '__proto__'],
    ['128 bytes of one each', 'a'.repeat(128)],
    ['128 bytes of three each', `${'김'.repeat(42)}ab`],
    ['128 bytes of four each', '🐔'.repeat(32)],
    ['1 space in 128 bytes', `${'a'.repeat(63)} ${'a'.repeat(64)}`],
  ])('%s', (_title, id) => {
    expect(normalUserId(id)).toBe(id);
  });

  it.each<[string, string, string]>([
    ['NFD becomes NFC', 'Jose\u0301', 'Jos\u00e9'],
    ['Hangul from its letters', '\u1100\u1161\u11a8', '\uac01'],
    ['several marks', 'u\u0308\u0301', '\u01d8'],
    ['the Angstrom sign', '\u212b', '\u00c5'],
    ['what NFC takes apart', '\u0958', '\u0915\u093c'],
    ['long as typed, 128 bytes in its normal form', 'u\u0308\u0301'.repeat(64), '\u01d8'.repeat(64)],
  ])('%s', (_title, raw, id) => {
    expect(normalUserId(raw)).toBe(id);
  });

  it('keeps case, and what only looks alike stays apart', () => {
    const alike = ['Ann', 'ann', '\uff41nn', '\u0430nn', '\ufb01', 'fi', '\u2460', '1'];
    expect(new Set(alike.map(normalUserId)).size).toBe(alike.length);
  });
});

describe('a user id that may not be', () => {
  it.each<[string, string]>([
    ['nothing', ''],
    ['129 bytes', 'a'.repeat(129)],
    ['129 bytes of three each', '김'.repeat(43)],
    ['130 bytes of two each', '\u00e9'.repeat(65)],
    ['66 bytes that are 132 in their normal form', '\u0958'.repeat(22)],
    ['as much as a body may hold', 'a'.repeat(8000)],
    ['a space before', ' a'],
    ['a space behind', 'a '],
    ['a space alone', ' '],
    ['a no-break space behind', 'a\u00a0'],
    ['an ideographic space before', '\u3000a'],
    ['a byte order mark before', '\ufeffa'],
    ['a high surrogate alone', 'a\ud83d'],
    ['a low surrogate alone', '\udc14a'],
    ['surrogates the wrong way round', '\udc14\ud83d'],
    ['a header in disguise', 'a\r\nX-Admin: 1'],
  ])('%s', (_title, raw) => {
    expect(normalUserId(raw)).toBeNull();
  });

  const controls = [0x00, 0x07, 0x09, 0x0a, 0x0d, 0x1b, 0x1f, 0x7f, 0x80, 0x85, 0x9f];
  const bidi = [
    0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069,
  ];
  it.each([...controls, ...bidi, 0x2028, 0x2029].map((code) => [named(code), code] as const))(
    '%s',
    (_name, code) => {
      expect(normalUserId(`a${point(code)}b`)).toBeNull();
    },
  );

  it('their neighbours may', () => {
    for (const code of [0x20, 0x7e, 0xa1, 0x061b, 0x200b, 0x200d, 0x2027, 0x202f, 0x2065, 0x206a]) {
      expect([named(code), normalUserId(`a${point(code)}b`)]).not.toContain(null);
    }
  });
});

describe('any text', () => {
  it('is brought to its form once and for all', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 140 });
    fc.assert(
      fc.property(texts, (raw) => {
        const id = normalUserId(raw);
        if (id === null) return;
        expect(normalUserId(id)).toBe(id);
        expect(normalUserId(id.normalize('NFD'))).toBe(id);
        expect(Buffer.from(id).toString()).toBe(id);
        expect(Buffer.byteLength(id)).toBeLessThanOrEqual(128);
      }),
      { seed, numRuns: 5000 },
    );
  });
});

describe('an Idempotency-Key', () => {
  it.each(['a', ' ', '~', 'k'.repeat(255), '0190f3a4-7b1c-7cc0', 'a b'])('%j may be', (key) => {
    expect(normalIdempotencyKey(key)).toBe(key);
  });
  it.each(['', 'k'.repeat(256), 'a\tb', 'a\n', '\u007f', 'é', '키'])('%j may not be', (key) => {
    expect(normalIdempotencyKey(key)).toBeNull();
  });
});

describe('a claim’s id', () => {
  it('says campaign, epoch and seq, and reads back', () => {
    expect(claimId('chicken-100', 17)).toBe('chicken-100.17');
    expect(parseClaimId('chicken-100.17')).toEqual({ campaignId: 'chicken-100', seq: 17 });
    expect(parseClaimId(claimId('a', 10_000_000))).toEqual({ campaignId: 'a', seq: 10_000_000 });
  });

  it.each([
    '',
    'chicken-100',
    'chicken-100.0',
    'chicken-100.01',
    'chicken-100.-1',
    'chicken-100.1e3',
    'chicken-100..1',
    'Chicken.1',
    'a.9999999999999999',
    'a.1\n',
    '../a.1',
  ])('%j is none', (id) => {
    expect(parseClaimId(id)).toBeNull();
  });
});
