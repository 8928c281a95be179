// Protects: what machines and readers ask of the server itself, the limits before the gate, and leaving in peace.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROBLEMS } from '../../src/core/problem.ts';
import type { Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';

let site: Site;

beforeAll(async () => {
  site = await startSite();
  await site.campaign('c', 5);
});
afterAll(() => site.stop());

describe('the description', () => {
  it('is valid OpenAPI 3.1 and has every path that is served', async () => {
    const { json } = await site.call('/openapi.json');
    const checked = await new Validator().validate(json);
    expect(checked.errors ?? []).toEqual([]);
    expect(json['openapi']).toBe('3.1.0');
    const paths = Object.keys(json['paths'] as object);
    expect(paths).toContain('/v1/campaigns/{id}/claims');
    expect(paths).toContain('/v1/admin/campaigns/{id}/integrity');
    expect(paths.filter((path) => path.includes(':') || path.includes('*'))).toEqual([]);
  });

  it('is readable without another origin', async () => {
    const { text, headers } = await site.call('/docs/');
    expect(headers.get('content-type')).toContain('text/html');
    expect([...text.matchAll(/(?:src|href)="(https?:)?\/\//g)]).toEqual([]);
    expect((await site.call('/docs/reader.js')).status).toBe(200);
  });

  it('has a page for every problem', async () => {
    for (const code of Object.keys(PROBLEMS)) {
      expect((await site.call(`/problems/${code}`)).text).toContain(code);
    }
    expect((await site.call('/problems/nope')).status).toBe(404);
    expect((await site.call('/problems/constructor')).status).toBe(404);
  });
});

describe('the service', () => {
  it('is alive, ready, and counts without ids', async () => {
    await site.press('c', 'a-user-id');
    await site.press('c', 'a-user-id');
    expect((await site.call('/healthz')).json['status']).toBe('ok');
    expect((await site.call('/readyz')).json).toMatchObject({ ready: true });
    const { text } = await site.call('/metrics');
    expect(text).toContain('dibs_claims_total{verdict="won"} 1');
    expect(text).toContain('dibs_claims_total{verdict="already_won"} 1');
    for (const name of [
      'dibs_claim_decision_seconds',
      'dibs_journal_waiting',
      'dibs_recorder_lag_facts',
      'dibs_streams',
    ]) {
      expect(text).toContain(name);
    }
    expect(text).not.toContain('a-user-id');
    expect(text).not.toMatch(/campaign=/);
  });

  it('tells which part is away, and what the composition measures', async () => {
    const roles = { gate: 'ready', log: 'no broker answers' };
    const gauges = () => [{ name: 'dibs_relay_backlog_batches', help: 'Batches.', value: 7 }];
    const behind = await startSite({}, { ready: () => ({ ready: false, roles }), gauges });
    await behind.campaign('c', 5);
    const live = behind.parts.catalog.get('c');
    if (live) live.rebuilding = true;
    const readyz = await behind.call('/readyz');
    expect([readyz.status, readyz.json['roles']]).toEqual([503, roles]);
    const lines = (await behind.call('/metrics')).text.split('\n');
    expect(lines).toContain('dibs_part_away{part="gate"} 0');
    expect(lines).toContain('dibs_part_away{part="log"} 1');
    expect(lines).toContain('dibs_gate_rebuilding 1');
    expect(lines).toContain('dibs_relay_backlog_batches 7');
    await behind.stop();
  });

  it('serves its pages with a strict policy', async () => {
    for (const path of ['/', '/c/anything', '/admin']) {
      const { status, headers, text } = await site.call(path);
      expect([path, status]).toEqual([path, 200]);
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      const etag = headers.get('etag');
      // The console's page has a word of its own in each answer, and is not kept.
      if (path === '/admin') expect([etag, headers.get('cache-control')]).toEqual([null, 'no-store']);
      else expect((await site.call(path, { headers: { 'if-none-match': String(etag) } })).status).toBe(304);
      for (const [, asset] of text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) {
        expect([asset, (await site.call(asset as string)).status]).toEqual([asset, 200]);
      }
    }
    expect((await site.call('/assets/../package.json')).status).toBe(404);
    expect((await site.call('/assets/%2e%2e/package.json')).status).toBe(404);
  });

  it.each([
    ['GET', '/nope', 404, 'not_found', null],
    ['POST', '/v1', 404, 'not_found', null],
    ['GET', '//v1/time', 404, 'not_found', null],
    ['PUT', '/v1/campaigns/c', 405, 'method_not_allowed', 'GET, HEAD, OPTIONS'],
    ['PUT', '/v1/campaigns/c/claims', 405, 'method_not_allowed', 'OPTIONS, POST'],
    ['GET', '/v1/campaigns/c/claims', 405, 'method_not_allowed', 'OPTIONS, POST'],
    ['POST', '/v1/time', 405, 'method_not_allowed', 'GET, HEAD, OPTIONS'],
    ['GET', '/v1/admin/campaigns/c/open', 405, 'method_not_allowed', 'OPTIONS, POST'],
    ['DELETE', '/v1/admin/campaigns', 405, 'method_not_allowed', 'GET, HEAD, OPTIONS, POST'],
    ['POST', '/healthz', 405, 'method_not_allowed', 'GET, HEAD, OPTIONS'],
  ])('%s %s: %i %s', async (method, path, status, code, allow) => {
    const answer = await site.call(path, { method });
    expect([answer.status, answer.json['code'], answer.headers.get('allow')]).toEqual([status, code, allow]);
    expect(answer.headers.get('x-request-id')).toBe(answer.json['requestId']);
  });

  it('says by OPTIONS what there is', async () => {
    const { status, headers } = await site.call('/v1/campaigns/c/claims', { method: 'OPTIONS' });
    expect([status, headers.get('allow')]).toEqual([204, 'OPTIONS, POST']);
  });

  it('refuses bad paths without a word about files', async () => {
    expect(await site.raw('GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(
      / 400 [\s\S]*invalid_url/,
    );
    expect(
      await site.raw('GET /v1/campaigns/%2e%2e HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    ).toMatch(/ 404 /);
    expect(
      await site.raw('GET /assets/%2e%2e%2fpackage.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    ).toMatch(/ 404 /);
  });
});

describe('the rate limit', () => {
  it('is per user and per address, before the gate', async () => {
    const limited = await startSite({
      rateLimit: { user: { tries: 3, periodMs: 60_000 }, ip: { tries: 20, periodMs: 60_000 } },
      trustProxy: ['127.0.0.1'],
    });
    await limited.campaign('c', 100);
    const from = (user: string, address: string): Promise<number> =>
      limited.press('c', user, { 'x-forwarded-for': `6.6.6.6, ${address}` }).then(({ status }) => status);
    expect([await from('u', '1.1.1.1'), await from('u', '1.1.1.2'), await from('u', '1.1.1.3')]).toEqual([
      201, 200, 200,
    ]);
    const refused = await limited.press('c', 'u', { 'x-forwarded-for': '1.1.1.4' });
    expect([refused.status, refused.json['code']]).toEqual([429, 'rate_limited']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const statuses: number[] = [];
    for (let i = 0; i < 25; i++) statuses.push(await from(`n${i}`, '2.2.2.2'));
    expect(statuses.filter((status) => status === 429)).toHaveLength(5);
    expect(await from('v', '3.3.3.3')).toBe(201);
    expect((await limited.admin('/v1/admin/campaigns/c')).json['issued']).toBe(22);
    await limited.stop();
  });
});

describe('overload', () => {
  it('is refused at once past the bound, and says when to ask again', async () => {
    const small = await startSite({}, { inFlightMax: 4 });
    await small.campaign('c', 1000);
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => small.press('c', `u${i}`)));
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.json['code']).toBe('overloaded');
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    const won = answers.filter(({ status }) => status === 201).length;
    expect(won + refused.length).toBe(100);
    expect((await small.admin('/v1/admin/campaigns/c')).json['issued']).toBe(won);
    await small.stop();
  });
});

describe('leaving', () => {
  it('answers what was taken, ends streams, and closes', async () => {
    const leaving = await startSite();
    await leaving.campaign('c', 100_000);
    const stream = await fetch(`${leaving.url}/v1/campaigns/c/events`);
    let cut = 0;
    let won = 0;
    let stopped = false;
    const pressing = Array.from({ length: 20 }, async (_, worker) => {
      for (let i = 0; !stopped; i++) {
        try {
          const { status } = await leaving.press('c', `u${worker}-${i}`);
          if (status === 201) won += 1;
        } catch (error) {
          const { code } = (error as { cause?: { code?: string } }).cause ?? {};
          if (code !== 'ECONNREFUSED') cut += 1;
          return;
        }
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await leaving.app.close();
    stopped = true;
    await Promise.all(pressing);
    expect(cut).toBe(0);
    expect(won).toBeGreaterThan(0);
    expect(await stream.text()).toContain('retry: 2000');
    await leaving.stop();
  });
});

describe('the pages of the docs', () => {
  it('are in the checkout', () => {
    for (const page of ['verdicts', 'problems', 'http']) {
      expect(readFileSync(join(import.meta.dirname, `../../docs/reference/${page}.md`), 'utf8')).not.toBe('');
    }
  });
});
