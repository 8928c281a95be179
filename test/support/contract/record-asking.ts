// What every record promises about asking and using (ports/record): what is in it is found as it is, counted as it is,
// and of many who use a coupon or take it back at once one does.

import { beforeEach, describe, expect, it } from 'vitest';
import type { CouponAct } from '../../../src/ports/record.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../samples.ts';
import type { MakeRecordPlace } from './record-bench.ts';
import { ID, recordBench, wins } from './record-bench.ts';

const redeem: CouponAct = {
  act: 'redeem',
  by: 'till-1',
  reason: null,
  key: null,
  now: T0 + 5000,
  requestId: 'r',
};
const revoke: CouponAct = {
  act: 'revoke',
  by: 'desk',
  reason: 'fraud',
  key: null,
  now: T0 + 6000,
  requestId: 'r',
};

export function recordAsking(name: string, makePlace: MakeRecordPlace): void {
  describe(`${name} record`, () => {
    const bench = recordBench(makePlace);

    describe('looks up', () => {
      it('pages in order of seq', async () => {
        await bench.create();
        await bench.store(wins(1, 25));
        const page = async (after: number, limit: number) =>
          (await bench.record.page(ID, after, limit)).map(({ seq }) => seq);
        expect(await page(0, 3)).toEqual([1, 2, 3]);
        expect(await page(3, 3)).toEqual([4, 5, 6]);
        expect(await page(24, 10)).toEqual([25]);
        expect(await page(25, 10)).toEqual([]);
        expect(await bench.record.page('nowhere', 0, 10)).toEqual([]);
      });

      it('finds all units of a user, oldest first, here or everywhere', async () => {
        await bench.create({ perUserLimit: 3 });
        await bench.create({ id: 'other' });
        const ann = { userId: 'ann' };
        await bench.store([sampleWin(1, ann), sampleWin(2), sampleWin(3, { ...ann, nth: 2 })]);
        await bench.store([sampleWin(1, { ...ann, campaignId: 'other' })]);
        const ids = async (campaignId: string | null) =>
          (await bench.record.find(campaignId, ann)).map(({ id }) => id);
        expect(await ids(ID)).toEqual(['chicken-100.1', 'chicken-100.3']);
        expect(await ids(null)).toEqual(['chicken-100.1', 'chicken-100.3', 'other.1']);
        expect(await ids('nowhere')).toEqual([]);
        expect(await bench.record.find(ID, { userId: 'Ann' })).toEqual([]);
      });

      it('finds by code, all that share its look-up', async () => {
        await bench.create();
        const lookups = [7, 8, 7];
        await bench.store([], {
          wins: lookups.map((codeLookup, i) => ({ fact: sampleWin(i + 1), codeLookup })),
        });
        const by = async (codeLookup: number) =>
          (await bench.record.find(null, { codeLookup })).map(({ seq }) => seq);
        expect([await by(7), await by(8), await by(9)]).toEqual([[1, 3], [2], []]);
        expect(await bench.record.find(ID, { seq: 4 })).toEqual([]);
      });

      it('hands holders over in pages, with keys only where there are any', async () => {
        await bench.create({ perUserLimit: 2 });
        await bench.store([
          sampleWin(1, { key: 'k' }),
          sampleWin(2),
          sampleWin(3, { userId: 'u-1', nth: 2 }),
        ]);
        const first = await bench.record.holders(ID, 0, 2);
        expect(first).toEqual({
          seqs: Float64Array.from([1, 2]),
          wonAt: Float64Array.from([T0 + 1, T0 + 2]),
          userIds: ['u-1', 'u-2'],
          keys: ['k', null],
        });
        const rest = await bench.record.holders(ID, 2, 2);
        expect(rest).toMatchObject({ userIds: ['u-1'], keys: null });
        expect((await bench.record.holders(ID, 3, 2)).userIds).toEqual([]);
        expect((await bench.record.holders('nowhere', 0, 2)).userIds).toEqual([]);
      });

      it('calls what has passed its time expired, by the clock it is asked at', async () => {
        await bench.create({ couponExpiresAt: T0 + 100 });
        await bench.store([sampleWin(1)]);
        const status = async () => (await bench.record.find(ID, { seq: 1 }))[0]?.status;
        bench.place.setNow(T0 + 99);
        expect(await status()).toBe('issued');
        bench.place.setNow(T0 + 100);
        expect(await status()).toBe('expired');
      });
    });

    describe('changes a unit', () => {
      const unit = { campaignId: ID, seq: 1 };
      const facts = async () => (await bench.place.outbox(ID)).map(({ type }) => type);

      beforeEach(async () => {
        await bench.create();
        await bench.store(wins(1, 3));
      });

      it('redeems once, and tells who and when', async () => {
        expect(await bench.record.change(unit, redeem)).toMatchObject({
          kind: 'changed',
          claim: { seq: 1, status: 'redeemed', redeemedAt: T0 + 5000, redeemedBy: 'till-1', revokedAt: null },
        });
        expect(await bench.record.change(unit, redeem)).toMatchObject({ kind: 'refused', why: 'redeemed' });
        expect(await bench.record.find(ID, { seq: 2 })).toMatchObject([{ status: 'issued' }]);
        expect(await bench.place.outbox(ID)).toEqual([
          { type: 'coupon.issued', seqFirst: 1, seqLast: 3, data: null },
          { type: 'coupon.redeemed', seqFirst: 1, seqLast: 1, data: { by: 'till-1', reason: null } },
        ]);
      });

      it('leaves what is to be sent on, until it was', async () => {
        await bench.record.change(unit, redeem);
        const { leftToSend } = bench.place;
        const rows = await leftToSend.unsent(10);
        expect(rows).toMatchObject([
          { type: 'coupon.issued', campaignId: ID, seqs: { first: 1, last: 3 } },
          { type: 'coupon.redeemed', campaignId: ID, seqs: { first: 1, last: 1 }, data: { by: 'till-1' } },
        ]);
        expect(await leftToSend.unsent(1)).toEqual(rows.slice(0, 1));
        await leftToSend.markSent([rows[0]?.id as number], T0);
        expect(await leftToSend.unsent(10)).toEqual(rows.slice(1));
        expect(await leftToSend.countUnsent()).toBe(1);
      });

      it('forgets what was sent long ago, a few at a time, and nothing else', async () => {
        await bench.record.change(unit, redeem);
        const { leftToSend } = bench.place;
        const rows = await leftToSend.unsent(10);
        expect(await leftToSend.trim(T0 + 1000, 10)).toBe(0);
        const ids = rows.map(({ id }) => id);
        await leftToSend.markSent(ids, T0);
        expect(await leftToSend.trim(T0, 10)).toBe(0);
        expect(await leftToSend.trim(T0 + 1, 1)).toBe(1);
        expect(await bench.place.outbox(ID)).toMatchObject([{ type: 'coupon.redeemed' }]);
        expect(await leftToSend.trim(T0 + 1, 10)).toBe(1);
        expect(await bench.place.outbox(ID)).toEqual([]);
      });

      it('takes back what was not used, and tells why', async () => {
        expect(await bench.record.change(unit, revoke)).toMatchObject({
          kind: 'changed',
          claim: { status: 'revoked', revokedAt: T0 + 6000, revokedReason: 'fraud', redeemedAt: null },
        });
        expect(await bench.record.change(unit, redeem)).toMatchObject({ kind: 'refused', why: 'revoked' });
        expect(await bench.record.change(unit, revoke)).toMatchObject({ kind: 'refused', why: 'revoked' });
        expect(await facts()).toEqual(['coupon.issued', 'coupon.revoked']);
      });

      it('does not take back what was used', async () => {
        await bench.record.change(unit, redeem);
        expect(await bench.record.change(unit, revoke)).toMatchObject({ kind: 'refused', why: 'redeemed' });
        expect(await facts()).toEqual(['coupon.issued', 'coupon.redeemed']);
      });

      it.each(['redeem', 'revoke'] as const)('%s: the same key again is the same act', async (act) => {
        const first = { ...redeem, act, key: 'k-1' };
        expect(await bench.record.change(unit, first)).toMatchObject({ kind: 'changed' });
        const again = await bench.record.change(unit, { ...first, now: T0 + 9000 });
        expect(again).toMatchObject({ kind: 'repeated' });
        if (again.kind !== 'missing') expect(again.claim.redeemedAt ?? again.claim.revokedAt).toBe(T0 + 5000);
        expect(await bench.record.change(unit, { ...first, key: 'k-2' })).toMatchObject({ kind: 'refused' });
        expect(await bench.record.change(unit, { ...first, key: null })).toMatchObject({ kind: 'refused' });
        expect(await bench.record.change(unit, { ...first, by: 'till-2' })).toMatchObject({
          kind: 'refused',
        });
        const other = act === 'redeem' ? 'revoke' : 'redeem';
        expect(await bench.record.change(unit, { ...first, act: other })).toMatchObject({ kind: 'refused' });
        expect(await facts()).toHaveLength(2);
      });

      it('of a hundred who redeem at once one does', async () => {
        const tries = Array.from({ length: 100 }, (_, i) =>
          bench.record.change(unit, { ...redeem, by: `till-${i}` }),
        );
        const results = await Promise.all(tries);
        expect(results.filter(({ kind }) => kind === 'changed')).toHaveLength(1);
        const refused = results.filter((result) => result.kind === 'refused' && result.why === 'redeemed');
        expect(refused).toHaveLength(99);
        expect(await facts()).toEqual(['coupon.issued', 'coupon.redeemed']);
      });

      it('of fifty who redeem and fifty who take back at once one does', async () => {
        const tries = Array.from({ length: 100 }, (_, i) =>
          bench.record.change(unit, i % 2 === 0 ? redeem : revoke),
        );
        const results = await Promise.all(tries);
        expect(results.filter(({ kind }) => kind === 'changed')).toHaveLength(1);
        expect(await facts()).toHaveLength(2);
      });

      it('does not know what is not there', async () => {
        expect(await bench.record.change({ campaignId: ID, seq: 99 }, redeem)).toEqual({ kind: 'missing' });
        expect(await bench.record.change({ campaignId: 'nowhere', seq: 1 }, redeem)).toEqual({
          kind: 'missing',
        });
      });

      it('after its time a coupon cannot be used, and can be taken back', async () => {
        const expires = sampleCampaign({ couponExpiresAt: T0 + 5000, version: 2 });
        await bench.place.campaigns.update(expires, 1, sampleAudit(), []);
        expect(await bench.record.change(unit, redeem)).toMatchObject({ kind: 'refused', why: 'expired' });
        expect(await bench.record.change(unit, { ...redeem, now: T0 + 4999 })).toMatchObject({
          kind: 'changed',
        });
        expect(await bench.record.change({ ...unit, seq: 2 }, revoke)).toMatchObject({ kind: 'changed' });
      });
    });

    describe('counts', () => {
      const NONE = {
        issued: 0,
        redeemed: 0,
        revoked: 0,
        expired: 0,
        returned: 0,
        unissued: 0,
        lastSeq: 0,
        distinctUsers: 0,
        perUserMax: 0,
        distinctSeqs: 0,
        withCode: 0,
        distinctCodes: 0,
        firstWonAt: null,
        lastWonAt: null,
      };

      it('nothing where there is nothing', async () => {
        await bench.create();
        expect(await bench.record.counts(ID, T0)).toEqual(NONE);
        expect(await bench.record.counts('nowhere', T0)).toEqual(NONE);
      });

      it('everything the invariants are about, of this campaign alone', async () => {
        await bench.create({ perUserLimit: 2, couponExpiresAt: T0 + 10_000 });
        await bench.create({ id: 'other' });
        const facts = [sampleWin(1), sampleWin(2, { userId: 'u-1', nth: 2 }), sampleWin(3), sampleWin(9)];
        await bench.store([], {
          wins: facts.map((fact) => ({ fact, codeLookup: fact.seq === 9 ? null : fact.seq % 2 })),
        });
        await bench.store([sampleWin(5, { campaignId: 'other' })]);
        await bench.record.change({ campaignId: ID, seq: 1 }, redeem);
        await bench.record.change({ campaignId: ID, seq: 2 }, revoke);
        const counts = {
          issued: 4,
          redeemed: 1,
          revoked: 1,
          expired: 0,
          returned: 0,
          unissued: 0,
          lastSeq: 9,
          distinctUsers: 3,
          perUserMax: 2,
          distinctSeqs: 4,
          withCode: 3,
          distinctCodes: 2,
          firstWonAt: T0 + 1,
          lastWonAt: T0 + 9,
        };
        expect(await bench.record.counts(ID, T0)).toEqual(counts);
        expect(await bench.record.counts(ID, T0 + 10_000)).toEqual({ ...counts, expired: 2 });
      });
    });
  });
}
