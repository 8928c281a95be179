// Protects: what operators can do and cannot, with the codes of the contract; every change leaves a line in the audit
// log; nothing an operator sends by mistake changes anything.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Call, Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';

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
  ...['ordered', 'instant'].flatMap((mode) => [
    {
      name: `confirm in ${mode} mode`,
      body: { ...good, mode, confirm: { withinSeconds: 60 } },
      status: 400,
      code: 'invalid_field',
      pointer: '/confirm',
    },
    {
      name: `a line in ${mode} mode`,
      body: { ...good, mode, line: { maxLength: 5 } },
      status: 400,
      code: 'invalid_field',
      pointer: '/line',
    },
  ]),
  ...(
    [
      ['no release', {}, '/release'],
      ['release null', { release: null }, '/release'],
      ['release 0', { release: { perSecond: 0 } }, '/release/perSecond'],
      ['release -1', { release: { perSecond: -1 } }, '/release/perSecond'],
      ['release "10"', { release: { perSecond: '10' } }, '/release/perSecond'],
      ['an empty release', { release: {} }, '/release/perSecond'],
      ['line.maxLength 0', { release: { perSecond: 1 }, line: { maxLength: 0 } }, '/line/maxLength'],
      ['line.cutAt 0', { release: { perSecond: 1 }, line: { cutAt: 0 } }, '/line/cutAt'],
      ['confirm 0', { release: { perSecond: 1 }, confirm: { withinSeconds: 0 } }, '/confirm/withinSeconds'],
    ] as const
  ).map(([what, more, pointer]) => ({
    name: `${what} in queued mode`,
    body: { ...good, mode: 'queued', ...more },
    status: 400,
    code: 'invalid_field',
    pointer,
  })),
  {
    name: 'a line with what it does not know',
    body: { ...good, mode: 'queued', release: { perSecond: 1 }, line: { length: 5 } },
    status: 400,
    code: 'unknown_field',
    pointer: '/line/length',
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
