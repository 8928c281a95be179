// Protects: a ticket says what it was made for, to whom it was made for, and nothing to anybody else: not when one of its
// characters is changed, nor in another campaign, nor under another master secret.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ticket } from '../../src/core/ticket.ts';
import { keyTag, makeTicket, ticketKey, verifyTicket } from '../../src/core/ticket.ts';
import { seed } from '../support/seed.ts';

const MASTER = Buffer.alloc(32, 7);
const mac = ticketKey(MASTER, 'chicken-100');

const whole = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const ticket: fc.Arbitrary<Ticket> = fc.oneof(
  fc.record({
    kind: fc.constant('queued' as const),
    number: fc.oneof(fc.integer({ min: 1 }), fc.integer({ max: -1 })),
  }),
  fc.record({ kind: fc.constant('ordered' as const), topicVersion: whole, partition: whole, offset: whole }),
  fc.record({
    kind: fc.constant('ordered' as const),
    topicVersion: whole,
    partition: whole,
    offset: whole,
    keyTag: fc.string().map(keyTag),
  }),
);
const user = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 });

describe('a ticket', () => {
  it('says what it was made for, in few characters that are safe in a path', () => {
    fc.assert(
      fc.property(ticket, user, (made, userId) => {
        const text = makeTicket(mac, made, userId);
        expect(text).toMatch(/^[A-Za-z0-9_-]{23,64}$/);
        expect(verifyTicket(mac, text, userId)).toEqual(made);
        expect(verifyTicket(mac, text, null)).toEqual(made);
      }),
      { seed, numRuns: 1000 },
    );
    expect(makeTicket(mac, { kind: 'queued', number: 1_000_000 }, 'ann')).toHaveLength(27);
    const far: Ticket = { kind: 'ordered', topicVersion: 1, partition: 11, offset: 1_000_000_000 };
    expect(makeTicket(mac, far, 'ann')).toHaveLength(32);
  });

  it('is the same each time, so that pressing again repeats it', () => {
    const made: Ticket = { kind: 'queued', number: 1204 };
    expect(makeTicket(mac, made, 'ann')).toBe(makeTicket(ticketKey(MASTER, 'chicken-100'), made, 'ann'));
  });

  it('is worth nothing to another user, in another campaign, or under another secret', () => {
    fc.assert(
      fc.property(ticket, user, user, (made, userId, other) => {
        fc.pre(userId !== other);
        const text = makeTicket(mac, made, userId);
        expect(verifyTicket(mac, text, other)).toBeNull();
        expect(verifyTicket(ticketKey(MASTER, 'chicken-101'), text, userId)).toBeNull();
        expect(verifyTicket(ticketKey(Buffer.alloc(32, 8), 'chicken-100'), text, userId)).toBeNull();
      }),
      { seed, numRuns: 300 },
    );
  });

  it('is worth nothing with any character changed, added or taken away', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const text = makeTicket(mac, { kind: 'ordered', topicVersion: 1, partition: 3, offset: 4711 }, 'ann');
    for (let at = 0; at < text.length; at++) {
      for (const symbol of alphabet) {
        if (symbol === text[at]) continue;
        expect(verifyTicket(mac, text.slice(0, at) + symbol + text.slice(at + 1), null)).toBeNull();
      }
      expect(verifyTicket(mac, text.slice(0, at) + text.slice(at + 1), null)).toBeNull();
    }
    for (const symbol of alphabet) expect(verifyTicket(mac, text + symbol, null)).toBeNull();
  });

  it.each([
    '',
    'x',
    'chicken-100.17',
    '../../etc/passwd',
    '=',
    'A'.repeat(30),
    'A'.repeat(10_000),
    '가'.repeat(20),
  ])('is not %j', (text) => {
    expect(verifyTicket(mac, text, 'ann')).toBeNull();
    expect(verifyTicket(mac, text, null)).toBeNull();
  });
});
