/** Whether a body came as it was sent: Content-Digest (RFC 9530), before it or as a trailer behind it. */

import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';

export class WrongDigest extends Error {
  override name = 'WrongDigest';
}

const SHA_256 = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]+={0,2}):/;

/** SHA-256 of the body in base64, as its sender says; null: he does not. Trailers are there when the body has been read. */
export function contentDigest({ raw }: FastifyRequest): string | null {
  const said = raw.headers['content-digest'] ?? raw.trailers['content-digest'];
  return SHA_256.exec(String(said ?? ''))?.[1] ?? null;
}

/** The same bytes. Throws {@link WrongDigest} behind the last of them when they are not what `said` says then. */
export async function* withDigest(
  bytes: AsyncIterable<Uint8Array>,
  said: () => string | null,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const piece of bytes) {
    hash.update(piece);
    yield piece;
  }
  const wanted = said();
  if (wanted !== null && wanted !== hash.digest('base64')) {
    throw new WrongDigest('The body is not what Content-Digest says. Nothing was imported; send it again.');
  }
}
