/**
 * Coupon codes that follow from (campaign, seq), so that neither delay nor redelivery can change an owner (I7).
 *
 * 60 bits of HMAC-SHA256 under a key of the campaign's own, written as twelve Crockford symbols and a check symbol:
 * `XXXX-XXXX-XXXX-C`. With 2^20 codes and 2^30 guesses the chance of a hit is about 2^-10 (reliability §6).
 */

import { createHash, hkdfSync } from 'node:crypto';
import type { Hmac } from './hmac.ts';
import { makeHmac } from './hmac.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Crockford's check alphabet: the value modulo 37. */
const CHECK = `${ALPHABET}*~$=U`;
/** What a symbol stands for, by its character. */
const VALUES = new Uint8Array(128);
for (const [value, symbol] of [...ALPHABET].entries()) VALUES[symbol.charCodeAt(0)] = value;
/** A code as it was told, with a check symbol that is not taken for another. */
const AS_TOLD = /^(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-Z*~$=]$/;
/** Two symbols for every ten bits: a code is six look-ups. */
const PAIRS = Array.from({ length: 1024 }, (_, i) => `${ALPHABET[i >> 5]}${ALPHABET[i & 31]}`);

/** A key for one purpose, derived from the master secret (HKDF-SHA256, RFC 5869). */
export function deriveKey(master: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', master, '', `dibs/${purpose}/v1`, 32));
}

/** The MAC all codes of a campaign come from, under a key of its own. */
export function campaignCodeKey(master: Buffer, campaignId: string): Hmac {
  return makeHmac(deriveKey(master, `code/${campaignId}`));
}

/** Names a master secret without telling it: kept with each campaign, so that another secret is noticed. */
export function masterKeyId(master: Buffer): string {
  return createHash('sha256').update('dibs/key-id/v1').update(master).digest('hex').slice(0, 12);
}

function checkSymbol(symbols: string): string {
  let rest = 0;
  for (let at = 0; at < symbols.length; at++) {
    rest = (rest * 32 + (VALUES[symbols.charCodeAt(at)] as number)) % 37;
  }
  return CHECK[rest] as string;
}

/** Thirty bits as six symbols. */
function sixSymbols(bits: number): string {
  return `${PAIRS[bits >>> 20]}${PAIRS[(bits >>> 10) & 1023]}${PAIRS[bits & 1023]}`;
}

/** The code of one unit, with its dashes: `7K3M-9QXT-2B4N-E`. */
export function deriveCode(mac: Hmac, campaignId: string, seq: number): string {
  const digest = mac(`code/v1:${campaignId}:${seq}`);
  const high = Number.parseInt(digest.slice(0, 8), 16) >>> 2;
  const low = Number.parseInt(digest.slice(8, 16), 16) >>> 2;
  const front = sixSymbols(high);
  const back = sixSymbols(low);
  const check = CHECK[((high % 37) * (2 ** 30 % 37) + low) % 37] as string;
  return `${front.slice(0, 4)}-${front.slice(4)}${back.slice(0, 2)}-${back.slice(2)}-${check}`;
}

/**
 * Reads a code as people type it: any case, spaces or dashes anywhere, O for 0, I and L for 1.
 * Returns the canonical form, or null when its check symbol says that it was mistyped.
 */
export function normalCode(typed: string): string | null {
  if (typed.length > 64) return null;
  if (AS_TOLD.test(typed)) {
    const symbols = typed.slice(0, 4) + typed.slice(5, 9) + typed.slice(10, 14);
    return checkSymbol(symbols) === typed[15] ? typed : null;
  }
  const raw = typed.toUpperCase().replaceAll(/[\s-]/g, '');
  if (raw.length !== 13) return null;
  const body = raw.slice(0, 12).replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  for (const symbol of body) if (!ALPHABET.includes(symbol)) return null;
  const tail = raw.slice(12).replace('O', '0').replace(/[IL]/, '1');
  if (checkSymbol(body) !== tail) return null;
  return `${body.slice(0, 4)}-${body.slice(4, 8)}-${body.slice(8)}-${tail}`;
}

/**
 * What a code is found by in the record: 52 bits of a keyed hash, so that the index tells nobody a code. Not unique by
 * promise: whoever finds a row by it compares the code itself.
 */
export function codeLookup(mac: Hmac, code: string): number {
  return Number.parseInt(mac(code).slice(0, 13), 16);
}
