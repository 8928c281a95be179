// What every store of campaigns promises (ports/campaigns): what was written is read back whole, of two who change the
// same version one does, every change has its line in the audit log, and pages miss nobody and show nobody twice.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Campaign } from '../../../src/core/campaign.ts';
import { sampleAudit, sampleCampaign, T0 } from '../samples.ts';
import type { MakeRecordPlace, RecordPlace } from './record-bench.ts';

/** A campaign with something in every field. */
const FULL: Campaign = {
  id: 'everything',
  name: '치킨 100마리 🐔 "quoted" \\ \n',
  kind: 'gifticon',
  quantity: 10_000_000,
  perUserLimit: 3,
  mode: 'queued',
  durability: 'logged',
  opensAt: T0,
  closesAt: T0 + 3_600_000,
  release: { perSecond: 10 },
  line: { maxLength: 5000, cutAt: 2.5, shuffleBeforeOpen: true },
  confirm: { withinSeconds: 30 },
  codes: { source: 'generated', issue: 'by_job' },
  returnUnits: 'to_next_in_line',
  benefit: { title: '치킨', amount: 1.5, nested: { list: [1, null, true] }, '': 0 },
  couponExpiresAt: T0 + 86_400_000,
  validDays: 30,
  eligibility: { allowUsers: ['ann'], denyUsers: [], tokenClaims: { tier: ['gold', 1, true] } },
  returned: 3,
  version: 7,
  epoch: 2,
  openedAt: T0,
  pausedAt: T0 + 1,
  closedAt: T0 + 2,
  archivedAt: T0 + 3,
  erasingAt: T0 + 4,
  erasedAt: T0 + 5,
  codeKeyId: 'd786380cde76',
  createdAt: T0 - 5,
  updatedAt: T0 + 3,
};

export function campaignsContract(name: string, makePlace: MakeRecordPlace): void {
  describe(`${name} campaigns`, () => {
    let place: RecordPlace;
    beforeEach(async () => {
      place = await makePlace();
    });
    const create = (over: Partial<Campaign>) => place.campaigns.create(sampleCampaign(over), sampleAudit());
    const actions = async () => (await place.operators.listAudit(null, 100)).map(({ action }) => action);

    it('gives back what it was given, every field', async () => {
      expect(await place.campaigns.create(FULL, sampleAudit())).toBe(true);
      expect(await place.campaigns.get('everything')).toEqual(FULL);
      expect(await place.campaigns.list(null, 10)).toEqual([FULL]);
    });

    it('does not know what is not there', async () => {
      expect(await place.campaigns.get('nowhere')).toBeNull();
      expect(await place.campaigns.list(null, 10)).toEqual([]);
      expect(await place.campaigns.update(sampleCampaign(), 1, sampleAudit(), [])).toBe(false);
      expect(await actions()).toEqual([]);
    });

    it('takes an id once, and writes nothing for the second try', async () => {
      expect(await create({ name: 'first' })).toBe(true);
      expect(await create({ name: 'second' })).toBe(false);
      expect((await place.campaigns.get('chicken-100'))?.name).toBe('first');
      expect(await actions()).toEqual(['campaign.create']);
    });

    it('of many who create the same id at once one does', async () => {
      const made = await Promise.all(Array.from({ length: 20 }, (_, i) => create({ name: `n-${i}` })));
      expect(made.filter((one) => one)).toHaveLength(1);
      expect(await actions()).toEqual(['campaign.create']);
    });

    it('changes the version that was read, with its line and its fact', async () => {
      await create({});
      const next = sampleCampaign({ version: 2, quantity: 200, name: 'more' });
      const audit = sampleAudit({
        action: 'campaign.change',
        before: { quantity: 100 },
        after: { quantity: 200 },
      });
      const fact = { type: 'campaign.changed' as const, campaignId: next.id, data: { quantity: 200 } };
      expect(await place.campaigns.update(next, 1, audit, [fact])).toBe(true);
      expect(await place.campaigns.get(next.id)).toEqual(next);
      expect((await place.operators.listAudit(null, 1))[0]).toEqual({
        ...audit,
        id: expect.any(Number) as number,
      });
      expect(await place.outbox(next.id)).toEqual([
        { type: 'campaign.changed', seqFirst: null, seqLast: null, data: { quantity: 200 } },
      ]);
    });

    it('changes nothing for whoever has read an older version', async () => {
      await create({});
      await place.campaigns.update(sampleCampaign({ version: 2, name: 'second' }), 1, sampleAudit(), []);
      const fact = { type: 'campaign.changed' as const, campaignId: 'chicken-100', data: {} };
      for (const expected of [0, 1, 3]) {
        const late = sampleCampaign({ version: expected + 1, name: 'late' });
        expect(await place.campaigns.update(late, expected, sampleAudit(), [fact])).toBe(false);
      }
      expect((await place.campaigns.get('chicken-100'))?.name).toBe('second');
      expect(await place.outbox('chicken-100')).toEqual([]);
      expect(await actions()).toHaveLength(2);
    });

    it('of many who change the same version at once one does', async () => {
      await create({});
      const changes = Array.from({ length: 50 }, (_, i) =>
        place.campaigns.update(sampleCampaign({ version: 2, name: `n-${i}` }), 1, sampleAudit(), []),
      );
      const done = await Promise.all(changes);
      expect(done.filter((one) => one)).toHaveLength(1);
      expect((await place.campaigns.get('chicken-100'))?.name).toBe(`n-${done.indexOf(true)}`);
    });

    it('lists the newest first, in pages, equal moments too', async () => {
      const made: [string, number][] = [
        ['a', T0],
        ['b', T0 + 1],
        ['c', T0 + 1],
        ['d', T0 + 1],
        ['e', T0 + 2],
        ['f', T0 + 1],
      ];
      for (const [id, createdAt] of made) await create({ id, createdAt });
      const expected = ['e', 'f', 'd', 'c', 'b', 'a'];
      for (const limit of [1, 2, 3, 4, 6, 100]) {
        const seen: string[] = [];
        for (let after: { createdAt: number; id: string } | null = null; ; ) {
          const page: Campaign[] = await place.campaigns.list(after, limit);
          expect(page.length).toBeLessThanOrEqual(limit);
          seen.push(...page.map(({ id }) => id));
          const last = page.at(-1);
          if (!last) break;
          after = { createdAt: last.createdAt, id: last.id };
        }
        expect(seen).toEqual(expected);
      }
    });
  });
}
