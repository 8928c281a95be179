/** A file on its way to the server: opened before anything is sent, and told what it is by its first bytes. */

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { usageFailure } from './failure.ts';

export async function openUpload(file: string): Promise<{ body: Readable; type: string }> {
  if (file === '-') {
    const source = process.stdin[Symbol.asyncIterator]();
    const { value, done } = await source.next();
    const head = done === true ? Buffer.alloc(0) : Buffer.from(value as Uint8Array);
    const rest = { [Symbol.asyncIterator]: () => source };
    return { body: Readable.from(joined(head, rest), { objectMode: false }), type: typeOf(head) };
  }
  try {
    const handle = await open(file);
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    await handle.close();
    return { body: createReadStream(file), type: typeOf(buffer) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usageFailure(`${file} cannot be read (${code})`, 'Name a CSV file, or - for standard input.');
  }
}

async function* joined(head: Buffer, rest: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
  yield head;
  for await (const piece of rest) yield piece as Buffer;
}

const typeOf = (head: Uint8Array): string =>
  head[0] === 0x1f && head[1] === 0x8b ? 'application/gzip' : 'text/csv';
