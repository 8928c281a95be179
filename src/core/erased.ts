/**
 * What stands in the place of a user's id once it is erased: a keyed hash. The same person is the same within a campaign,
 * so that counts and checks still hold, and nobody without the master secret can tell who it was, or that somebody was in
 * two campaigns. The second half proves the first, so that an id is told from one that somebody chose to look alike, and
 * what is erased twice is erased once.
 */

import { deriveKey } from './code.ts';
import { makeHmac } from './hmac.ts';

const MARK = 'erased:';
const HASH_DIGITS = 32;
const PROOF_DIGITS = 16;
const LENGTH = MARK.length + HASH_DIGITS + PROOF_DIGITS;

/** The id that takes a user's place; one that is erased stays as it is. */
export type Eraser = (userId: string) => string;

/** The key under which a campaign's users are hashed: its own, 32 bytes. */
export function erasureKey(master: Buffer, campaignId: string): Buffer {
  return deriveKey(master, `erasure/${campaignId}`);
}

/** `key`: as {@link erasureKey} has it. */
export function makeEraser(key: Buffer): Eraser {
  const mac = makeHmac(key);
  const proofOf = (hash: string): string => mac(`proof/v1:${hash}`).slice(0, PROOF_DIGITS);
  const isErased = (id: string): boolean =>
    id.length === LENGTH &&
    id.startsWith(MARK) &&
    proofOf(id.slice(MARK.length, -PROOF_DIGITS)) === id.slice(-PROOF_DIGITS);
  return (userId) => {
    if (isErased(userId)) return userId;
    const hash = mac(`user/v1:${userId}`).slice(0, HASH_DIGITS);
    return MARK + hash + proofOf(hash);
  };
}
