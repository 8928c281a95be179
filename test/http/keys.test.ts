// Protects: operators' calls need a key, and a key does what its role allows until it is revoked.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Site } from '../support/http-site.ts';
import { ADMIN_KEY, startSite } from '../support/http-site.ts';

let site: Site;
const C = '/v1/admin/campaigns';
const JSON_TYPE = { 'content-type': 'application/json' };
const good = { name: 'n', quantity: 10 };

beforeAll(async () => {
  site = await startSite();
});
afterAll(() => site.stop());

describe('a key', () => {
  const paths = [
    C,
    `${C}/nope`,
    `${C}/nope/stats`,
    '/v1/admin/coupons/x',
    '/v1/admin/audit',
    '/v1/admin/keys',
  ];
  const wrong = [
    '',
    'Bearer',
    'Bearer x',
    `Basic ${ADMIN_KEY}`,
    `Bearer ${ADMIN_KEY}x`,
    'Bearer dibs_abcdefgh.aaaaaaaaaaaaaaaaaaaaaaaa',
  ];
  it.each(paths)('is needed for %s', async (path) => {
    for (const authorization of wrong) {
      const { status, json, headers } = await site.call(path, {
        headers: authorization === '' ? {} : { authorization },
      });
      expect([status, json['code']]).toEqual([401, 'unauthenticated']);
      expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
  });

  it('is asked for before the body is looked at', async () => {
    expect((await site.call(C, { body: '{', headers: JSON_TYPE })).status).toBe(401);
  });

  it('does what its role allows, until it is revoked', async () => {
    const made = await site.admin('/v1/admin/keys', { body: { name: 'shop', role: 'read' } });
    expect(made.status).toBe(201);
    const { id, key } = made.json as { id: string; key: string };
    expect(key).toMatch(/^dibs_[0-9a-f]+\.[\w-]+$/);
    const headers = { authorization: `Bearer ${key}` };
    expect((await site.call(C, { headers })).status).toBe(200);
    const refused = await site.call(C, { headers, body: good });
    expect([refused.status, refused.json['code']]).toEqual([403, 'forbidden']);
    expect((await site.call('/v1/admin/keys', { headers })).status).toBe(403);
    expect((await site.admin('/v1/admin/keys')).text).not.toContain(key);
    expect((await site.admin(`/v1/admin/keys/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await site.call(C, { headers })).status).toBe(401);
    expect((await site.admin('/v1/admin/keys/nope', { method: 'DELETE' })).json['code']).toBe(
      'key_not_found',
    );
  });
});
