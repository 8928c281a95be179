// Protects: what operators can do and cannot, with the codes of the contract; every change leaves a line in the audit
// log; nothing an operator sends by mistake changes anything.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Call, Site } from '../support/http-site.ts';
import { ADMIN_KEY, startSite } from '../support/http-site.ts';

let site: Site;
const C = '/v1/admin/campaigns';
const JSON_TYPE = { 'content-type': 'application/json' };

beforeAll(async () => {
  site = await startSite();
});
afterAll(() => site.stop());

interface Row {
  name: string;
  body: Call['body'];
  status: number;
  code: string;
  pointer?: string;
}

const good = { name: 'n', quantity: 10 };

const rows: Row[] = [
  { name: 'empty', body: '', status: 400, code: 'malformed_json' },
  {
    name: 'a field twice',
    body: '{"name":"a","name":"b","quantity":1}',
    status: 400,
    code: 'malformed_json',
  },
  {
    name: 'a field twice inside',
    body: '{"name":"a","quantity":1,"benefit":{"a":1,"a":2}}',
    status: 400,
    code: 'malformed_json',
  },
  { name: 'byte order mark', body: '\uFEFF{"name":"a","quantity":1}', status: 400, code: 'malformed_json' },
  { name: 'array', body: '[]', status: 400, code: 'invalid_body' },
  {
    name: 'too deep',
    body: `{"name":"a","quantity":1,"benefit":${'{"a":'.repeat(16)}1${'}'.repeat(16)}}`,
    status: 400,
    code: 'invalid_body',
  },
  { name: 'no name', body: { quantity: 1 }, status: 400, code: 'invalid_field', pointer: '/name' },
  { name: 'no quantity', body: { name: 'a' }, status: 400, code: 'invalid_field', pointer: '/quantity' },
  {
    name: 'quantity as text',
    body: { ...good, quantity: '5' },
    status: 400,
    code: 'invalid_field',
    pointer: '/quantity',
  },
  {
    name: 'quantity 1.5',
    body: { ...good, quantity: 1.5 },
    status: 400,
    code: 'invalid_field',
    pointer: '/quantity',
  },
  {
    name: 'quantity 0',
    body: { ...good, quantity: 0 },
    status: 400,
    code: 'invalid_field',
    pointer: '/quantity',
  },
  {
    name: 'quantity -1',
    body: { ...good, quantity: -1 },
    status: 400,
    code: 'invalid_field',
    pointer: '/quantity',
  },
  {
    name: 'quantity too large',
    body: { ...good, quantity: 10_000_001 },
    status: 400,
    code: 'invalid_field',
    pointer: '/quantity',
  },
  {
    name: 'quantity 2^53+1',
    body: '{"name":"a","quantity":9007199254740993}',
    status: 400,
    code: 'invalid_field',
    pointer: '/quantity',
  },
  {
    name: 'quantity null',
    body: { ...good, quantity: null },
    status: 400,
    code: 'invalid_field',
    pointer: '/quantity',
  },
  {
    name: 'quantity true',
    body: { ...good, quantity: true },
    status: 400,
    code: 'invalid_field',
    pointer: '/quantity',
  },
  {
    name: 'limit 0',
    body: { ...good, perUserLimit: 0 },
    status: 400,
    code: 'invalid_field',
    pointer: '/perUserLimit',
  },
  {
    name: 'limit above quantity',
    body: { ...good, perUserLimit: 11 },
    status: 400,
    code: 'invalid_field',
    pointer: '/perUserLimit',
  },
  {
    name: 'id with capitals',
    body: { ...good, id: 'Abc' },
    status: 400,
    code: 'invalid_field',
    pointer: '/id',
  },
  {
    name: 'id too long',
    body: { ...good, id: 'a'.repeat(65) },
    status: 400,
    code: 'invalid_field',
    pointer: '/id',
  },
  {
    name: 'unknown kind',
    body: { ...good, kind: 'car' },
    status: 400,
    code: 'invalid_field',
    pointer: '/kind',
  },
  {
    name: 'unknown mode',
    body: { ...good, mode: 'fast' },
    status: 400,
    code: 'invalid_field',
    pointer: '/mode',
  },
  {
    name: 'unknown field',
    body: { ...good, colour: 'red' },
    status: 400,
    code: 'unknown_field',
    pointer: '/colour',
  },
  {
    name: 'unknown field inside',
    body: { ...good, codes: { source: 'none', x: 1 } },
    status: 400,
    code: 'unknown_field',
    pointer: '/codes/x',
  },
  {
    name: '__proto__',
    body: '{"name":"a","quantity":1,"__proto__":{}}',
    status: 400,
    code: 'unknown_field',
    pointer: '/__proto__',
  },
  {
    name: '__proto__ inside',
    body: '{"name":"a","quantity":1,"benefit":{"__proto__":1}}',
    status: 400,
    code: 'unknown_field',
    pointer: '/benefit/__proto__',
  },
  {
    name: 'time without offset',
    body: { ...good, opensAt: '2026-12-01T10:00:00' },
    status: 400,
    code: 'timestamp_needs_offset',
    pointer: '/opensAt',
  },
  {
    name: 'time as number',
    body: { ...good, opensAt: 1 },
    status: 400,
    code: 'invalid_field',
    pointer: '/opensAt',
  },
  {
    name: 'time as prose',
    body: { ...good, opensAt: 'tomorrow' },
    status: 400,
    code: 'invalid_field',
    pointer: '/opensAt',
  },
  {
    name: 'date only',
    body: { ...good, closesAt: '2026-12-01' },
    status: 400,
    code: 'invalid_field',
    pointer: '/closesAt',
  },
  {
    name: 'leap second',
    body: { ...good, opensAt: '2026-12-31T23:59:60Z' },
    status: 400,
    code: 'invalid_field',
    pointer: '/opensAt',
  },
  {
    name: '30 February',
    body: { ...good, opensAt: '2026-02-30T00:00:00Z' },
    status: 400,
    code: 'invalid_field',
    pointer: '/opensAt',
  },
  {
    name: 'hour 24',
    body: { ...good, opensAt: '2026-02-20T24:00:00Z' },
    status: 400,
    code: 'invalid_field',
    pointer: '/opensAt',
  },
  {
    name: 'offset 25:00',
    body: { ...good, opensAt: '2026-02-20T20:00:00+25:00' },
    status: 400,
    code: 'invalid_field',
    pointer: '/opensAt',
  },
  {
    name: 'closes before it opens',
    body: { ...good, opensAt: '2026-12-02T00:00:00Z', closesAt: '2026-12-01T00:00:00Z' },
    status: 400,
    code: 'invalid_window',
  },
  {
    name: 'closes when it opens',
    body: { ...good, opensAt: '2026-12-02T09:00:00+09:00', closesAt: '2026-12-02T00:00:00Z' },
    status: 400,
    code: 'invalid_window',
  },
  {
    name: 'release in instant mode',
    body: { ...good, release: { perSecond: 5 } },
    status: 400,
    code: 'invalid_field',
    pointer: '/release',
  },
  {
    name: 'logged, opening by the clock',
    body: { ...good, durability: 'logged', opensAt: '2999-01-01T00:00:00Z' },
    status: 409,
    code: 'durability_unavailable',
  },
];

describe('a bad definition', () => {
  it.each(rows)('$name: $status $code', async ({ body, ...want }) => {
    const { status, json } = await site.admin(C, { body, headers: JSON_TYPE, method: 'POST' });
    expect([status, json['code']]).toEqual([want.status, want.code]);
    if (want.pointer !== undefined) expect(json['pointer']).toBe(want.pointer);
  });

  it('leaves nothing behind', async () => {
    expect((await site.admin(C)).json).toEqual({ items: [], next: null });
    expect(site.faults).toEqual([]);
  });

  it('of more than 1 MiB is refused', async () => {
    const answer = await site.admin(C, { body: { ...good, benefit: { text: 'x'.repeat(1_100_000) } } });
    expect([answer.status, answer.json['code']]).toEqual([413, 'body_too_large']);
  });

  it('with another type is refused', async () => {
    const answer = await site.admin(C, { body: 'name: n', headers: { 'content-type': 'application/yaml' } });
    expect([answer.status, answer.json['code']]).toEqual([415, 'unsupported_media_type']);
  });
});

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

describe('a campaign', () => {
  it('is defined with defaults, once', async () => {
    const made = await site.admin(C, { body: { id: 'life', name: '치킨', quantity: 3 } });
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(`${C}/life`);
    expect(made.json).toMatchObject({
      id: 'life',
      kind: 'coupon',
      perUserLimit: 1,
      mode: 'instant',
      durability: 'disk',
      status: 'draft',
      version: 1,
    });
    const again = await site.admin(C, { body: { id: 'life', name: 'other', quantity: 3 } });
    expect([again.status, again.json['code']]).toEqual([409, 'exists']);
  });

  it('gets an id when it has none', async () => {
    const { json } = await site.admin(C, { body: { name: 'Chicken Day 2026!', quantity: 3 } });
    expect(json['id']).toMatch(/^chicken-day-2026-[0-9a-f]{10}$/);
    expect((await site.admin(C, { body: { name: '치킨', quantity: 3 } })).json['id']).toMatch(
      /^[a-z0-9][a-z0-9-]{0,63}$/,
    );
  });

  it('is defined once by one Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'k1' };
    const body = { id: 'once', name: 'o', quantity: 1 };
    expect((await site.admin(C, { body, headers })).status).toBe(201);
    expect((await site.admin(C, { body, headers })).status).toBe(200);
    const other = await site.admin(C, { body: { ...body, quantity: 2 }, headers });
    expect([other.status, other.json['code']]).toEqual([422, 'idempotency_key_reused']);
  });

  it('changes only by who has read it', async () => {
    const path = `${C}/life`;
    const { headers } = await site.admin(path);
    const etag = headers.get('etag') as string;
    const patch = (body: object, match?: string): Promise<[number, unknown]> =>
      site
        .admin(path, { method: 'PATCH', body, headers: match === undefined ? {} : { 'if-match': match } })
        .then(({ status, json }) => [status, json['code'] ?? json['quantity']]);
    expect(await patch({ quantity: 5 })).toEqual([428, 'precondition_required']);
    expect(await patch({ quantity: 5 }, '"99"')).toEqual([412, 'precondition_failed']);
    expect(await patch({ quantity: 5 }, 'rubbish')).toEqual([412, 'precondition_failed']);
    expect(await patch({ quantity: 5 }, etag)).toEqual([200, 5]);
    expect(await patch({ quantity: 6 }, etag)).toEqual([412, 'precondition_failed']);
    expect(await patch({ id: 'other' }, '"2"')).toEqual([400, 'unknown_field']);
    expect(await patch({}, '"2"')).toEqual([400, 'invalid_field']);
    expect((await site.admin(path, { headers: { 'if-none-match': '"2"' } })).status).toBe(304);
  });

  it('lives its life', async () => {
    const act = async (action: string): Promise<[number, unknown]> => {
      const { status, json } = await site.admin(`${C}/life/${action}`, { method: 'POST' });
      return [status, json['code'] ?? json['status']];
    };
    expect(await act('resume')).toEqual([409, 'invalid_transition']);
    expect(await act('archive')).toEqual([409, 'campaign_live']);
    expect(await act('open')).toEqual([200, 'open']);
    expect(await act('open')).toEqual([200, 'open']);
    expect((await site.press('life', 'a')).status).toBe(201);
    expect(await act('pause')).toEqual([200, 'paused']);
    expect((await site.press('life', 'b')).json['code']).toBe('paused');
    expect((await site.press('life', 'a')).status).toBe(200);
    expect(await act('resume')).toEqual([200, 'open']);
    expect((await site.press('life', 'b')).status).toBe(201);
    expect(await act('close')).toEqual([200, 'closed']);
    expect((await site.press('life', 'c')).json['code']).toBe('closed');
    expect((await site.press('life', 'a')).json['verdict']).toBe('already_won');
    expect(await act('open')).toEqual([409, 'invalid_transition']);
    expect(await act('archive')).toEqual([200, 'archived']);
    expect((await site.press('life', 'a')).json['verdict']).toBe('already_won');
    expect((await site.admin(`${C}/nope/open`, { method: 'POST' })).json['code']).toBe('campaign_not_found');
    expect((await site.admin(`${C}/life/explode`, { method: 'POST' })).status).toBe(404);
  });

  it('takes an empty JSON body for an action', async () => {
    const answer = await site.admin(`${C}/life/archive`, { method: 'POST', headers: JSON_TYPE, body: '{}' });
    expect(answer.status).toBe(200);
    expect((await site.admin(`${C}/life/archive`, { method: 'POST', headers: JSON_TYPE })).status).toBe(200);
  });

  it('keeps what is open as it is, and its quantity above what is out', async () => {
    await site.campaign('live', 10);
    for (const user of ['a', 'b', 'c']) await site.press('live', user);
    const patch = async (body: object): Promise<[number, unknown, unknown]> => {
      const etag = (await site.admin(`${C}/live`)).headers.get('etag') as string;
      const { status, json } = await site.admin(`${C}/live`, {
        method: 'PATCH',
        body,
        headers: { 'if-match': etag },
      });
      return [status, json['code'], json['pointer'] ?? json['issued']];
    };
    expect(await patch({ opensAt: '2030-01-01T00:00:00Z' })).toEqual([
      409,
      'immutable_while_open',
      '/opensAt',
    ]);
    expect(await patch({ perUserLimit: 2 })).toEqual([409, 'immutable_while_open', '/perUserLimit']);
    expect(await patch({ closesAt: '2020-01-01T00:00:00Z' })).toEqual([400, 'invalid_window', undefined]);
    expect(await patch({ quantity: 2 })).toEqual([409, 'below_issued', 3]);
    expect(await patch({ quantity: 3 })).toEqual([200, undefined, 3]);
    expect((await site.press('live', 'd')).json['code']).toBe('sold_out');
    expect(await patch({ quantity: 4 })).toEqual([200, undefined, 3]);
    expect((await site.press('live', 'd')).json).toMatchObject({ verdict: 'won', claim: { seq: 4 } });
  });

  it.each([
    ['durability logged', { durability: 'logged' }, 'durability_unavailable', 'DIBS_KAFKA_BROKERS'],
    ['durability replicated', { durability: 'replicated' }, 'durability_unavailable', 'DIBS_REDIS_URL'],
    ['ordered mode', { mode: 'ordered' }, 'mode_unavailable', ''],
    ['a pool', { codes: { source: 'pool' } }, 'code_source_unavailable', ''],
  ])('does not open with %s', async (name, more, code, setting) => {
    const id = name.replaceAll(' ', '-');
    expect((await site.admin(C, { body: { ...good, id, ...more } })).status).toBe(201);
    const { status, json } = await site.admin(`${C}/${id}/open`, { method: 'POST' });
    expect([status, json['code']]).toEqual([409, code]);
    expect(json['detail']).toContain(setting);
  });

  it('is listed newest first, by pages that cannot be forged', async () => {
    const ids: unknown[] = [];
    let cursor = '';
    do {
      const { json } = await site.admin(`${C}?limit=2${cursor}`);
      ids.push(...(json['items'] as { id: string }[]).map((one) => one.id));
      cursor = json['next'] === null ? '' : `&cursor=${json['next']}`;
    } while (cursor !== '');
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.at(-1)).toBe('life');
    const { next } = (await site.admin(`${C}?limit=1`)).json as { next: string };
    for (const [query, code] of [
      ['cursor=abc', 'invalid_cursor'],
      [`cursor=${next.slice(0, -2)}AA`, 'invalid_cursor'],
      ['limit=0', 'invalid_query'],
      ['limit=1001', 'invalid_query'],
      ['limit=1.5', 'invalid_query'],
      ['limit=x', 'invalid_query'],
      ['limit=', 'invalid_query'],
      ['limit=1&limit=2', 'invalid_query'],
    ] as const) {
      const { status, json } = await site.admin(`${C}?${query}`);
      expect([query, status, json['code']]).toEqual([query, 400, code]);
    }
    expect((await site.admin(`/v1/admin/audit?cursor=${next}`)).json['code']).toBe('invalid_cursor');
  });

  it('leaves a line in the audit log with each change', async () => {
    const { json } = await site.admin('/v1/admin/audit?limit=1000');
    const lines = (json['items'] as Record<string, unknown>[]).filter((line) => line['target'] === 'life');
    expect(lines.map((line) => line['action']).reverse()).toEqual([
      'campaign.create',
      'campaign.change',
      'campaign.open',
      'campaign.pause',
      'campaign.resume',
      'campaign.close',
      'campaign.archive',
    ]);
    expect(lines[5]).toMatchObject({ actor: 'env', before: { quantity: 3 }, after: { quantity: 5 } });
  });
});

describe('coupons and winners', () => {
  interface Told {
    code: string;
    id: string;
    seq: number;
  }
  const won: Told[] = [];

  beforeAll(async () => {
    await site.campaign('shop', 100);
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
    const second = await site.admin(`${C}/shop/claims?limit=3&cursor=${first.json['next']}`);
    const items = [...(first.json['items'] as Told[]), ...(second.json['items'] as Told[])];
    expect(items.map(({ seq, code, id }) => ({ seq, code, id }))).toEqual(
      won.map(({ seq, code, id }) => ({ seq, code, id })),
    );
    expect(second.json['next']).toBeNull();
    expect((await site.admin(`${C}/life/claims?cursor=${first.json['next']}`)).json['code']).toBe(
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
