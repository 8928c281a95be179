/**
 * Tickets: what somebody is given who has to wait, to ask with. A ticket says where his try stands (a number in line, or a
 * place on the log) and is signed for one user of one campaign, so nothing has to be stored to answer it, and nobody can
 * make one up or use another's.
 *
 * base64url of: a byte for its kind, its figures as varints, 4 bytes that tell users apart, 12 bytes of HMAC-SHA256. That
 * is 23 to 45 characters; it holds neither the campaign nor the user.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import { deriveKey } from './code.ts';
import type { Hmac } from './hmac.ts';
import { makeHmac } from './hmac.ts';

/** `number`: in line; below 0 before a shuffle, when nobody has a position. */
export interface QueuedTicket {
  kind: 'queued';
  number: number;
}

/** A place on the log of requests; `offset` is the place of core/request. */
export interface OrderedTicket {
  kind: 'ordered';
  topicVersion: number;
  partition: number;
  offset: number;
  /** {@link keyTag} of the key of this try; absent: it had none */
  keyTag?: number;
}

export type Ticket = QueuedTicket | OrderedTicket;

const KIND_BYTE = { queued: 1, ordered: 2 } as const;
const USER_BYTES = 4;
const MAC_BYTES = 12;
const TEXT = /^[A-Za-z0-9_-]{20,64}$/;

/** Tells the keys of one user's tries apart: 32 bits. */
export function keyTag(key: string): number {
  return createHash('sha256').update(key).digest().readUInt32BE();
}

/** Whether a text has the form of a ticket, be it genuine or not. */
export function isTicketLike(text: string): boolean {
  return TEXT.test(text);
}

/** The MAC that signs all tickets of a campaign, under a key of its own. */
export function ticketKey(master: Buffer, campaignId: string): Hmac {
  return makeHmac(deriveKey(master, `ticket/${campaignId}`));
}

function figuresOf(ticket: Ticket): number[] {
  // Signs alternate, so that small negative numbers are short too.
  if (ticket.kind === 'queued') return [ticket.number < 0 ? -2 * ticket.number - 1 : 2 * ticket.number];
  const { topicVersion, partition, offset, keyTag: tag } = ticket;
  return tag === undefined ? [topicVersion, partition, offset] : [topicVersion, partition, offset, tag];
}

function ticketOf(kind: number, [first, second, third, fourth, more]: number[]): Ticket | null {
  if (first === undefined || more !== undefined) return null;
  if (kind === KIND_BYTE.queued && second === undefined) {
    return { kind: 'queued', number: first % 2 === 1 ? -(first + 1) / 2 : first / 2 };
  }
  if (kind !== KIND_BYTE.ordered || second === undefined || third === undefined) return null;
  const ticket: OrderedTicket = { kind: 'ordered', topicVersion: first, partition: second, offset: third };
  return fourth === undefined ? ticket : { ...ticket, keyTag: fourth };
}

function varints(figures: number[]): number[] {
  const bytes: number[] = [];
  for (const figure of figures) {
    let rest = figure;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  }
  return bytes;
}

/** The figures in some bytes; null when they end within one, or one is not written in its shortest form. */
function readVarints(bytes: Uint8Array): number[] | null {
  const figures: number[] = [];
  let figure = 0;
  let unit = 1;
  for (const byte of bytes) {
    figure += (byte % 128) * unit;
    if (!Number.isSafeInteger(figure)) return null;
    if (byte >= 128) {
      unit *= 128;
      continue;
    }
    if (byte === 0 && unit > 1) return null;
    figures.push(figure);
    figure = 0;
    unit = 1;
  }
  return unit === 1 ? figures : null;
}

function userTag(mac: Hmac, userId: string): Buffer {
  return Buffer.from(mac(`user:${userId}`), 'hex').subarray(0, USER_BYTES);
}

function signature(mac: Hmac, body: Uint8Array): Buffer {
  return Buffer.from(mac(`ticket:${Buffer.from(body).toString('hex')}`), 'hex').subarray(0, MAC_BYTES);
}

/** A user's ticket, as he is given it. `mac` is the campaign's {@link ticketKey}. */
export function makeTicket(mac: Hmac, ticket: Ticket, userId: string): string {
  // In hex throughout: what a MAC is told in. Everybody who joins a line is made one.
  const figures = Buffer.from([KIND_BYTE[ticket.kind], ...varints(figuresOf(ticket))]).toString('hex');
  const body = figures + mac(`user:${userId}`).slice(0, 2 * USER_BYTES);
  return Buffer.from(body + mac(`ticket:${body}`).slice(0, 2 * MAC_BYTES), 'hex').toString('base64url');
}

/**
 * What a ticket says; null when it is none of this campaign's: forged, damaged, another campaign's, or made under another
 * master secret. With a `userId`, also when it is another user's; null asks whoever's it is.
 */
export function verifyTicket(mac: Hmac, text: string, userId: string | null): Ticket | null {
  if (!isTicketLike(text)) return null;
  const bytes = Buffer.from(text, 'base64url');
  // One ticket, one text: the last character has bits to spare.
  if (bytes.toString('base64url') !== text) return null;
  const body = bytes.subarray(0, bytes.length - MAC_BYTES);
  if (body.length < USER_BYTES + 2) return null;
  if (!timingSafeEqual(signature(mac, body), bytes.subarray(body.length))) return null;
  const figuresEnd = body.length - USER_BYTES;
  if (userId !== null && !userTag(mac, userId).equals(body.subarray(figuresEnd))) return null;
  const figures = readVarints(body.subarray(1, figuresEnd));
  return figures === null ? null : ticketOf(body[0] as number, figures);
}
