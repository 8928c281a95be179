/**
 * A file as it comes, unpacked when it is gzip: told by its first bytes, whatever it was called. What unpacks to more than
 * was agreed on is given up before it is there.
 */

import { createGunzip } from 'node:zlib';

/** `cut`: it ends in the middle, or what is in it is damaged. */
export type UnpackedFault = 'too_large' | 'cut';

export class Unpackable extends Error {
  override name = 'Unpackable';
  readonly fault: UnpackedFault;

  constructor(fault: UnpackedFault, options?: ErrorOptions) {
    super(fault, options);
    this.fault = fault;
  }
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Throws {@link Unpackable}; faults of where the bytes come from are thrown as they are. */
export async function* unpacked(
  bytes: AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<Uint8Array> {
  const source = bytes[Symbol.asyncIterator]();
  let size = 0;
  try {
    const head = await headOf(source);
    const all = rejoined(head, source);
    for await (const piece of isGzip(head) ? inflated(all) : all) {
      size += piece.length;
      if (size > bytesMax) throw new Unpackable('too_large');
      yield piece;
    }
  } finally {
    // Not waited for: somebody may send nothing any more.
    void source.return?.().catch(() => undefined);
  }
}

/** The first piece, or more when that has not two bytes. */
async function headOf(source: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const next = await source.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

async function* rejoined(head: Uint8Array, source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
}

async function* inflated(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  let fault = null as Error | null;
  const feed = async (): Promise<void> => {
    try {
      for await (const piece of bytes) {
        if (gunzip.destroyed) return;
        if (!gunzip.write(piece)) await drained(gunzip);
      }
      gunzip.end();
    } catch (error) {
      fault = error as Error;
      gunzip.destroy(fault);
    }
  };
  void feed();
  try {
    for await (const piece of gunzip) yield piece as Buffer;
  } catch (error) {
    throw fault ?? new Unpackable('cut', { cause: error });
  } finally {
    gunzip.destroy();
  }
}

const drained = (gunzip: ReturnType<typeof createGunzip>): Promise<void> =>
  new Promise((resolve) => {
    gunzip.once('drain', resolve);
    gunzip.once('close', resolve);
  });
