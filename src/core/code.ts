/**
 * Coupon codes that follow from (campaign, seq), so that neither delay nor redelivery can change an owner (I7).
 *
 * 60 bits of HMAC-SHA256 under a key of the campaign's own, written as twelve Crockford symbols and a check symbol:
 * `XXXX-XXXX-XXXX-C`. With 2^20 codes and 2^30 guesses the chance of a hit is about 2^-10 (reliability §6).
 */

import { createHash, createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Crockford's check alphabet: the value modulo 37. */
const CHECK = `${ALPHABET}*~$=U`;

/** A key for one purpose, derived from the master secret (HKDF-SHA256, RFC 5869). */
export function deriveKey(master: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', master, '', `dibs/${purpose}/v1`, 32));
}

/** The key all codes of a campaign come from. */
export function campaignCodeKey(master: Buffer, campaignId: string): KeyObject {
  return createSecretKey(deriveKey(master, `code/${campaignId}`));
}

/** Names a master secret without telling it: kept with each campaign, so that another secret is noticed. */
export function masterKeyId(master: Buffer): string {
  return createHash('sha256').update('dibs/key-id/v1').update(master).digest('hex').slice(0, 12);
}

function checkSymbol(symbols: string): string {
  let rest = 0;
  for (const symbol of symbols) rest = (rest * 32 + ALPHABET.indexOf(symbol)) % 37;
  return CHECK[rest] as string;
}

/** The code of one unit, with its dashes: `7K3M-9QXT-2B4N-E`. */
export function deriveCode(key: KeyObject, campaignId: string, seq: number): string {
  const digest = createHmac('sha256', key).update(`code/v1:${campaignId}:${seq}`).digest();
  let high = digest.readUInt32BE(0) >>> 2;
  let low = digest.readUInt32BE(4) >>> 2;
  let symbols = '';
  for (let i = 0; i < 6; i++) {
    symbols = `${ALPHABET[low & 31]}${symbols}`;
    low >>>= 5;
  }
  let front = '';
  for (let i = 0; i < 6; i++) {
    front = `${ALPHABET[high & 31]}${front}`;
    high >>>= 5;
  }
  const all = front + symbols;
  return `${all.slice(0, 4)}-${all.slice(4, 8)}-${all.slice(8)}-${checkSymbol(all)}`;
}

/**
 * Reads a code as people type it: any case, spaces or dashes anywhere, O for 0, I and L for 1.
 * Returns the canonical form, or null when its check symbol says that it was mistyped.
 */
export function normalCode(typed: string): string | null {
  if (typed.length > 64) return null;
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
export function codeLookup(key: KeyObject, code: string): number {
  const digest = createHmac('sha256', key).update(code).digest();
  return digest.readUInt32BE(0) * 2 ** 20 + (digest.readUInt32BE(4) >>> 12);
}
