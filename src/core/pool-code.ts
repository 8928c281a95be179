/**
 * Codes that operators bring along (gifticon PINs): which ones may be, how they are kept, and what they are known by.
 *
 * Kept is AES-256-GCM under a key of the campaign's own, so that the database tells nobody a code. Sealed anew, the same
 * code looks different each time; what two of them are compared by is a keyed hash.
 */

import type { KeyObject } from 'node:crypto';
import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import { deriveKey } from './code.ts';
import type { Hmac } from './hmac.ts';

export const POOL_CODE_BYTES_MAX = 256;
/** Random bytes that sealing one code takes. */
export const NONCE_BYTES = 12;

const SEAL_VERSION = 1;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES;
/** Bytes that a sealed code has beside the code's own. */
export const SEAL_BYTES = HEAD_BYTES + TAG_BYTES;
export const SEALED_BYTES_MAX = SEAL_BYTES + POOL_CODE_BYTES_MAX;

/** Plain ASCII without a space at either end: nearly all codes, decided by one pass. */
const PLAIN = /^[!-~](?:[ -~]{0,254}[!-~])?$/;
const CONTROL = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

export type PoolCodeFault = 'empty' | 'too_long' | 'control_character' | 'not_text';

/**
 * A code as it is kept: without white space at either end, for nobody can see it there or would type it. 1–256 bytes of
 * UTF-8, no control or bidi characters. Case and everything inside stay as they are.
 */
export function poolCode(raw: string): { code: string } | { fault: PoolCodeFault } {
  if (PLAIN.test(raw)) return { code: raw };
  const code = raw.trim();
  if (code === '') return { fault: 'empty' };
  if (Buffer.byteLength(code) > POOL_CODE_BYTES_MAX) return { fault: 'too_long' };
  if (!code.isWellFormed() || code.includes('\uFFFD')) return { fault: 'not_text' };
  return CONTROL.test(code) ? { fault: 'control_character' } : { code };
}

/** The key that a campaign's pool is sealed under. As an object it is set up once: sealing takes a quarter of the time. */
export function poolKey(master: Buffer, campaignId: string): KeyObject {
  return createSecretKey(deriveKey(master, `pool/${campaignId}`));
}

/** Seals one code. `nonce`: {@link NONCE_BYTES} random bytes, never used before. */
export function sealCode(key: KeyObject, nonce: Uint8Array, code: string): Buffer {
  const sealed = Buffer.alloc(SEAL_BYTES + Buffer.byteLength(code));
  sealInto(sealed, 0, key, nonce, code);
  return sealed;
}

/** The same into `target`, from `at` on, where there is room for {@link SEALED_BYTES_MAX}. Returns the seal's bytes. */
export function sealInto(
  target: Uint8Array,
  at: number,
  key: KeyObject,
  nonce: Uint8Array,
  code: string,
): number {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const text = cipher.update(code, 'utf8');
  cipher.final();
  target[at] = SEAL_VERSION;
  target.set(nonce, at + 1);
  target.set(text, at + HEAD_BYTES);
  target.set(cipher.getAuthTag(), at + HEAD_BYTES + text.length);
  return SEAL_BYTES + text.length;
}

/** The code in a seal. Throws when it was sealed under another key, or was changed. */
export function openCode(key: KeyObject, sealed: Uint8Array): string {
  if (sealed[0] !== SEAL_VERSION || sealed.length <= SEAL_BYTES) throw new Error('not a sealed code');
  const tagAt = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, HEAD_BYTES));
  decipher.setAuthTag(sealed.subarray(tagAt));
  const text = decipher.update(sealed.subarray(HEAD_BYTES, tagAt), undefined, 'utf8');
  return text + decipher.final('utf8');
}

/**
 * What codes are compared by: `lookup` is what the record finds a code by (core/code `codeLookup`), with `mark` it is 84
 * bits of the same hash, and two codes that have both are one.
 */
export function poolMarks(mac: Hmac, code: string): { lookup: number; mark: number } {
  const digest = mac(code);
  return {
    lookup: Number.parseInt(digest.slice(0, 13), 16),
    mark: Number.parseInt(digest.slice(13, 21), 16),
  };
}
