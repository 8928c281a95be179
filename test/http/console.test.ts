// Protects: what the console asks is answered in full: who is here, what stands in the way of an opening, how one claim
// went, and where somebody stands among the winners.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';

let site: Site;

beforeAll(async () => {
  site = await startSite();
  await site.campaign('shop', 100);
  for (const user of ['ann', 'bob']) await site.press('shop', user);
});
afterAll(() => site.stop());

describe('what the console asks', () => {
  it('says who is here', async () => {
    expect((await site.admin('/v1/admin/whoami')).json).toMatchObject({ id: 'env', role: 'admin' });
    expect((await site.call('/v1/admin/whoami')).status).toBe(401);
  });

  it('has a checklist that is green when a campaign can open', async () => {
    const { json } = await site.admin('/v1/admin/campaigns/shop/checklist');
    expect(json).toMatchObject({ ok: true });
    const points = json['points'] as { id: string; ok: boolean }[];
    expect(points.map(({ id }) => id)).toEqual(['parts', 'level', 'codes', 'gate', 'clock', 'record']);
    expect((await site.admin('/v1/admin/campaigns/nothing/checklist')).json['code']).toBe(
      'campaign_not_found',
    );
  });

  it('has a checklist that says what is missing', async () => {
    const body = { id: 'pins', name: 'pins', quantity: 10, codes: { source: 'pool' } };
    await site.admin('/v1/admin/campaigns', { method: 'POST', body });
    const { json } = await site.admin('/v1/admin/campaigns/pins/checklist');
    expect(json['ok']).toBe(false);
    const red = (json['points'] as { id: string; ok: boolean; says: string }[]).filter(({ ok }) => !ok);
    expect(red).toEqual([
      {
        ...{ id: 'codes', ok: false, code: 'pool_too_small' },
        figures: { imported: 0, quantity: 10, missing: 10 },
        says: expect.stringContaining('10 are needed'),
      },
    ]);
  });

  it('tells the life of one claim, from the press to the counter', async () => {
    const { json } = await site.admin('/v1/admin/campaigns/shop/claims?user=bob');
    const [claim] = json['items'] as { id: string; code: string; seq: number }[];
    expect(claim).toMatchObject({ id: 'shop.2', seq: 2 });
    await site.admin(`/v1/admin/coupons/${claim?.code}/redeem`, { method: 'POST' });
    const life = (await site.admin('/v1/admin/claims/shop.2')).json;
    expect(life).toMatchObject({ claim: { id: 'shop.2', userId: 'bob', status: 'redeemed' } });
    const moments = life['moments'] as { what: string; by: string | null }[];
    expect(moments.map(({ what, by }) => [what, by])).toEqual(
      expect.arrayContaining([
        ['won', 'bob'],
        ['redeemed', 'env'],
      ]),
    );
    expect(life['audit']).toMatchObject([{ action: 'coupon.redeem', target: 'shop.2', actor: 'env' }]);
    expect((await site.admin('/v1/admin/claims/shop.99')).json['code']).toBe('claim_not_found');
  });

  it('finds winners by user and by number', async () => {
    const found = async (query: string) =>
      ((await site.admin(`/v1/admin/campaigns/shop/claims?${query}`)).json['items'] as { seq: number }[]).map(
        ({ seq }) => seq,
      );
    expect([await found('user=ann'), await found('seq=2'), await found('user=eve')]).toEqual([[1], [2], []]);
  });
});
