// Protects: a campaign's life under its operators' hands, with the codes of the contract and a line in the audit log.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';

let site: Site;
const C = '/v1/admin/campaigns';
const JSON_TYPE = { 'content-type': 'application/json' };
const good = { name: 'n', quantity: 10 };

beforeAll(async () => {
  site = await startSite();
});
afterAll(() => site.stop());

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
    ['a pool without codes', { codes: { source: 'pool' } }, 'pool_too_small', ''],
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
      cursor = json['next'] === null ? '' : `&cursor=${json['next'] as string}`;
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
