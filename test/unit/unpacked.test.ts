// Protects: what unpacks to more than was agreed on is given up before it is there, and what is cut is told apart from
// what could not be read.

import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Unpackable, unpacked } from '../../src/flow/unpacked.ts';

async function* pieces(bytes: Buffer, size: number, error?: Error): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  if (error) throw error;
}

async function all(bytes: AsyncIterable<Uint8Array>, max = 1000): Promise<string> {
  const got: Uint8Array[] = [];
  for await (const piece of unpacked(bytes, max)) got.push(piece);
  return Buffer.concat(got).toString();
}

const plain = Buffer.from('A-1\nB-2\n');

describe.each([1, 3, 1000])('in pieces of %i', (size) => {
  it('is told as it was', async () => {
    expect(await all(pieces(plain, size))).toBe('A-1\nB-2\n');
    expect(await all(pieces(gzipSync(plain), size))).toBe('A-1\nB-2\n');
    expect(await all(pieces(Buffer.concat([gzipSync('A'), gzipSync('B')]), size))).toBe('AB');
    expect(await all(pieces(Buffer.alloc(0), size))).toBe('');
  });

  it('is refused when there is too much of it, or it ends in the middle', async () => {
    const bomb = gzipSync(Buffer.alloc(1024 ** 2, 'x'));
    await expect(all(pieces(bomb, size))).rejects.toMatchObject({ fault: 'too_large' });
    await expect(all(pieces(Buffer.alloc(1001), size))).rejects.toMatchObject({ fault: 'too_large' });
    const cut = gzipSync(plain).subarray(0, 15);
    await expect(all(pieces(cut, size))).rejects.toBeInstanceOf(Unpackable);
    await expect(all(pieces(cut, size))).rejects.toMatchObject({ fault: 'cut' });
  });

  it('fails as whoever sends it fails', async () => {
    const gone = new Error('gone');
    await expect(all(pieces(plain, size, gone))).rejects.toBe(gone);
    await expect(all(pieces(gzipSync(plain), size, gone))).rejects.toBe(gone);
  });
});
