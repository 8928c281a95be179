// Protects: what is in the outbox goes on at least once and in order; what is not known to be durable is sent again.

import { describe, expect, it } from 'vitest';
import { announce } from '../../src/flow/announce.ts';
import type { Announcement } from '../../src/ports/announcements.ts';
import type { OutboxRow } from '../../src/ports/outbox.ts';
import { T0 } from '../support/samples.ts';

const issued = (id: number, first: number, last: number): OutboxRow => ({
  id,
  type: 'coupon.issued',
  campaignId: 'c',
  seqs: { first, last },
  data: {},
  at: T0,
});
const redeemed = (id: number, seq: number): OutboxRow => ({
  ...issued(id, seq, seq),
  type: 'coupon.redeemed',
  data: { by: 'till', reason: null },
});
const soldOut: OutboxRow = {
  id: 9,
  type: 'campaign.sold_out',
  campaignId: 'c',
  seqs: null,
  data: { version: 2, quantity: 3 },
  at: T0,
};

function place(rows: OutboxRow[], failAfter = Number.POSITIVE_INFINITY) {
  const unsent = [...rows];
  const sent: Announcement[] = [];
  let sends = 0;
  return {
    sent,
    unsent,
    parts: {
      outbox: {
        unsent: async (limit: number) => unsent.slice(0, limit),
        markSent: async (ids: readonly number[]) => {
          for (const id of ids)
            unsent.splice(
              unsent.findIndex((row) => row.id === id),
              1,
            );
        },
        countUnsent: async () => unsent.length,
        trim: async () => 0,
      },
      sinks: [
        {
          wants: () => true,
          send: async (some: readonly Announcement[]) => {
            sends += 1;
            if (sends > failAfter) throw new Error('Kafka is away');
            sent.push(...some);
          },
        },
      ],
      pageMax: 1000,
      record: {
        page: async (_: string, after: number, limit: number) =>
          Array.from({ length: limit }, (_one, i) => after + 1 + i).map((seq) => ({
            ...{ id: `c.${seq}`, campaignId: 'c', userId: `u${seq}`, seq, status: 'issued' as const },
            ...{ wonAt: T0, durability: 'logged' as const, epoch: 1, codeLookup: null, key: null },
            ...{ redeemedAt: null, redeemedBy: null, revokedAt: null, revokedReason: null, expiresAt: null },
            ...{ issuedAt: null, heldUntil: null, returnedAt: null },
          })),
      },
      system: { now: () => T0 },
      goOn: () => true,
    },
  };
}

describe('what is in the outbox', () => {
  it('is sent claim by claim, in order, and marked', async () => {
    const { parts, sent, unsent } = place([issued(1, 1, 2500), redeemed(2, 7), soldOut]);
    expect(await announce(parts)).toBe(2502);
    expect(unsent).toEqual([]);
    expect(sent.map(({ id }) => id).slice(0, 2)).toEqual(['c:1:1:coupon.issued', 'c:1:2:coupon.issued']);
    const ofSeven = sent.filter(({ claimId }) => claimId === 'c.7').map(({ type }) => type);
    expect(ofSeven).toEqual(['coupon.issued', 'coupon.redeemed']);
    expect(sent.at(-1)).toMatchObject({ id: 'c:2:campaign.sold_out', claimId: null, data: { quantity: 3 } });
    expect(JSON.stringify(sent)).not.toContain('"code"');
  });

  it('is sent again with the same ids when it is not known to have arrived', async () => {
    const { parts, sent, unsent } = place([issued(1, 1, 3), redeemed(2, 2)], 1);
    await expect(announce(parts)).rejects.toThrow('away');
    expect(unsent).toHaveLength(2);
    const again = place([...unsent]);
    await announce(again.parts);
    expect(again.sent.map(({ id }) => id)).toEqual([...sent.map(({ id }) => id), 'c:1:2:coupon.redeemed']);
  });
});
