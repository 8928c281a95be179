// Protects: whatever is sent as a claim gets the status and code of the contract, leaves nothing behind, and the
// server goes on serving.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Call, Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';

let site: Site;
const JSON_TYPE = { 'content-type': 'application/json' };

beforeAll(async () => {
  site = await startSite();
  await site.campaign('open', 1_000_000);
  await site.campaign('paused', 5);
  await site.admin('/v1/admin/campaigns/paused/pause', { method: 'POST' });
  await site.campaign('closed', 5);
  await site.admin('/v1/admin/campaigns/closed/close', { method: 'POST' });
  await site.admin('/v1/admin/campaigns', { body: { id: 'draft', name: 'd', quantity: 1 } });
  await site.admin('/v1/admin/campaigns', {
    body: { id: 'later', name: 'l', quantity: 1, opensAt: '2999-01-01T00:00:00+09:00' },
  });
  await site.campaign('few', 1, { eligibility: { allowUsers: ['friend'] } });
});
afterAll(() => site.stop());

interface Row {
  name: string;
  path?: string;
  body?: Call['body'];
  headers?: Record<string, string>;
  status: number;
  code: string;
  pointer?: string;
}

const deep = (levels: number): string => `{"userId":${'['.repeat(levels)}${']'.repeat(levels)}}`;
const long = 'x'.repeat(129);

const rows: Row[] = [
  { name: 'empty body', body: '', status: 400, code: 'malformed_json' },
  { name: 'not JSON', body: 'hello', status: 400, code: 'malformed_json' },
  { name: 'cut JSON', body: '{"userId":"u"', status: 400, code: 'malformed_json' },
  { name: 'trailing bytes', body: '{"userId":"u"} x', status: 400, code: 'malformed_json' },
  { name: 'two objects', body: '{"userId":"u"}{"userId":"u"}', status: 400, code: 'malformed_json' },
  { name: 'trailing comma', body: '{"userId":"u",}', status: 400, code: 'malformed_json' },
  { name: 'single quotes', body: "{'userId':'u'}", status: 400, code: 'malformed_json' },
  { name: 'NaN', body: '{"userId":NaN}', status: 400, code: 'malformed_json' },
  { name: 'byte order mark', body: '\uFEFF{"userId":"u"}', status: 400, code: 'malformed_json' },
  {
    name: 'invalid UTF-8',
    body: Buffer.from('{"userId":"\xff"}', 'latin1'),
    status: 400,
    code: 'malformed_json',
  },
  { name: 'UTF-16', body: Buffer.from('{"userId":"u"}', 'utf16le'), status: 400, code: 'malformed_json' },
  { name: 'raw control character', body: '{"userId":"a\u0001b"}', status: 400, code: 'malformed_json' },
  { name: 'a field twice', body: '{"userId":"a","userId":"b"}', status: 400, code: 'malformed_json' },
  {
    name: 'a field twice by escape',
    body: '{"userId":"a","\\u0075serId":"b"}',
    status: 400,
    code: 'malformed_json',
  },
  { name: 'an array', body: '[]', status: 400, code: 'invalid_body' },
  { name: 'null', body: 'null', status: 400, code: 'invalid_body' },
  { name: 'a string', body: '"u"', status: 400, code: 'invalid_body' },
  { name: 'too deep', body: deep(16), status: 400, code: 'invalid_body' },
  { name: 'far too deep', body: deep(3000), status: 400, code: 'invalid_body' },
  { name: 'no user', body: '{}', status: 400, code: 'invalid_user_id', pointer: '/userId' },
  { name: 'user null', body: '{"userId":null}', status: 400, code: 'invalid_user_id', pointer: '/userId' },
  { name: 'user a number', body: '{"userId":5}', status: 400, code: 'invalid_user_id', pointer: '/userId' },
  { name: 'user an object', body: '{"userId":{"a":1}}', status: 400, code: 'invalid_user_id' },
  { name: 'user empty', body: '{"userId":""}', status: 400, code: 'invalid_user_id' },
  { name: 'user too long', body: { userId: long }, status: 400, code: 'invalid_user_id' },
  { name: 'user too long in bytes', body: { userId: '가'.repeat(43) }, status: 400, code: 'invalid_user_id' },
  { name: 'user with NUL', body: '{"userId":"a\\u0000"}', status: 400, code: 'invalid_user_id' },
  { name: 'user with line feed', body: '{"userId":"a\\nb"}', status: 400, code: 'invalid_user_id' },
  { name: 'user with DEL', body: '{"userId":"a\u007fb"}', status: 400, code: 'invalid_user_id' },
  { name: 'user with lone surrogate', body: '{"userId":"\\ud800"}', status: 400, code: 'invalid_user_id' },
  { name: 'user with bidi override', body: '{"userId":"a\\u202eb"}', status: 400, code: 'invalid_user_id' },
  { name: 'user with bidi mark', body: { userId: 'a\u2066b' }, status: 400, code: 'invalid_user_id' },
  { name: 'user with space before', body: '{"userId":" a"}', status: 400, code: 'invalid_user_id' },
  { name: 'user with space after', body: '{"userId":"a "}', status: 400, code: 'invalid_user_id' },
  { name: 'unknown field', body: { userId: 'u', x: 1 }, status: 400, code: 'unknown_field', pointer: '/x' },
  {
    name: '__proto__',
    body: '{"userId":"u","__proto__":{"a":1}}',
    status: 400,
    code: 'unknown_field',
    pointer: '/__proto__',
  },
  {
    name: 'constructor',
    body: '{"userId":"u","constructor":1}',
    status: 400,
    code: 'unknown_field',
    pointer: '/constructor',
  },
  {
    name: 'slash in a field',
    body: '{"userId":"u","a/b~c":1}',
    status: 400,
    code: 'unknown_field',
    pointer: '/a~1b~0c',
  },
  {
    name: 'many fields',
    body: `{${Array.from({ length: 700 }, (_, i) => `"k${i}":1`).join(',')}}`,
    status: 400,
    code: 'unknown_field',
  },
  {
    name: 'text/plain',
    body: '{"userId":"u"}',
    headers: { 'content-type': 'text/plain' },
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    name: 'a form',
    body: 'userId=u',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    name: 'no type',
    body: Buffer.from('{"userId":"u"}'),
    headers: {},
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    name: 'another charset',
    body: '{"userId":"u"}',
    headers: { 'content-type': 'application/json; charset=euc-kr' },
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    name: 'json-like type',
    body: '{"userId":"u"}',
    headers: { 'content-type': 'application/jsonx' },
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    name: '8 KiB and one byte',
    body: `{"userId":"u"}${' '.repeat(8179)}`,
    status: 413,
    code: 'body_too_large',
  },
  { name: '2 MiB', body: 'x'.repeat(2_097_152), status: 413, code: 'body_too_large' },
  {
    name: 'empty key',
    headers: { ...JSON_TYPE, 'idempotency-key': '' },
    status: 400,
    code: 'invalid_idempotency_key',
  },
  {
    name: 'long key',
    headers: { ...JSON_TYPE, 'idempotency-key': 'k'.repeat(256) },
    status: 400,
    code: 'invalid_idempotency_key',
  },
  {
    name: 'key beyond ASCII',
    headers: { ...JSON_TYPE, 'idempotency-key': 'kö' },
    status: 400,
    code: 'invalid_idempotency_key',
  },
  { name: 'unknown campaign', path: 'nope', status: 404, code: 'campaign_not_found' },
  { name: 'no campaign id', path: 'No_Such', status: 404, code: 'campaign_not_found' },
  { name: 'id too long', path: 'a'.repeat(65), status: 404, code: 'campaign_not_found' },
  { name: 'id with NUL', path: 'a%00', status: 404, code: 'campaign_not_found' },
  { name: 'prototype as id', path: '__proto__', status: 404, code: 'campaign_not_found' },
  { name: 'bad percent', path: '%zz', status: 400, code: 'invalid_url' },
  { name: 'draft', path: 'draft', status: 409, code: 'not_open' },
  { name: 'not open yet', path: 'later', status: 409, code: 'not_open' },
  { name: 'paused', path: 'paused', status: 409, code: 'paused' },
  { name: 'closed', path: 'closed', status: 409, code: 'closed' },
  { name: 'not eligible', path: 'few', status: 403, code: 'ineligible' },
];

describe('a bad claim', () => {
  it.each(rows)(
    '$name: $status $code',
    async ({ path = 'open', body = '{"userId":"u"}', headers = JSON_TYPE, ...want }) => {
      const answer = await site.call(`/v1/campaigns/${path}/claims`, { body, headers, method: 'POST' });
      expect([answer.status, answer.json['code']]).toEqual([want.status, want.code]);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(answer.json['requestId']).toBe(answer.headers.get('x-request-id'));
      expect(answer.json).toMatchObject({ status: want.status, type: `/problems/${want.code}` });
      if (want.pointer !== undefined) expect(answer.json['pointer']).toBe(want.pointer);
    },
  );

  it('leaves nothing behind', async () => {
    const { json } = await site.admin('/v1/admin/campaigns/open/integrity');
    expect(json['ok']).toBe(true);
    expect((await site.call('/v1/campaigns/open')).json['remaining']).toBe(1_000_000);
    expect(site.faults).toEqual([]);
    expect((await site.press('open', 'first')).json).toMatchObject({ verdict: 'won', claim: { seq: 1 } });
  });
});

describe('a refusal', () => {
  it('of an early press says when it opens and when to ask again', async () => {
    const { json, headers } = await site.press('later', 'u');
    expect(json).toMatchObject({
      verdict: 'not_open',
      campaignId: 'later',
      opensAt: '2998-12-31T15:00:00.000Z',
    });
    expect(Date.parse(json['serverTime'] as string)).toBeGreaterThan(1e12);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(1e9);
  });

  it('of a draft names no opening', async () => {
    const { json, headers } = await site.press('draft', 'u');
    expect(json).not.toHaveProperty('opensAt');
    expect(headers.get('retry-after')).not.toBeNull();
  });
});

describe('what looks odd and is fine', () => {
  it.each([
    ['charset', { 'content-type': 'application/json; charset=utf-8' }, '{"userId":"odd-1"}'],
    ['capitals', { 'content-type': 'Application/JSON' }, '{"userId":"odd-2"}'],
    ['white space', JSON_TYPE, ' \r\n\t{ "userId" : "odd-3" } \n'],
    ['escapes', JSON_TYPE, '{"userId":"odd\\u002d4"}'],
    ['hostile text', JSON_TYPE, JSON.stringify({ userId: "'; DROP TABLE claims;-- ${jndi:x} a:b}*" })],
    ['128 bytes', JSON_TYPE, JSON.stringify({ userId: 'y'.repeat(128) })],
  ])('%s', async (_name, headers, body) => {
    expect((await site.call('/v1/campaigns/open/claims', { headers, body })).status).toBe(201);
  });

  it('takes NFC and NFD for one person, and keeps case', async () => {
    const first = await site.press('open', '한글é');
    const again = await site.press('open', '한글é'.normalize('NFD'));
    expect(again.json).toMatchObject({ verdict: 'already_won', claim: first.json['claim'] as object });
    expect((await site.press('open', 'Ann')).status).toBe(201);
    expect((await site.press('open', 'ann')).status).toBe(201);
  });

  it('keeps the caller’s request id, and not an odd one', async () => {
    expect((await site.press('open', 'r', { 'x-request-id': 'abc.1-2_3' })).headers.get('x-request-id')).toBe(
      'abc.1-2_3',
    );
    expect((await site.press('open', 'r', { 'x-request-id': 'a b' })).headers.get('x-request-id')).not.toBe(
      'a b',
    );
    expect(
      (await site.call('/healthz', { headers: { 'x-request-id': 'h1' } })).headers.get('x-request-id'),
    ).toBe('h1');
  });
});

describe('below HTTP', () => {
  const head = 'POST /v1/campaigns/open/claims HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';

  it.each([
    [
      'length and chunks at once',
      `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['two lengths', `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, 400],
    ['chunk garbage', `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n`, 400],
    ['negative length', `${head}Content-Length: -1\r\n\r\n`, 400],
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['header too large', `${head}X-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['too many headers', `${head}${'X-A: 1\r\n'.repeat(150)}Content-Length: 0\r\n\r\n`, 431],
  ])('%s', async (_name, bytes, status) => {
    expect(await site.raw(bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it('answers a pipeline in order, also when its sender leaves in the middle', async () => {
    const one = (i: number): string => {
      const body = `{"userId":"pipe-${i}"}`;
      // After the last one the connection ends by itself, however long the others take.
      const last = i === 199 ? 'Connection: close\r\n' : '';
      return `${head}${last}Content-Length: ${body.length}\r\n\r\n${body}`;
    };
    const many = Array.from({ length: 200 }, (_, i) => one(i)).join('');
    const text = await site.raw(many, 20_000);
    const users = [...text.matchAll(/"userId":"(pipe-\d+)"/g)].map((match) => match[1]);
    expect(users).toEqual(Array.from({ length: 200 }, (_, i) => `pipe-${i}`));
    await site.raw(many.slice(0, -7), 1);
    expect((await site.press('open', 'pipe-0')).status).toBe(200);
  });
});
