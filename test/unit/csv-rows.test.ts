// Protects: rows are read as people's programs write them, wherever the text is cut; a stored file gives the same rows
// from any line on, plain and gzipped, and what is no CSV is told with its line.

import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { CsvReader, type CsvRow } from '../../src/core/csv-rows.ts';
import type { FileType } from '../../src/core/file.ts';
import { makeFileRows } from '../../src/flow/file-rows.ts';

function rowsOf(...pieces: string[]): CsvRow[] {
  const reader = new CsvReader();
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
}

const TEXT = '\uFEFFa,b\r\n"c ""d"", e",f\n\n"g\r\nh",i\rlast';
const ROWS = [
  { line: 1, cells: ['a', 'b'] },
  { line: 2, cells: ['c "d", e', 'f'] },
  { line: 4, cells: ['g\r\nh', 'i'] },
  { line: 6, cells: ['last'] },
];

/** Files that are in memory, in parts of a few bytes. */
function storedFile(bytes: Buffer, type: FileType = 'text/csv') {
  const more = {
    name: 'x',
    type,
    role: 'admin',
    by: 'env',
    createdAt: 0,
    finishedAt: 1,
    sha256: '',
  } as const;
  const reads: number[] = [];
  return {
    reads,
    files: {
      find: async (id: string) => (id === 'f' ? { ...more, id, bytes: bytes.length } : null),
      read: async (_id: string, at: number | null) => {
        const from = at === null ? 0 : at + 1;
        reads.push(from);
        const data = bytes.subarray(from * 7, from * 7 + 7);
        return data.length === 0 ? null : { data, at: from };
      },
    },
  };
}

describe('rows of CSV', () => {
  it('come out whole wherever the text is cut', () => {
    expect(rowsOf(TEXT)).toEqual(ROWS);
    expect(rowsOf(...TEXT)).toEqual(ROWS);
    for (let at = 1; at < TEXT.length; at++) expect(rowsOf(TEXT.slice(0, at), TEXT.slice(at))).toEqual(ROWS);
  });

  it('of nothing are none', () => {
    expect(rowsOf()).toEqual([]);
    expect(rowsOf('\uFEFF')).toEqual([]);
    expect(rowsOf('\n\r\n \n')).toEqual([]);
  });

  it('with a quote that is not closed, or out of place, are told with their line', () => {
    expect(() => rowsOf('a\n"b\n', 'c'.repeat(70_000))).toThrow(
      'Line 2 is too long, or a quote is not closed.',
    );
    expect(() => rowsOf('a\nb"c"d\n')).not.toThrow();
    expect(() => rowsOf('a\n"b"c,d\n')).toThrow('Line 2: a quote in the middle of a cell.');
  });
});

describe('rows of a stored file', () => {
  const many = Array.from({ length: 50 }, (_, i) => `user-${i + 1}`).join('\n');

  it.each([
    ['plain', Buffer.from(many), 'text/csv'],
    ['gzipped', gzipSync(many), 'application/gzip'],
  ] as const)('are the same from any line on, %s', async (_name, bytes, type) => {
    const { files, reads } = storedFile(bytes, type);
    const rows = makeFileRows(files);
    const found: string[] = [];
    for (let line = 0; ; ) {
      const some = await rows.read('f', line, 7);
      found.push(...some.map(({ cells }) => cells[0] as string));
      if (some.length < 7) break;
      line = some.at(-1)?.line as number;
    }
    expect(found.join('\n')).toBe(many);
    expect(await rows.count('f')).toBe(50);
    expect(reads.filter((from) => from === 0)).toHaveLength(2);
    expect((await rows.read('f', 20, 2)).map(({ line }) => line)).toEqual([21, 22]);
    expect((await rows.read('f', 10, 1)).map(({ line }) => line)).toEqual([11]);
  });

  it.each([
    ['nothing of that name', 'other', Buffer.from('a'), 'text/csv', 'There is no file other.'],
    ['a page', 'f', Buffer.from('a'), 'text/html', 'The file f is text/html, not CSV.'],
    [
      'not UTF-8',
      'f',
      Buffer.from('aaa\nbb\n\xff', 'latin1'),
      'text/csv',
      'After line 2 it is not text in UTF-8.',
    ],
    [
      'half a letter',
      'f',
      Buffer.from('a\n한').subarray(0, 3),
      'text/csv',
      'After line 1 it is not text in UTF-8.',
    ],
    [
      'binary in gzip',
      'f',
      gzipSync(Buffer.from([1, 0, 2])),
      'application/gzip',
      'After line 0 it is not text in UTF-8.',
    ],
    ['half a gzip', 'f', gzipSync(many).subarray(0, 30), 'application/gzip', 'The file is no whole gzip.'],
  ] as const)('are not there: %s', async (_name, id, bytes, type, why) => {
    const { files } = storedFile(Buffer.from(bytes), type);
    await expect(makeFileRows(files).read(id, 0, 100)).rejects.toThrow(why);
  });
});
