// Protects: one code, one claim (I7). A code follows from (master secret, campaign, seq) and from nothing else, for
// ever: the pinned ones may not change in any release. What people type finds it, and a slip of the finger does not.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campaignCodeKey, deriveCode, deriveKey, masterKeyId, normalCode } from '../../src/core/code.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import { sampleCampaign } from '../support/samples.ts';
import { seed } from '../support/seed.ts';

const MASTER = Buffer.from(Uint8Array.from({ length: 32 }, (_, i) => i));
const SYMBOLS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CHECK_SYMBOLS = `${SYMBOLS}*~$=U`;

function codeOf(campaignId: string, seq: number, master = MASTER): string {
  return deriveCode(campaignCodeKey(master, campaignId), campaignId, seq);
}

/** Some codes, spread over campaigns and numbers. */
const aCode = fc
  .tuple(fc.constantFrom('a', 'chicken-100', 'z'.repeat(64)), fc.integer({ min: 1, max: 10_000_000 }))
  .map(([campaignId, seq]) => codeOf(campaignId, seq));

describe('a derived code', () => {
  /** Computed by another program (HKDF-SHA256, HMAC-SHA256, 60 bits, Crockford, modulo 37). Never to be changed. */
  it.each([
    ['chicken-100', 1, '7PEE-ZY9C-8K19-N'],
    ['chicken-100', 2, 'ZMAS-ZM18-9K5G-H'],
    ['chicken-100', 10_000_000, 'Z6V2-2EWB-YP0C-R'],
    ['a', 1, 'D5Q9-0REV-H7EE-3'],
  ])('%s %i is %s for ever', (campaignId, seq, code) => {
    expect(codeOf(campaignId, seq)).toBe(code);
    expect(
      makeCodes(MASTER).codeOf(sampleCampaign({ id: campaignId, codes: { source: 'generated' } }), seq),
    ).toBe(code);
  });

  it('is another one under another master secret, in another campaign and at another number', () => {
    const other = Buffer.from('another master secret');
    expect(codeOf('chicken-100', 1, other)).toBe('405J-TWVY-RJCJ-V');
    const codes = [codeOf('a', 1), codeOf('a', 2), codeOf('b', 1), codeOf('a', 1, other), codeOf('a-1', 1)];
    expect(new Set(codes).size).toBe(codes.length);
    expect(masterKeyId(MASTER)).toBe('d786380cde76');
    expect(masterKeyId(other)).not.toBe(masterKeyId(MASTER));
  });

  it('is three groups of four and a check symbol', () => {
    fc.assert(
      fc.property(aCode, (code) => {
        expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z*~$=U]$/);
      }),
      { seed },
    );
  });

  it('is given once: 200,000 of one campaign, all different, every symbol everywhere', () => {
    const key = campaignCodeKey(MASTER, 'big');
    const all = new Set<string>();
    const seen = Array.from({ length: 15 }, () => new Set<string>());
    for (let seq = 1; seq <= 200_000; seq++) {
      const code = deriveCode(key, 'big', seq);
      all.add(code);
      if (seq <= 10_000) for (let i = 0; i < 14; i++) seen[i]?.add(code[i] as string);
    }
    expect(all.size).toBe(200_000);
    expect(seen.slice(0, 14).map((set) => set.size)).toEqual([
      32, 32, 32, 32, 1, 32, 32, 32, 32, 1, 32, 32, 32, 32,
    ]);
  });

  it('is none when the campaign has none or a pool', () => {
    const codes = makeCodes(MASTER);
    expect(codes.codeOf({ id: 'a', codes: { source: 'none' } }, 1)).toBeNull();
    expect(codes.codeOf({ id: 'a', codes: { source: 'pool' } }, 1)).toBeNull();
    expect(codes.codeOf({ id: 'a', codes: { source: 'generated' } }, 1)).toBe('D5Q9-0REV-H7EE-3');
  });
});

describe('what the record finds a code by', () => {
  it('tells nobody the code, fits a number exactly and is pinned', () => {
    const codes = makeCodes(MASTER);
    expect(codes.lookupOf('7PEE-ZY9C-8K19-N')).toBe(548_874_961_488_315);
    const key = campaignCodeKey(MASTER, 'a');
    const found = new Set<number>();
    for (let seq = 1; seq <= 20_000; seq++) found.add(codes.lookupOf(deriveCode(key, 'a', seq)));
    expect(found.size).toBe(20_000);
    expect(
      [...found].every((lookup) => Number.isSafeInteger(lookup) && lookup >= 0 && lookup < 2 ** 52),
    ).toBe(true);
  });

  it('is made with a key of its own for each purpose', () => {
    const keys = ['code-lookup', 'code/a', 'cursor'].map((purpose) =>
      deriveKey(MASTER, purpose).toString('hex'),
    );
    expect(new Set(keys).size).toBe(3);
    expect(keys.every((key) => key.length === 64)).toBe(true);
  });
});

describe('a typed code', () => {
  const CODE = '7PEE-ZY9C-8K19-N';

  it.each([
    CODE,
    '7pee-zy9c-8k19-n',
    '7PEEZY9C8K19N',
    '7PEE ZY9C 8K19 N',
    '  7pee-zy9c-8k19-n\n',
    '7-P-E-E-Z-Y-9-C-8-K-1-9-N',
    '7PEE-ZY9C-8KI9-N',
    '7PEE-ZY9C-8Kl9-N',
    '7PEE\u00a0ZY9C\t8K19 N',
  ])('%j is that code', (typed) => {
    expect(normalCode(typed)).toBe(CODE);
  });

  it('takes O for 0, and I and L for 1, in the check symbol too', () => {
    const withLook = Array.from({ length: 3000 }, (_, i) => codeOf('a', i + 1));
    for (const code of withLook) {
      expect(normalCode(code.replaceAll('0', 'O').replaceAll('1', 'L'))).toBe(code);
      expect(normalCode(code.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'i'))).toBe(code);
    }
    expect(withLook.some((code) => code.endsWith('0')) && withLook.some((code) => code.endsWith('1'))).toBe(
      true,
    );
  });

  it.each([
    '',
    '-',
    '7PEE-ZY9C-8K19',
    '7PEE-ZY9C-8K19-NN',
    '7PEE-ZY9C-8K19-M',
    '7PEE-ZY9C-8K1U-N',
    '7PEE-ZY9C-8K1*-N',
    '7PEE_ZY9C_8K19_N',
    `${CODE}${' '.repeat(60)}`,
    '７PEE-ZY9C-8K19-N',
    'N'.repeat(100_000),
  ])('%.40j is none', (typed) => {
    expect(normalCode(typed)).toBeNull();
  });

  it('with one symbol wrong is always found out', () => {
    fc.assert(
      fc.property(aCode, fc.nat({ max: 12 }), fc.nat({ max: 36 }), (code, place, pick) => {
        const symbols = code.replaceAll('-', '').split('');
        const wrong = (place === 12 ? CHECK_SYMBOLS : SYMBOLS)[pick % (place === 12 ? 37 : 32)] as string;
        fc.pre(wrong !== symbols[place]);
        symbols[place] = wrong;
        expect(normalCode(symbols.join(''))).toBeNull();
      }),
      { seed, numRuns: 5000 },
    );
  });

  it('with two neighbours swapped is always found out within the code, and mostly at its end', () => {
    let swaps = 0;
    let missed = 0;
    for (let seq = 1; seq <= 2000; seq++) {
      const symbols = codeOf('a', seq).replaceAll('-', '');
      for (let i = 0; i < 12; i++) {
        const swapped = `${symbols.slice(0, i)}${symbols[i + 1]}${symbols[i]}${symbols.slice(i + 2)}`;
        if (swapped === symbols) continue;
        const passed = normalCode(swapped) !== null;
        if (i < 11) expect([swapped, passed]).toEqual([swapped, false]);
        swaps += 1;
        if (passed) missed += 1;
      }
    }
    expect(missed / swaps).toBeLessThan(0.005);
  });
});
