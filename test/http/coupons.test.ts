// Protects: coupons are used once, found as people type them, and listed and exported as they were told.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';

let site: Site;
const C = '/v1/admin/campaigns';

beforeAll(async () => {
  site = await startSite();
});
afterAll(() => site.stop());

describe('coupons and winners', () => {
  interface Told {
    code: string;
    id: string;
    seq: number;
  }
  const won: Told[] = [];

  beforeAll(async () => {
    await site.campaign('shop', 100);
    await site.campaign('other', 1);
    for (const user of ['=1+1', '@x', '-1', 'a,"b"', '가']) {
      won.push((await site.press('shop', user)).json['claim'] as unknown as Told);
    }
  });
  const at = (code: string, act = ''): string => `/v1/admin/coupons/${encodeURIComponent(code)}${act}`;

  it('are found as people type them', async () => {
    const { code } = won[0] as Told;
    for (const typed of [
      code,
      code.toLowerCase(),
      code.replaceAll('-', ''),
      code.replaceAll('-', ' ').replaceAll('0', 'o'),
    ]) {
      expect((await site.admin(at(typed))).json).toMatchObject({ code, seq: 1, userId: '=1+1' });
    }
    const mistyped = (code.startsWith('2') ? '3' : '2') + code.slice(1);
    expect((await site.admin(at(mistyped))).json['code']).toBe('invalid_code');
    expect((await site.admin(at('0000-0000-0000-0'))).json['code']).toBe('coupon_not_found');
  });

  it('are used once', async () => {
    const { code } = won[1] as Told;
    const redeem = (key?: string): Promise<[number, unknown]> =>
      site
        .admin(at(code, '/redeem'), {
          method: 'POST',
          headers: key === undefined ? {} : { 'idempotency-key': key },
        })
        .then(({ status, json }) => [status, status === 200 ? json['status'] : json['code']]);
    const results = await Promise.all([redeem('k1'), redeem('k2'), redeem('k3')]);
    expect(results.filter(([status]) => status === 200)).toHaveLength(1);
    expect(results.filter(([, code]) => code === 'already_redeemed')).toHaveLength(2);
    const winner = ['k1', 'k2', 'k3'][results.findIndex(([status]) => status === 200)] as string;
    expect(await redeem(winner)).toEqual([200, 'redeemed']);
    expect(await redeem()).toEqual([409, 'already_redeemed']);
    const back = await site.call('/v1/campaigns/shop/claims/me?userId=@x', { method: 'DELETE' });
    expect([back.status, back.json['code']]).toEqual([409, 'already_redeemed']);
  });

  it('are taken back, with a reason', async () => {
    const { code } = won[2] as Told;
    const taken = await site.admin(at(code, '/revoke'), { body: { reason: 'fraud' } });
    expect([taken.status, taken.json['status']]).toEqual([200, 'revoked']);
    expect((await site.admin(at(code, '/redeem'), { method: 'POST' })).json['code']).toBe('coupon_revoked');
    expect((await site.admin(at(code, '/revoke'), { body: { cause: 'x' } })).json['code']).toBe(
      'unknown_field',
    );
    const { json } = await site.admin('/v1/admin/audit?limit=1');
    expect((json['items'] as object[])[0]).toMatchObject({ action: 'coupon.revoke', target: won[2]?.id });
    expect((await site.press('shop', '-1')).json['verdict']).toBe('already_won');
  });

  it('are listed by seq', async () => {
    const first = await site.admin(`${C}/shop/claims?limit=3`);
    const second = await site.admin(`${C}/shop/claims?limit=3&cursor=${String(first.json['next'])}`);
    const items = [...(first.json['items'] as Told[]), ...(second.json['items'] as Told[])];
    expect(items.map(({ seq, code, id }) => ({ seq, code, id }))).toEqual(
      won.map(({ seq, code, id }) => ({ seq, code, id })),
    );
    expect(second.json['next']).toBeNull();
    expect((await site.admin(`${C}/other/claims?cursor=${String(first.json['next'])}`)).json['code']).toBe(
      'invalid_cursor',
    );
    expect((await site.admin(`${C}/nope/claims`)).json['code']).toBe('campaign_not_found');
  });

  it('are exported without formulas, or raw', async () => {
    const { text, headers } = await site.admin(`${C}/shop/claims.csv`);
    const lines = text.trim().split('\n');
    expect(lines[0]).toBe('seq,userId,code,id,status,wonAt');
    expect(lines[1]).toContain("1,'=1+1,");
    expect(lines[2]).toContain("2,'@x,");
    expect(lines[3]).toContain("3,'-1,");
    expect(lines[4]).toContain('4,"a,""b""",');
    expect(headers.get('content-type')).toContain('text/csv');
    expect(headers.get('content-disposition')).toContain('attachment');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect((await site.admin(`${C}/shop/claims.csv?raw=1`)).text).toContain('\n1,=1+1,');
  });

  it('show in stats and integrity', async () => {
    const stats = await site.admin(`${C}/shop/stats`);
    expect(stats.json).toMatchObject({ issued: 5, remaining: 95, verdicts: { won: 5 } });
    const { json } = await site.admin(`${C}/shop/integrity`);
    const checks = json['checks'] as { id: string; ok: boolean; basis: string }[];
    expect(checks.map((check) => check.id)).toEqual(Array.from({ length: 11 }, (_, i) => `I${i + 1}`));
    expect(checks.filter((check) => !check.ok)).toEqual([]);
    expect(checks.filter((check) => check.basis === 'sampled').map((check) => check.id)).toEqual([
      'I8',
      'I9',
      'I11',
    ]);
    expect((await site.admin(`${C}/nope/integrity`)).json['code']).toBe('campaign_not_found');
  });
});
