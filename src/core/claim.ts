/** One person's try: what may be asked, and how a unit that was won is told. */

import type { Durability } from './campaign.ts';

export const USER_ID_BYTES_MAX = 128;

/** Plain ASCII without anything that needs a second look: the common case, decided by one pass. */
const PLAIN_USER_ID = /^[!-~](?:[ -~]{0,126}[!-~])?$/;
/**
 * Control and bidi characters, line and paragraph separators. Joiners and the like stay allowed: emoji and several
 * scripts are written with them. Unassigned characters too, or an id would be valid by one Node and not by the next.
 */
const FORBIDDEN = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;
const EDGE_SPACE = /^\s|\s$/u;
/** No text longer than this many UTF-16 units has a normal form of 128 bytes: saves normalizing whatever is sent. */
const RAW_UNITS_MAX = 3 * USER_ID_BYTES_MAX;

/**
 * Brings a user id to the one form that is compared: NFC, case kept. 1–128 bytes of UTF-8 in that form, no
 * control, bidi or lone-surrogate characters, no space at either end. Returns null for an id that may not be.
 */
export function normalUserId(raw: string): string | null {
  if (PLAIN_USER_ID.test(raw)) return raw;
  if (raw.length === 0 || raw.length > RAW_UNITS_MAX || !raw.isWellFormed()) return null;
  const id = raw.normalize('NFC');
  if (FORBIDDEN.test(id) || EDGE_SPACE.test(id)) return null;
  return Buffer.byteLength(id) <= USER_ID_BYTES_MAX ? id : null;
}

/** 1–255 printable ASCII characters; null when the header may not be. */
export function normalIdempotencyKey(raw: string): string | null {
  return /^[ -~]{1,255}$/.test(raw) ? raw : null;
}

export const CLAIM_STATUSES = ['won', 'issued', 'redeemed', 'revoked', 'expired'] as const;
export type ClaimStatus = (typeof CLAIM_STATUSES)[number];

/** One unit in somebody's hand, as the record has it or as it was told. */
export interface Claim {
  id: string;
  campaignId: string;
  userId: string;
  /** the winner's number at the gate: 1, 2, 3 … */
  seq: number;
  status: ClaimStatus;
  code: string | null;
  /** epoch ms, the gate's clock */
  wonAt: number;
  durability: Durability;
}

/** A claim's id follows from what it is, so that no table is needed to find it: a number is never given twice. */
export function claimId(campaignId: string, seq: number): string {
  return `${campaignId}.${seq}`;
}

/** The reverse of {@link claimId}; null for anything else. */
export function parseClaimId(id: string): { campaignId: string; seq: number } | null {
  const match = /^([a-z0-9][a-z0-9-]{0,63})\.([1-9]\d{0,14})$/.exec(id);
  if (!match) return null;
  return { campaignId: match[1] as string, seq: Number(match[2]) };
}
