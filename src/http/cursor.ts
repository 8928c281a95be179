/** Cursors of lists: where to go on, bound to its list by a MAC, so that nobody reads meaning into them or forges one. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { deriveKey } from '../core/code.ts';

const MAC_BYTES = 12;

export interface Cursors {
  write(list: string, place: unknown): string;
  /** null for a cursor that is not of this list or not ours */
  read(list: string, cursor: string): unknown;
}

export function makeCursors(master: Buffer): Cursors {
  const key = deriveKey(master, 'cursor');
  const mac = (list: string, body: string): Buffer =>
    createHmac('sha256', key).update(`${list}\n${body}`).digest().subarray(0, MAC_BYTES);
  return {
    write(list, place) {
      const body = Buffer.from(JSON.stringify(place)).toString('base64url');
      return `${body}.${mac(list, body).toString('base64url')}`;
    },
    read(list, cursor) {
      const [body = '', tag = '', rest] = cursor.split('.');
      const given = Buffer.from(tag, 'base64url');
      if (rest !== undefined || given.length !== MAC_BYTES || !timingSafeEqual(given, mac(list, body)))
        return null;
      return JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
    },
  };
}
