// Protects: a file of codes says the same however it is cut into pieces, and its lines have the numbers that editors show.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodeLines } from '../../src/core/code-lines.ts';

type Seen = (string | { fault: string })[];

function read(pieces: Uint8Array[], format: 'csv' | 'text' = 'csv', header = false) {
  const seen: [number, Seen[number]][] = [];
  const lines = new CodeLines(
    { format, header },
    { code: (line, code) => seen.push([line, code]), fault: (line, fault) => seen.push([line, { fault }]) },
  );
  for (const piece of pieces) lines.push(piece);
  lines.end();
  return { seen, lines: lines.lines, empty: lines.empty, bom: lines.hasBom };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('a file of codes', () => {
  it.each<[string, string, [number, Seen[number]][]]>([
    [
      'mixed line ends',
      'a\r\nb\rc\nd',
      [
        [1, 'a'],
        [2, 'b'],
        [3, 'c'],
        [4, 'd'],
      ],
    ],
    ['empty lines', '\n\r\n\ra\n\n', [[4, 'a']]],
    [
      'quotes',
      '"a"\n "b""c" \n"d\n"e"f\n"g",h',
      [
        [1, 'a'],
        [2, 'b"c'],
        [3, { fault: 'quotes' }],
        [4, { fault: 'quotes' }],
        [5, { fault: 'columns' }],
      ],
    ],
    [
      'a mark in the middle',
      'a\n\uFEFFb',
      [
        [1, 'a'],
        [2, 'b'],
      ],
    ],
    ['one character', 'a', [[1, 'a']]],
    ['nothing', '', []],
    [
      '256 bytes and 257',
      `${'가'.repeat(85)}a\n${'가'.repeat(85)}ab`,
      [
        [1, `${'가'.repeat(85)}a`],
        [2, { fault: 'too_long' }],
      ],
    ],
    [
      'a line that goes on and on',
      `${'x'.repeat(5000)}\nb`,
      [
        [1, { fault: 'too_long' }],
        [2, 'b'],
      ],
    ],
  ])('with %s', (_what, file, expected) => {
    expect(read([bytes(file)]).seen).toEqual(expected);
  });

  it('as text is taken to the letter', () => {
    expect(read([bytes('"a",b\n c \n')], 'text').seen).toEqual([
      [1, '"a",b'],
      [2, 'c'],
    ]);
  });

  it('may name its column', () => {
    expect(read([bytes('no,code\na')], 'csv', true).seen).toEqual([[2, 'a']]);
  });

  it('says the same however it is cut', () => {
    const character = fc.constantFrom('a', '가', ' ', '"', ',', '\r', '\n', '\r\n', '\uFEFF', '\u0007');
    const file = fc.array(character, { maxLength: 60 }).map((all) => Buffer.from(all.join('')));
    fc.assert(
      fc.property(file, fc.array(fc.nat(60), { maxLength: 6 }), (whole, cuts) => {
        const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
        const pieces = at.slice(1).map((to, i) => whole.subarray(at[i], to));
        expect(read(pieces)).toEqual(read([whole]));
      }),
    );
  });
});
