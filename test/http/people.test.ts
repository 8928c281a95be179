// Protects: what people are told besides the press itself: campaigns, what they hold, their live stream, and that a
// told win is found at once.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';

let site: Site;

beforeAll(async () => {
  site = await startSite({ corsOrigins: ['https://shop.example'] });
  await site.campaign('c', 50, { benefit: { ko: '치킨', list: [1, { a: null }] } });
  await site.campaign('two', 50, { perUserLimit: 2 });
  await site.admin('/v1/admin/campaigns', { body: { id: 'draft', name: 'd', quantity: 1 } });
});
afterAll(() => site.stop());

describe('a campaign', () => {
  it('shows what people need, cacheable', async () => {
    const { json, headers } = await site.call('/v1/campaigns/c');
    expect(json).toMatchObject({ id: 'c', status: 'open', mode: 'instant', quantity: 50, closesAt: null });
    expect(json['benefit']).toEqual({ ko: '치킨', list: [1, { a: null }] });
    expect(headers.get('cache-control')).toBe('public, max-age=1');
    const again = await site.call('/v1/campaigns/c', {
      headers: { 'if-none-match': headers.get('etag') as string },
    });
    expect(again.status).toBe(304);
    expect((await site.call('/v1/campaigns/nope')).json['code']).toBe('campaign_not_found');
  });

  it('is listed unless it is a draft', async () => {
    const { json } = await site.call('/v1/campaigns');
    expect((json['items'] as { id: string }[]).map((one) => one.id)).toEqual(['two', 'c']);
    const first = await site.call('/v1/campaigns?limit=1');
    const second = await site.call(`/v1/campaigns?limit=1&cursor=${String(first.json['next'])}`);
    expect((second.json['items'] as { id: string }[]).map((one) => one.id)).toEqual(['c']);
    expect(second.json['next']).toBeNull();
  });
});

describe('what I hold', () => {
  it('is told at once, the same each time', async () => {
    const { json, headers } = await site.press('c', 'ann');
    const claim = json['claim'] as { id: string; code: string };
    const me = await site.call('/v1/campaigns/c/claims/me?userId=ann');
    expect(me.json).toMatchObject({ verdict: 'won', claim: { id: claim.id, code: claim.code, seq: 1 } });
    const location = headers.get('location') as string;
    expect((await site.call(`${location}?userId=ann`)).json).toMatchObject({ claim: { code: claim.code } });
    expect((await site.call(location)).json).toMatchObject({ verdict: 'won', claim: { code: null, seq: 1 } });
    expect((await site.call(`${location}?userId=bob`)).json['code']).toBe('ticket_mismatch');
    expect((await site.call('/v1/me/coupons?userId=ann')).json).toMatchObject({ items: [{ id: claim.id }] });
  });

  it.each([
    ['/v1/campaigns/c/claims/me?userId=nobody', 404, 'no_claim'],
    ['/v1/campaigns/c/claims/me', 400, 'invalid_user_id'],
    ['/v1/campaigns/c/claims/me?userId=%20a', 400, 'invalid_user_id'],
    ['/v1/campaigns/c/claims/me?userId=', 400, 'invalid_user_id'],
    ['/v1/campaigns/nope/claims/me?userId=a', 404, 'campaign_not_found'],
    ['/v1/campaigns/c/claims/rubbish?userId=a', 404, 'claim_not_found'],
    ['/v1/campaigns/c/claims/c.49?userId=a', 404, 'claim_not_found'],
    ['/v1/campaigns/c/claims/two.1?userId=a', 403, 'ticket_mismatch'],
    ['/v1/campaigns/nope/claims/c.1', 404, 'campaign_not_found'],
    ['/v1/me/coupons', 400, 'invalid_user_id'],
    ['/v1/campaigns/nope/events', 404, 'campaign_not_found'],
  ])('%s: %i %s', async (path, status, code) => {
    const answer = await site.call(path);
    expect([answer.status, answer.json['code']]).toEqual([status, code]);
  });

  it('may be given back once', async () => {
    await site.press('c', 'giver');
    const giveBack = (): ReturnType<Site['call']> =>
      site.call('/v1/campaigns/c/claims/me?userId=giver', { method: 'DELETE' });
    expect((await giveBack()).json).toMatchObject({ claim: { status: 'revoked' } });
    expect((await giveBack()).json['code']).toBe('coupon_revoked');
    expect((await site.press('c', 'giver')).json['verdict']).toBe('already_won');
    expect(
      (await site.call('/v1/campaigns/c/claims/me?userId=noone', { method: 'DELETE' })).json['code'],
    ).toBe('no_claim');
  });

  it('is one unit for each Idempotency-Key, up to the limit', async () => {
    const press = async (key?: string): Promise<unknown[]> => {
      const { status, json } = await site.press(
        'two',
        'k',
        key === undefined ? {} : { 'idempotency-key': key },
      );
      return [status, (json['claim'] as { seq: number }).seq];
    };
    expect(await press('a')).toEqual([201, 1]);
    expect(await press('a')).toEqual([200, 1]);
    expect(await press('b')).toEqual([201, 2]);
    expect(await press('a')).toEqual([200, 1]);
    expect(await press('c')).toEqual([200, 2]);
    expect(await press()).toEqual([200, 2]);
  });
});

describe('a crowd of one', () => {
  it('wins once', async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => site.press('c', 'same')));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(199);
    expect(new Set(answers.map(({ json }) => (json['claim'] as { code: string }).code)).size).toBe(1);
  });
});

describe('a stream', () => {
  /** Reads a stream until `enough` says so. */
  async function read(path: string, enough: (text: string) => boolean): Promise<string> {
    const stop = new AbortController();
    const answer = await fetch(site.url + path, {
      signal: stop.signal,
      headers: { 'last-event-id': 'rubbish' },
    });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      if (enough(text)) break;
    }
    stop.abort();
    return text;
  }

  it('tells the state first, then what changes, and my own verdict', async () => {
    await site.campaign('s', 5);
    const reading = read('/v1/campaigns/s/events?userId=me', (text) => text.includes('"status":"paused"'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await site.press('s', 'me');
    await site.press('s', 'other');
    await new Promise((resolve) => setTimeout(resolve, 1300));
    await site.admin('/v1/admin/campaigns/s/pause', { method: 'POST' });
    const text = await reading;
    const events = [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, name, data]) => [
      name,
      JSON.parse(data as string),
    ]);
    expect(events[0]).toMatchObject(['status', { status: 'open' }]);
    expect(events[1]).toMatchObject(['remaining', { remaining: 5 }]);
    expect(events.filter(([name]) => name === 'verdict')).toMatchObject([
      ['verdict', { verdict: 'won', claim: { userId: 'me', seq: 1 } }],
    ]);
    expect(
      events.some(([name, data]) => name === 'remaining' && (data as { remaining: number }).remaining === 3),
    ).toBe(true);
  });

  it('tells what I hold already', async () => {
    const text = await read('/v1/campaigns/c/events?userId=ann', (got) => got.includes('event: verdict'));
    expect(text).toContain('"seq":1');
  });

  it('is bounded per user', async () => {
    const stop = new AbortController();
    const open = (): Promise<Response> =>
      fetch(`${site.url}/v1/campaigns/c/events?userId=many`, { signal: stop.signal });
    expect((await open()).status).toBe(200);
    expect((await open()).status).toBe(200);
    const third = await open();
    expect([third.status, ((await third.json()) as { code: string }).code]).toEqual([
      429,
      'too_many_streams',
    ]);
    stop.abort();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const stopAgain = new AbortController();
    expect(
      (await fetch(`${site.url}/v1/campaigns/c/events?userId=many`, { signal: stopAgain.signal })).status,
    ).toBe(200);
    stopAgain.abort();
  });
});

describe('a page of another origin', () => {
  it('may read when it is allowed', async () => {
    const headers = { origin: 'https://shop.example' };
    expect((await site.press('c', 'cors', headers)).headers.get('access-control-allow-origin')).toBe(
      headers.origin,
    );
    expect((await site.call('/v1/campaigns/c', { headers })).headers.get('access-control-allow-origin')).toBe(
      headers.origin,
    );
    const other = await site.press('c', 'cors', { origin: 'https://evil.example' });
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    const asked = await site.call('/v1/campaigns/c/claims', {
      method: 'OPTIONS',
      headers: { ...headers, 'access-control-request-method': 'POST' },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-methods')).toContain('POST');
  });
});
