// Protects: operators manage webhooks by HTTP: a secret is shown once, an address inside is refused, a test shows its
// answer, deliveries are listed and sent again, and every change is in the audit log.

import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { makeWebhookSender } from '../../src/adapters/webhook/send.ts';
import { cleanEnv } from '../support/clean-env.ts';
import type { Site } from '../support/http-site.ts';
import { ADMIN_KEY, startSite } from '../support/http-site.ts';

const P = '/v1/admin/webhooks';
const system = makeSystem();
const taken: { body: string; headers: Record<string, string> }[] = [];
const receiver = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString();
  });
  request.on('end', () => {
    taken.push({ body, headers: request.headers as Record<string, string> });
    response.writeHead(request.url === '/wrong' ? 500 : 200).end('said');
  });
});
const sender = makeWebhookSender({ rules: { privateTargets: true, ports: [443] }, system });
const strict = makeWebhookSender({ rules: { privateTargets: false, ports: [443] }, system });
let privateTargets = true;
let site: Site;
let url = '';

interface Made {
  id: string;
  secret: string;
}

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  const switched = {
    ...sender,
    refusal: (address: string) => (privateTargets ? sender : strict).refusal(address),
  };
  site = await startSite({}, { webhookSender: switched });
});
afterAll(async () => {
  await site.stop();
  await sender.close();
  receiver.closeAllConnections();
  receiver.close();
});

async function add(more: object = {}): Promise<Made> {
  const { status, json } = await site.admin(P, { body: { url, ...more } });
  expect(status).toBe(201);
  return json as unknown as Made;
}
const post = (path: string, body: object = {}) => site.admin(P + path, { body });

describe('a webhook', () => {
  it('is added with a secret that is shown once', async () => {
    const made = await site.admin(P, {
      body: { url, facts: ['coupon.issued'], campaigns: ['c'], description: 'd' },
    });
    const { id, secret } = made.json as unknown as Made;
    expect(made.json).toEqual({
      ...{ id, secret, url, facts: ['coupon.issued'], campaigns: ['c'], description: 'd' },
      ...{ state: 'enabled', why: null, whySaid: null, disabledAt: null },
      ...{ createdAt: expect.any(String), updatedAt: expect.any(String) },
    });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(made.headers.get('location')).toBe(`${P}/${id}`);
    expect(made.headers.get('cache-control')).toBe('no-store');
    for (const path of [P, `${P}/${id}`, '/v1/admin/audit']) {
      const { status, text } = await site.admin(path);
      expect([status, text.includes(id), text.includes(secret)]).toEqual([200, true, false]);
    }
  });

  it('is changed, disabled, enabled, and removed', async () => {
    const { id } = await add();
    const changed = await site.admin(`${P}/${id}`, { method: 'PATCH', body: { facts: ['campaign.closed'] } });
    expect(changed.json).toMatchObject({ url, facts: ['campaign.closed'], campaigns: null });
    expect((await post(`/${id}/disable`)).json).toMatchObject({
      state: 'disabled',
      why: 'by an operator',
      whySaid: { code: 'hook_by_operator', figures: {} },
    });
    expect((await post(`/${id}/enable`)).json).toMatchObject({
      state: 'enabled',
      why: null,
      disabledAt: null,
    });
    expect((await site.admin(`${P}/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await site.admin(`${P}/${id}`, { method: 'DELETE' })).json['code']).toBe('webhook_not_found');
    const { json } = await site.admin('/v1/admin/audit?limit=5');
    const lines = (json['items'] as { action: string; target: string }[]).filter(
      ({ target }) => target === id,
    );
    expect(lines.map(({ action }) => action)).toEqual(
      ['remove', 'enable', 'disable', 'change', 'add'].map((act) => `webhook.${act}`),
    );
  });

  it('has two secrets for a while when the secret is changed, and is tried with both', async () => {
    const { id, secret } = await add();
    const first = await post(`/${id}/test`);
    expect(first.json).toMatchObject({ ok: true, status: 200, error: null, body: 'said' });
    const rotated = (await post(`/${id}/rotate`, { overlapSeconds: 60 })).json as unknown as Made;
    expect(rotated.secret).not.toBe(secret);
    await post(`/${id}/test`);
    const { body, headers } = taken.at(-1) as (typeof taken)[number];
    for (const one of [secret, rotated.secret]) {
      expect(new Webhook(one).verify(body, headers)).toMatchObject({ type: 'webhook.test' });
    }
    const own = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
    expect((await post(`/${id}/rotate`, { secret: own, overlapSeconds: 0 })).json['secret']).toBe(own);
    await post(`/${id}/test`);
    const last = taken.at(-1) as (typeof taken)[number];
    expect(() => new Webhook(own).verify(last.body, last.headers)).not.toThrow();
    expect(() => new Webhook(rotated.secret).verify(last.body, last.headers)).toThrow();
  });

  it('tells what a test was answered when it was not taken', async () => {
    const { id } = await add({ url: url.replace('/hook', '/wrong') });
    expect((await post(`/${id}/test`)).json).toMatchObject({ ok: false, status: 500, error: 'answered 500' });
    const away = await add({ url: 'http://127.0.0.1:9/' });
    expect((await post(`/${away.id}/test`)).json).toMatchObject({ ok: false, status: null });
  });
});

describe('deliveries', () => {
  it('are listed page by page, and sent again', async () => {
    const { id } = await add();
    const { deliveries } = site.parts.stored;
    const facts = [1, 2, 3].map((seq) => ({
      ...{ eventId: `c:1:${seq}:coupon.issued`, type: 'coupon.issued', campaignId: 'c' },
      ...{ orderKey: `c.${seq}`, body: '{}' },
    }));
    await deliveries.leave([id], facts, system.now());
    const [first] = await deliveries.due(id, system.now(), 1);
    const tried = { at: system.now(), status: 500, ms: 2, error: 'answered 500', body: 'no' };
    const settled = { id: first?.id ?? 0, triesBefore: 0, at: system.now() };
    await deliveries.settle([{ ...settled, state: 'failed', answers: [tried] }]);
    const page = await site.admin(`${P}/${id}/deliveries?limit=2`);
    expect(page.json['items']).toHaveLength(2);
    const rest = await site.admin(`${P}/${id}/deliveries?limit=2&cursor=${page.json['next'] as string}`);
    expect(rest.json).toMatchObject({
      next: null,
      items: [{ id: first?.id, eventId: 'c:1:1:coupon.issued', claimId: 'c.1', state: 'failed', tries: 1 }],
    });
    const failed = await site.admin(`${P}/${id}/deliveries?state=failed`);
    expect(failed.json['items']).toMatchObject([
      { answers: [{ status: 500, ms: 2, body: 'no' }], nextTryAt: null },
    ]);
    expect((await post(`/${id}/deliveries/${first?.id}/resend`)).status).toBe(202);
    expect((await site.admin(`${P}/${id}/deliveries?state=failed`)).json['items']).toEqual([]);
    for (const unknown of ['0', '999999', 'x', '1e3'])
      expect((await post(`/${id}/deliveries/${unknown}/resend`)).json['code']).toBe('delivery_not_found');
    const foreign = await site.admin(
      `${P}/${id}/deliveries?state=failed&cursor=${page.json['next'] as string}`,
    );
    expect([foreign.status, foreign.json['code']]).toEqual([400, 'invalid_cursor']);
  });
});

describe('what may not be', () => {
  it.each([
    'http://127.0.0.1/',
    'https://127.0.0.1/',
    'https://0x7f.1/',
    'https://[::ffff:10.0.0.1]/',
    'https://169.254.169.254/latest/meta-data',
    'https://localhost/',
    'http://shop.example/',
    'file:///etc/passwd',
    'https://u:p@shop.example/',
    'https://shop.example:22/',
    'no url',
  ])('%s is refused with the reason', async (address) => {
    privateTargets = false;
    const { status, json } = await site.admin(P, { body: { url: address } });
    privateTargets = true;
    expect([status, json['code']]).toEqual([400, 'webhook_url_refused']);
    expect(json['why']).toEqual(expect.any(String));
  });

  it('also when an address is changed', async () => {
    const { id } = await add();
    const { status, json } = await site.admin(`${P}/${id}`, {
      method: 'PATCH',
      body: { url: 'https://169.254.169.254/' },
    });
    expect([status, json['code']]).toEqual([400, 'webhook_url_refused']);
    expect((await site.admin(`${P}/${id}`)).json['url']).toBe(url);
  });

  it.each([
    [{}, 'invalid_field'],
    [{ url: 1 }, 'invalid_field'],
    [{ url: 'https://a.example/', facts: [] }, 'invalid_field'],
    [{ url: 'https://a.example/', facts: ['claim.won'] }, 'invalid_field'],
    [{ url: 'https://a.example/', campaigns: ['A b'] }, 'invalid_field'],
    [{ url: 'https://a.example/', secret: 'whsec_short' }, 'invalid_field'],
    [{ url: 'https://a.example/', state: 'disabled' }, 'unknown_field'],
  ])('%j is %s', async (body, code) => {
    const { status, json } = await site.admin(P, { body });
    expect([status, json['code']]).toEqual([400, code]);
  });

  it('one that is not there', async () => {
    for (const path of ['/wh_x/test', '/wh_x/rotate', '/wh_x/enable'])
      expect((await post(path)).json['code']).toBe('webhook_not_found');
    expect((await site.admin(`${P}/wh_x/deliveries`)).status).toBe(404);
  });

  it('a key without the role', async () => {
    const { json } = await site.admin('/v1/admin/keys', { body: { name: 'r', role: 'operate' } });
    const headers = { authorization: `Bearer ${json['key'] as string}` };
    expect((await site.call(P, { headers })).status).toBe(200);
    expect((await site.call(P, { headers, body: { url } })).status).toBe(403);
    const { id } = await add();
    expect((await site.call(`${P}/${id}/rotate`, { headers, body: {} })).status).toBe(403);
    expect((await site.call(`${P}/${id}/test`, { headers, body: {} })).status).toBe(200);
    expect((await site.call(P)).status).toBe(401);
  });
});

describe('dibs webhooks', () => {
  const file = join(import.meta.dirname, '../../src/cli/dibs.ts');
  const dibs = (...args: string[]) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const env = cleanEnv({ DIBS_URL: site.url, DIBS_ADMIN_KEY: ADMIN_KEY });
      execFile(process.execPath, [file, 'webhooks', ...args], { env }, (error, out, err) =>
        resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      );
    });

  it('adds, lists, tests, changes the secret, sends again and removes', async () => {
    const added = await dibs(
      'add',
      url,
      '--facts',
      'coupon.issued, coupon.redeemed',
      '--description',
      'mails',
    );
    expect(added).toMatchObject({ code: 0, out: expect.stringMatching(/^whsec_\S{44}\n$/) });
    const [, id = ''] = /webhook (wh_\w+)/.exec(added.err) ?? [];
    expect((await dibs('list')).out).toMatch(new RegExp(`${id} .* coupon.issued coupon.redeemed`));
    expect((await dibs('test', id)).out).toMatch(/✓ answered 200 after \d+ ms/);
    expect((await dibs('rotate', id, '--overlap', '60')).out).not.toBe(added.out);
    const left = { eventId: 'c:1:9:coupon.issued', type: 'coupon.issued', campaignId: 'c' };
    await site.parts.stored.deliveries.leave([id], [{ ...left, orderKey: 'c.9', body: '{}' }], system.now());
    const listed = await dibs('deliveries', id, '--json');
    const [{ id: delivery }] = JSON.parse(listed.out) as [{ id: number }];
    expect((await dibs('deliveries', id)).out).toMatch(/pending +c:1:9:coupon.issued +0/);
    expect((await dibs('resend', id, String(delivery))).out).toContain('is sent again');
    expect((await dibs('disable', id)).out).toContain('is disabled');
    expect((await dibs('remove', id)).out).toContain('is removed');
    const gone = await dibs('test', id);
    expect([gone.code, gone.err]).toEqual([1, expect.stringContaining('webhook_not_found')]);
  }, 40_000);

  it('says with 1 that a test was not taken, and why an address is refused', async () => {
    const { id } = await add({ url: url.replace('/hook', '/wrong') });
    expect(await dibs('test', id)).toMatchObject({ code: 1, out: expect.stringContaining('answered 500') });
    const refused = await dibs('add', 'https://169.254.169.254/');
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('metadata')]);
  }, 20_000);
});
