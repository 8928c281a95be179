// What every record promises about coupons after the win (ports/record `change`, ports/coupons): a checkout has its coupon
// to itself and no longer than it said, a job gives each out once, and a unit that is free goes back exactly once.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Campaign } from '../../../src/core/campaign.ts';
import type { CouponVerb } from '../../../src/core/coupon.ts';
import type { Coupons } from '../../../src/ports/coupons.ts';
import type { CouponAct, CouponChange } from '../../../src/ports/record.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../samples.ts';
import type { MakeRecordPlace, RecordPlace } from './record-bench.ts';
import { ID, recordBench, wins } from './record-bench.ts';

export type MakeCouponPlace = () => Promise<RecordPlace & { coupons: Coupons }>;

const DAY = 86_400_000;
const NOW = T0 + 5000;

const short = (change: CouponChange): string => {
  if (change.kind === 'refused') return change.why;
  return change.kind === 'missing' ? 'missing' : `${change.kind} ${change.claim.status}`;
};

export function couponsContract(name: string, makePlace: MakeCouponPlace): void {
  describe(`${name} coupons`, () => {
    let coupons: Coupons;
    const bench = recordBench((async () => {
      const place = await makePlace();
      ({ coupons } = place);
      return place;
    }) as MakeRecordPlace);
    const try1 = async (act: CouponVerb, over: Partial<CouponAct> = {}, seq = 1): Promise<string> => {
      const tried: CouponAct = { act, by: 'a', reason: null, key: null, now: NOW, requestId: null, ...over };
      return short(await bench.record.change({ campaignId: ID, seq }, { ttlMs: 10_000, ...tried }));
    };
    const facts = async () => (await bench.place.outbox(ID)).map(({ type }) => type);

    describe('set aside for a checkout', () => {
      beforeEach(async () => {
        await bench.create({ couponExpiresAt: T0 + 12_000 });
        await bench.store(wins(1, 2));
      });

      it('are used by it, once', async () => {
        expect(await try1('reserve', { key: 'k' })).toBe('changed issued');
        expect((await bench.record.find(ID, { seq: 1 }))[0]?.heldUntil).toBe(NOW + 10_000);
        expect(await try1('commit', { key: 'm' })).toBe('changed redeemed');
        expect(await try1('commit', { key: 'm' })).toBe('repeated redeemed');
        expect(await try1('commit', { key: 'n' })).toBe('redeemed');
        expect(await try1('void')).toBe('redeemed');
        expect(await facts()).toEqual(['coupon.issued', 'coupon.redeemed']);
      });

      it('are nobody else’s meanwhile', async () => {
        await try1('reserve', { key: 'k' });
        const other = { by: 'b', key: 'k' };
        for (const act of ['redeem', 'reserve', 'commit', 'void'] as const) {
          expect([act, await try1(act, other)]).toEqual([act, 'reserved']);
        }
        expect(await try1('redeem', { key: 'other till' })).toBe('reserved');
        expect(await try1('reserve', { key: 'other till' })).toBe('reserved');
        expect(await try1('revoke', { by: 'user' })).toBe('reserved');
        expect(await try1('reserve', { key: 'k', now: NOW + 1 })).toBe('repeated issued');
        expect(await try1('redeem', { key: 'k' })).toBe('changed redeemed');
      });

      it('are free when they are let go', async () => {
        await try1('reserve');
        expect(await try1('void')).toBe('changed issued');
        expect(await try1('void')).toBe('repeated issued');
        expect(await try1('commit')).toBe('not_reserved');
        expect(await try1('redeem', { by: 'b' })).toBe('changed redeemed');
        expect(await facts()).toEqual(['coupon.issued', 'coupon.redeemed']);
      });

      it('are free when their time has passed', async () => {
        await try1('reserve', { ttlMs: 1000 });
        const late = { now: NOW + 1000 };
        expect(await try1('commit', late)).toBe('not_reserved');
        expect(await try1('redeem', { by: 'b', ...late })).toBe('changed redeemed');
      });

      it('may expire while they are in a checkout', async () => {
        await try1('reserve');
        expect(await try1('redeem', { now: T0 + 13_000 }, 2)).toBe('expired');
        expect(await try1('reserve', { now: T0 + 13_000 }, 2)).toBe('expired');
        expect(await try1('commit', { now: T0 + 13_000 })).toBe('changed redeemed');
      });

      it('are taken back by an operator all the same', async () => {
        await try1('reserve');
        expect(await try1('revoke', { by: 'b' })).toBe('changed revoked');
        expect(await try1('commit')).toBe('revoked');
      });

      it('of a hundred checkouts at once go to one', async () => {
        const tries = Array.from({ length: 100 }, (_, i) => try1('reserve', { by: `till-${i}` }));
        const results = await Promise.all(tries);
        expect(results.filter((result) => result === 'changed issued')).toHaveLength(1);
        expect(results.filter((result) => result === 'reserved')).toHaveLength(99);
      });
    });

    it('expire by the days that they are good for', async () => {
      await bench.create({ validDays: 2, couponExpiresAt: T0 + 3 * DAY });
      await bench.store([sampleWin(1, { wonAt: T0 }), sampleWin(2, { wonAt: T0 + 2 * DAY })]);
      bench.place.setNow(T0 + 2 * DAY);
      const found = await bench.record.page(ID, 0, 10);
      expect(found.map(({ status, expiresAt }) => [status, expiresAt])).toEqual([
        ['expired', T0 + 2 * DAY],
        ['issued', T0 + 3 * DAY],
      ]);
      expect(await try1('redeem', { now: T0 + 2 * DAY })).toBe('expired');
      const expired = async (at: number) => (await bench.record.counts(ID, at)).expired;
      expect([await expired(T0 + 2 * DAY - 1), await expired(T0 + 2 * DAY)]).toEqual([0, 1]);
      expect(await expired(T0 + 3 * DAY)).toBe(2);
    });

    describe('given out by a job', () => {
      const units = [1, 2, 3].map((seq) => ({ seq, codeLookup: seq * 7 }));
      const late = [1, 2, 3, 4].map((seq) => ({
        ...{ fact: sampleWin(seq), codeLookup: null, byJob: true as const },
      }));

      beforeEach(async () => {
        await bench.create({ codes: { source: 'generated', issue: 'by_job' }, validDays: 1 });
        await bench.store([], { wins: late });
      });

      it('are won and not issued until then', async () => {
        expect(await facts()).toEqual([]);
        expect(await bench.record.find(ID, { seq: 1 })).toMatchObject([{ status: 'won', issuedAt: null }]);
        expect(await try1('redeem')).toBe('not_issued');
        expect(await bench.record.counts(ID, T0 + 9 * DAY)).toMatchObject({ unissued: 4, expired: 0 });
      });

      it('are given out once, by whomever', async () => {
        expect(await coupons.issue(ID, units.slice(0, 2), NOW)).toEqual([1, 2]);
        expect(await coupons.issue(ID, units, NOW + 1)).toEqual([3]);
        expect(await coupons.issue(ID, units, NOW + 2)).toEqual([]);
        expect(await coupons.issue(ID, [{ seq: 99, codeLookup: 1 }], NOW)).toEqual([]);
        expect(await bench.place.outbox(ID)).toMatchObject([
          { type: 'coupon.issued', seqFirst: 1, seqLast: 2 },
          { type: 'coupon.issued', seqFirst: 3, seqLast: 3 },
        ]);
        expect(await bench.record.find(null, { codeLookup: 14 })).toMatchObject([
          { seq: 2, status: 'issued', issuedAt: NOW, expiresAt: NOW + DAY },
        ]);
        expect(await bench.record.counts(ID, NOW + DAY)).toMatchObject({
          unissued: 1,
          expired: 2,
          withCode: 3,
        });
      });

      it('are the same wins when they come again', async () => {
        await coupons.issue(ID, units, NOW);
        expect(await bench.store([], { wins: late })).toMatchObject({ repeated: 4, conflicts: 0 });
        expect(await bench.record.find(null, { codeLookup: 7 })).toMatchObject([{ seq: 1 }]);
      });

      it('are not given out when they were taken back before', async () => {
        expect(await try1('revoke', {}, 2)).toBe('changed revoked');
        expect(await coupons.issue(ID, units, NOW)).toEqual([1, 3]);
      });
    });

    describe('whose units are free', () => {
      const campaign = (over: Partial<Campaign>): Campaign => sampleCampaign({ ...over });
      const putBack = (units: number, version: number, returned: number): Promise<boolean> => {
        const next = campaign({ version, returned, quantity: 100 + returned });
        const audit = { ...sampleAudit(), at: NOW };
        const fact = { type: 'campaign.changed' as const, campaignId: ID, data: { version } };
        return coupons.putBack(next, version - 1, { units, letters: 0 }, audit, [fact]);
      };

      beforeEach(async () => {
        await bench.create();
        await bench.store(wins(1, 5));
        for (const seq of [2, 4, 5]) await try1('revoke', {}, seq);
        await try1('redeem', {}, 1);
      });

      it('are on their way back until they are put there, each once', async () => {
        expect(await coupons.comingBack([ID, 'nowhere'])).toEqual({ [ID]: { units: 3, letters: 0 } });
        expect([await coupons.comingBack(['nowhere']), await coupons.comingBack([])]).toEqual([{}, {}]);
        expect(await putBack(2, 2, 2)).toBe(true);
        expect(await coupons.comingBack([ID])).toEqual({ [ID]: { units: 1, letters: 0 } });
        expect(await bench.place.campaigns.get(ID)).toMatchObject({ version: 2, returned: 2, quantity: 102 });
        expect(await bench.record.counts(ID, NOW)).toMatchObject({ revoked: 3, returned: 2 });
        expect(await putBack(1, 3, 3)).toBe(true);
        expect(await coupons.comingBack([ID])).toEqual({});
        const rows = await bench.record.page(ID, 0, 10);
        expect(rows.filter(({ returnedAt }) => returnedAt === NOW).map(({ seq }) => seq)).toEqual([2, 4, 5]);
        expect((await facts()).filter((type) => type === 'campaign.changed')).toHaveLength(2);
      });

      it('stay where they are when somebody else was quicker', async () => {
        expect(await putBack(3, 3, 3)).toBe(false);
        expect(await putBack(4, 2, 4)).toBe(false);
        expect(await bench.place.campaigns.get(ID)).toMatchObject({ version: 1, returned: 0 });
        expect(await coupons.comingBack([ID])).toEqual({ [ID]: { units: 3, letters: 0 } });
        expect(await facts()).not.toContain('campaign.changed');
      });
    });
  });
}
