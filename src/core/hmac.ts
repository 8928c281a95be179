/**
 * HMAC-SHA256 (RFC 2104) by two one-shot hashes. Node's `createHmac` makes two objects and a buffer a call, 2.8 µs;
 * this makes none, 1.0 µs, and it is called for every winner. A test holds it equal to `createHmac`.
 */

import { hash } from 'node:crypto';

const BLOCK = 64;
const DIGEST = 32;
const MESSAGE_MAX = 512;

/** The MAC of a text of at most 512 bytes of UTF-8, as 64 hex digits. */
export type Hmac = (text: string) => string;

/** A MAC under `key`, which has at most 64 bytes. */
export function makeHmac(key: Buffer): Hmac {
  const inner = Buffer.alloc(BLOCK + MESSAGE_MAX);
  const outer = Buffer.alloc(BLOCK + DIGEST);
  inner.fill(0x36, 0, BLOCK);
  outer.fill(0x5c, 0, BLOCK);
  for (const [at, byte] of key.entries()) {
    inner[at] = byte ^ 0x36;
    outer[at] = byte ^ 0x5c;
  }
  return (text) => {
    const length = inner.write(text, BLOCK, 'utf8');
    outer.write(hash('sha256', inner.subarray(0, BLOCK + length), 'binary'), BLOCK, 'latin1');
    return hash('sha256', outer, 'hex');
  };
}
