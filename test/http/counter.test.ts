// Protects: at the counter of many tills a coupon is used once, whoever presses at the same moment; what is wrong with a
// code is said and no more than that; whoever guesses codes is not answered for a while, and somebody hears of it.

import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWrongCodes, type OnGuessing, type WrongCodeLimits } from '../../src/flow/wrong-codes.ts';
import type { Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';

interface Told {
  code: string;
  id: string;
}

let site: Site;
const guessing: Parameters<OnGuessing>[0][] = [];
const minute = 60_000;
const LIMITS: WrongCodeLimits = {
  key: { tries: 1000, periodMs: minute },
  address: { tries: 20, periodMs: minute },
  all: { tries: 1000, periodMs: minute },
};

beforeAll(async () => {
  const system = { monotonic: () => performance.now() };
  const wrongCodes = makeWrongCodes(system, (over) => guessing.push(over), LIMITS);
  site = await startSite({ trustProxy: ['127.0.0.1'] }, { wrongCodes });
  await site.campaign('shop', 300, { codes: { source: 'generated' } });
  await site.campaign('other', 10, { codes: { source: 'generated' } });
});
afterAll(() => site.stop());

const win = async (campaignId: string, userId: string): Promise<Told> =>
  (await site.press(campaignId, userId)).json['claim'] as unknown as Told;
const at = (code: string, act: string): string => `/v1/admin/coupons/${encodeURIComponent(code)}/${act}`;
const act = async (code: string, verb: string, body: object = {}, key?: string): Promise<string> => {
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key };
  const { status, json } = await site.admin(at(code, verb), { body, headers });
  return `${status} ${String(json['code'] === code ? json['status'] : json['code'])}`;
};

describe('at the counter', () => {
  it('of a hundred tills at once one uses a coupon', async () => {
    const { code } = await win('shop', 'crowd');
    const results = await Promise.all(Array.from({ length: 100 }, () => act(code, 'redeem')));
    expect(results.filter((result) => result === '200 redeemed')).toHaveLength(1);
    expect(results.filter((result) => result === '409 already_redeemed')).toHaveLength(99);
    // Who is not the holder is not told when, where or by whom.
    const { json } = await site.admin(at(code, 'redeem'), { method: 'POST' });
    expect(Object.keys(json).sort()).toEqual(['code', 'detail', 'requestId', 'status', 'title', 'type']);
    const held = (await site.call('/v1/me/coupons?userId=crowd')).json['items'] as object[];
    expect(held).toMatchObject([
      { status: 'redeemed', redeemedBy: 'env', redeemedAt: expect.any(String), campaignId: 'shop' },
    ]);
  });

  it('a checkout has it to itself, then uses it or lets it go', async () => {
    const { code, id } = await win('shop', 'checkout');
    const reserved = await site.admin(at(code, 'reserve'), { body: { ttlSeconds: 30 } });
    expect(reserved.json).toMatchObject({ status: 'issued', id, reservedUntil: expect.any(String) });
    const left = Date.parse(String(reserved.json['reservedUntil'])) - Date.now();
    expect(left).toBeGreaterThan(25_000);
    expect(left).toBeLessThanOrEqual(30_000);
    expect(await act(code, 'redeem')).toBe('409 coupon_reserved');
    expect(await act(code, 'reserve')).toBe('409 coupon_reserved');
    const mine = await site.call('/v1/campaigns/shop/claims/me?userId=checkout', { method: 'DELETE' });
    expect(mine.json['code']).toBe('coupon_reserved');
    expect(await act(code, 'void')).toBe('200 issued');
    expect(await act(code, 'commit')).toBe('409 coupon_not_reserved');
    expect(await act(code, 'reserve', {}, 'sale-1')).toBe('200 issued');
    expect(await act(code, 'commit', {}, 'pay-1')).toBe('200 redeemed');
    expect(await act(code, 'commit', {}, 'pay-1')).toBe('200 redeemed');
    expect(await act(code, 'commit', {}, 'pay-2')).toBe('409 already_redeemed');
  });

  it('refuses a code of another campaign, one that has expired, and nonsense', async () => {
    const { code } = await win('shop', 'foreign');
    expect(await act(code, 'redeem', { campaignId: 'other' })).toBe('409 coupon_of_another_campaign');
    expect(await act(code, 'redeem', { campaignId: 'shop' })).toBe('200 redeemed');
    const soon = new Date(Date.now() + 300).toISOString();
    await site.campaign('short', 1, { codes: { source: 'generated' }, couponExpiresAt: soon });
    const late = await win('short', 'late');
    await wait(350);
    expect(await act(late.code, 'redeem')).toBe('409 coupon_expired');
    expect(await act(late.code, 'reserve')).toBe('409 coupon_expired');
    for (const ttlSeconds of [9, 3601, 1.5, '60']) {
      expect(await act(code, 'reserve', { ttlSeconds })).toBe('400 invalid_field');
    }
    expect(await act(code, 'redeem', { ttlSeconds: 60 })).toBe('400 unknown_field');
  });

  it('whoever guesses is not answered for a while, right codes neither, and others are', async () => {
    const { code } = await win('shop', 'victim');
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
    const wrong = await Promise.all(
      Array.from({ length: 20 }, (_, i) => {
        // Half of them could not be a code, half of them could.
        const typed = i % 2 === 0 ? `AAAA-AAAA-AAA${i % 10}-U` : '0000-0000-0000-0';
        return site.admin(at(typed, 'redeem'), { method: 'POST', ...from('10.0.0.9') });
      }),
    );
    expect(new Set(wrong.map(({ status }) => status))).toEqual(new Set([404, 422]));
    const more = await site.admin(at(code, 'redeem'), { method: 'POST', ...from('10.0.0.9') });
    expect([more.status, more.json['code']]).toEqual([429, 'too_many_wrong_codes']);
    expect(Number(more.headers.get('retry-after'))).toBeGreaterThan(0);
    const looked = await site.admin(`/v1/admin/coupons/${code}`, from('10.0.0.9'));
    expect(looked.status).toBe(429);
    expect(guessing).toContainEqual({
      limit: 'address',
      source: expect.objectContaining({ id: 'env', address: '10.0.0.9' }),
    });
    const other = await site.admin(at(code, 'redeem'), { method: 'POST', ...from('10.0.0.10') });
    expect(other.status).toBe(200);
  });
});

describe('pictures of codes', () => {
  it('are shown to the holder alone, in both types and formats', async () => {
    const { id } = await win('shop', 'painter');
    for (const type of ['qr', 'code128']) {
      const svg = await site.call(`/v1/me/coupons/${id}/code.svg?userId=painter&type=${type}`);
      expect([svg.status, svg.headers.get('content-type')]).toEqual([200, 'image/svg+xml; charset=utf-8']);
      expect(svg.headers.get('cache-control')).toBe('private, no-store');
      expect(svg.text).toMatch(/^<svg [\s\S]*<\/svg>\s*$/);
      const png = await site.call(`/v1/me/coupons/${id}/code.png?userId=painter&type=${type}`);
      expect(png.headers.get('content-type')).toBe('image/png');
      expect(png.text).toContain('PNG');
    }
    const other = await site.call(`/v1/me/coupons/${id}/code.svg?userId=somebody`);
    expect([other.status, other.json['code']]).toEqual([404, 'no_claim']);
    expect((await site.call('/v1/me/coupons/nonsense/code.png?userId=painter')).status).toBe(404);
    expect((await site.call(`/v1/me/coupons/${id}/code.svg?userId=painter&type=ean`)).status).toBe(400);
  });

  it('are made for operators too', async () => {
    const { code } = await win('shop', 'printed');
    const image = await site.admin(`/v1/admin/coupons/${code}/image.svg?type=code128`);
    expect(image.status).toBe(200);
    expect((await site.call(`/v1/admin/coupons/${code}/image.png`)).status).toBe(401);
  });
});
