// Protects: a file of codes is imported whole or not at all, whatever it looks like; each line that cannot be is named by
// its number; code n is for the winner with seq n (reliability.md §5, rows 43-47).

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanEnv } from '../support/clean-env.ts';
import type { Answer, Call, Site } from '../support/http-site.ts';
import { ADMIN_KEY, startSite } from '../support/http-site.ts';

let site: Site;
let made = 0;
const C = '/v1/admin/campaigns';
const CSV = { 'content-type': 'text/csv' };

beforeAll(async () => {
  site = await startSite();
});
afterAll(() => site.stop());

async function poolCampaign(quantity = 3): Promise<string> {
  made += 1;
  const id = `pool-${made}`;
  const body = { id, name: id, quantity, codes: { source: 'pool' } };
  expect((await site.admin(C, { body })).status).toBe(201);
  return id;
}

const send = (
  id: string,
  body: string | Uint8Array,
  more: Call['headers'] = {},
  query = '',
): Promise<Answer> =>
  site.admin(`${C}/${id}/codes${query}`, { method: 'POST', headers: { ...CSV, ...more }, body });
const importedIn = async (id: string): Promise<unknown> =>
  (await site.admin(`${C}/${id}/codes`)).json['imported'];

/** The codes of a campaign as its winners get them, in order of seq. */
async function codesOf(id: string, count: number): Promise<unknown[]> {
  expect((await site.admin(`${C}/${id}/open`, { method: 'POST' })).status).toBe(200);
  const told: unknown[] = [];
  for (let i = 0; i < count; i++) {
    const { json } = await site.press(id, `u-${i}`);
    told.push((json['claim'] as { code: string }).code);
  }
  return told;
}

describe('a file of codes is taken', () => {
  const three = ['A-1', 'B-2', 'C-3'];
  it.each([
    ['LF', 'A-1\nB-2\nC-3\n', { lines: 3, empty: 0, bom: false }],
    ['no final newline', 'A-1\nB-2\nC-3', { lines: 3, empty: 0, bom: false }],
    ['CRLF', 'A-1\r\nB-2\r\nC-3\r\n', { lines: 3, empty: 0, bom: false }],
    ['CR', 'A-1\rB-2\rC-3\r', { lines: 3, empty: 0, bom: false }],
    ['a byte order mark', '\uFEFFA-1\nB-2\nC-3\n', { lines: 3, empty: 0, bom: true }],
    ['quotes', '"A-1"\n"B-2"\nC-3\n', { lines: 3, empty: 0, bom: false }],
    ['empty lines', '\nA-1\n\n  \nB-2\n""\nC-3\n\n', { lines: 8, empty: 5, bom: false }],
    ['space around codes', '  A-1\t\nB-2 \n" C-3 "\n', { lines: 3, empty: 0, bom: false }],
  ])('with %s', async (_what, file, counted) => {
    const id = await poolCampaign();
    const { status, json } = await send(id, file);
    expect([status, json]).toEqual([
      200,
      { imported: 3, first: 1, last: 3, total: 3, skipped: 0, ...counted },
    ]);
    expect(await codesOf(id, 3)).toEqual(three);
  });

  it.each([
    ['content-encoding: gzip', { 'content-encoding': 'gzip' }],
    ['application/gzip', { 'content-type': 'application/gzip' }],
    ['text/csv that is gzip all the same', {}],
  ])('packed, as %s', async (_what, headers) => {
    const id = await poolCampaign();
    expect((await send(id, gzipSync('A-1\nB-2\nC-3'), headers)).status).toBe(200);
    expect(await codesOf(id, 3)).toEqual(three);
  });

  it('as text, where quotes and commas belong to the code', async () => {
    const id = await poolCampaign();
    const codes = ['"quoted"', 'a,b', '{"json":"<\\u0041>"}'];
    expect((await send(id, codes.join('\n'), { 'content-type': 'text/plain; charset=utf-8' })).status).toBe(
      200,
    );
    expect(await codesOf(id, 3)).toEqual(codes);
  });

  it('as CSV with doubled quotes, and a header line where that is said', async () => {
    const id = await poolCampaign(2);
    const { json } = await send(id, 'code\n"a ""b"" c"\n"d,e"\n', {
      'content-type': 'text/csv; header=present',
    });
    expect(json).toMatchObject({ imported: 2, lines: 3 });
    expect(await codesOf(id, 2)).toEqual(['a "b" c', 'd,e']);
  });

  it('with a digest that fits', async () => {
    const id = await poolCampaign(1);
    const digest = createHash('sha256').update('A-1').digest('base64');
    expect((await send(id, 'A-1', { 'content-digest': `sha-256=:${digest}:` })).status).toBe(200);
  });
});

describe('a file of codes is refused, and nothing of it is imported', () => {
  const long = 'x'.repeat(257);
  const utf16 = Buffer.from('\uFEFFA-1\nB-2\n', 'utf16le');
  it.each<[string, string | Uint8Array, number, string, number | undefined, Call['headers']?]>([
    ['a line of 257 bytes', `A-1\n${long}\n`, 400, 'invalid_line', 2],
    ['a line without an end', `A-1\n${'x'.repeat(200_000)}`, 400, 'invalid_line', 2],
    ['what is not UTF-8', Buffer.from([0x41, 10, 0xff, 0xfe, 0x42, 10]), 400, 'invalid_line', 2],
    ['a control character', 'A-1\nB\u0007\n', 400, 'invalid_line', 2],
    ['a bidi character', 'A-1\nB\u202e\n', 400, 'invalid_line', 2],
    ['a binary file', Buffer.from([...Buffer.from('\x89PNG'), 0, 0, 1, 2, 3]), 400, 'invalid_line', 1],
    ['two columns', 'A-1\nB-2,5\n', 400, 'invalid_line', 2],
    ['a quote that does not close', 'A-1\n"B-2\n', 400, 'invalid_line', 2],
    ['UTF-16 without a mark', utf16.subarray(2), 400, 'invalid_line', 1],
    ['UTF-16', utf16, 415, 'unsupported_media_type', undefined],
    [
      'another charset',
      'A-1',
      415,
      'unsupported_media_type',
      undefined,
      { 'content-type': 'text/csv; charset=euc-kr' },
    ],
    ['another packing', 'A-1', 415, 'unsupported_media_type', undefined, { 'content-encoding': 'br' }],
    ['JSON', '["A-1"]', 415, 'unsupported_media_type', undefined, { 'content-type': 'application/json' }],
    ['nothing', '', 400, 'no_codes', undefined],
    ['empty lines only', '\n\n\r\n', 400, 'no_codes', undefined],
    [
      'gzip that is cut',
      gzipSync('A-1\nB-2\n'.repeat(2000)).subarray(0, 40),
      400,
      'incomplete_upload',
      undefined,
    ],
    [
      'a digest that does not fit',
      'A-1',
      400,
      'incomplete_upload',
      undefined,
      { 'content-digest': 'sha-256=:AAAA:' },
    ],
    ['codes that are there twice', 'A-1\n\nB-2\nA-1\n', 422, 'duplicate_codes', 4],
  ])('%s', async (_what, file, status, code, line, headers) => {
    const id = await poolCampaign();
    const answer = await send(id, file, headers);
    expect([answer.status, answer.json['code'], answer.json['line']]).toEqual([status, code, line]);
    expect(await importedIn(id)).toBe(0);
  });

  it.each([
    ['lines without end', '\n', 413, 'body_too_large'],
    ['no line at all', 'x', 400, 'invalid_line'],
  ])('gzip that unpacks to %s', async (_what, byte, status, code) => {
    const id = await poolCampaign();
    const bomb = gzipSync(Buffer.alloc(32 * 1024 ** 2, byte));
    const answer = await send(id, bomb);
    expect([answer.status, answer.json['code']]).toEqual([status, code]);
    expect(await importedIn(id)).toBe(0);
  });

  it('every line that is wrong is named, up to a hundred', async () => {
    const id = await poolCampaign();
    const { json } = await send(id, 'ok\na,b\n"c\nfine\n');
    expect(json).toMatchObject({
      line: 2,
      total: 2,
      lines: [
        { line: 2, reason: 'columns' },
        { line: 3, reason: 'quotes' },
      ],
    });
    const many = await send(id, 'a,b\n'.repeat(500));
    expect(many.json['lines']).toHaveLength(100);
  });

  it('an upload that is cut in half', async () => {
    const id = await poolCampaign();
    const { port, hostname } = new URL(site.url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        const head = `POST ${C}/${id}/codes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\n`;
        socket.write(`${head}Content-Type: text/csv\r\nContent-Length: 1000\r\n\r\nA-1\nB-2\nC-3\n`, () => {
          setTimeout(() => socket.destroy(), 50);
        });
      });
      socket.once('close', () => resolve());
    });
    expect(await importedIn(id)).toBe(0);
    // Nor is anything of it in the way.
    expect((await send(id, 'A-1\nB-2\n')).json).toMatchObject({ imported: 2, first: 1 });
  });
});

describe('codes that were there before', () => {
  it('are named with their lines, in the file and in the pool', async () => {
    const id = await poolCampaign();
    await send(id, 'A-1\nB-2\n');
    const { status, json } = await send(id, 'C-3\nB-2\nD-4\nC-3\n');
    expect(status).toBe(422);
    expect(json).toMatchObject({
      code: 'duplicate_codes',
      total: 2,
      lines: [
        { line: 2, reason: 'in_pool' },
        { line: 4, reason: 'in_file', sameAs: 1 },
      ],
    });
    expect(await importedIn(id)).toBe(2);
  });

  it('are left out when that is asked for, and the others are numbered without a gap', async () => {
    const id = await poolCampaign(5);
    await send(id, 'A-1\nB-2\n');
    const { json } = await send(id, 'C-3\nB-2\nD-4\nC-3\nA-1\nE-5\n', {}, '?onDuplicate=skip');
    expect(json).toMatchObject({ imported: 3, skipped: 3, first: 3, last: 5, total: 5 });
    expect(await codesOf(id, 5)).toEqual(['A-1', 'B-2', 'C-3', 'D-4', 'E-5']);
    const again = await send(id, 'A-1\nE-5\n', {}, '?onDuplicate=skip');
    expect([again.status, again.json]).toMatchObject([
      200,
      { imported: 0, skipped: 2, first: null, total: 5 },
    ]);
  });

  it('are told when two send the same at once: one is taken', async () => {
    const id = await poolCampaign();
    const file = Array.from({ length: 3000 }, (_, i) => `SAME-${i}`).join('\n');
    const answers = await Promise.all([send(id, file), send(id, file), send(id, file)]);
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 422, 422]);
    expect(await importedIn(id)).toBe(3000);
  });
});

describe('a pool', () => {
  it('is counted, and has its line in the audit log', async () => {
    const id = await poolCampaign(2);
    expect((await site.admin(`${C}/${id}/codes`)).json).toMatchObject({
      imported: 0,
      left: 0,
      lastImportAt: null,
    });
    await send(id, 'A-1\nB-2\nC-3\n');
    await codesOf(id, 1);
    expect((await site.admin(`${C}/${id}/codes`)).json).toEqual({
      ...{ source: 'pool', issued: 1, imported: 3, assigned: 1, left: 2, imports: 1 },
      lastImportAt: expect.stringMatching(/^20/) as string,
    });
    const { json } = await site.admin('/v1/admin/audit?limit=50');
    const lines = (json['items'] as { action: string; target: string }[]).filter(
      ({ target }) => target === id,
    );
    expect(lines.map(({ action }) => action)).toContain('codes.import');
    expect(JSON.stringify(json)).not.toContain('A-1');
  });

  it('that is smaller than the quantity keeps its campaign closed, and its quantity down', async () => {
    const id = await poolCampaign(3);
    await send(id, 'A-1\nB-2\n');
    const open = (): Promise<Answer> => site.admin(`${C}/${id}/open`, { method: 'POST' });
    const opened = await open();
    expect([opened.status, opened.json]).toMatchObject([
      409,
      { code: 'pool_too_small', imported: 2, quantity: 3 },
    ]);
    await send(id, 'C-3\n');
    expect((await open()).status).toBe(200);
    const raise = async (): Promise<Answer> => {
      const etag = (await site.admin(`${C}/${id}`)).headers.get('etag') as string;
      return site.admin(`${C}/${id}`, {
        method: 'PATCH',
        headers: { 'if-match': etag },
        body: { quantity: 4 },
      });
    };
    expect((await raise()).json['code']).toBe('pool_too_small');
    // An open campaign takes more codes, behind those that are there.
    expect((await send(id, 'D-4\n')).json).toMatchObject({ first: 4, total: 4 });
    expect((await raise()).status).toBe(200);
    for (const [user, code] of [
      ['u-1', 'A-1'],
      ['u-2', 'B-2'],
      ['u-3', 'C-3'],
      ['u-4', 'D-4'],
    ] as const) {
      expect((await site.press(id, user)).json['claim']).toMatchObject({ code });
    }
    expect((await site.admin(`${C}/${id}/integrity`)).json['ok']).toBe(true);
  });

  it('is not of a campaign that opens by the clock before its codes are there', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const body = { name: 'soon', quantity: 1, codes: { source: 'pool' }, opensAt: soon };
    expect((await site.admin(C, { body })).json['code']).toBe('pool_too_small');
  });

  it('is refused where codes are not imported, and where there is no campaign', async () => {
    await site.campaign('generated', 1);
    expect((await send('generated', 'A-1')).json['code']).toBe('not_a_pool');
    expect((await send('nobody', 'A-1')).json['code']).toBe('campaign_not_found');
    expect((await send(await poolCampaign(), 'A-1', {}, '?onDuplicate=maybe')).json['code']).toBe(
      'invalid_query',
    );
  });

  it('gives codes that are told everywhere alike, found as they are, and used once', async () => {
    const id = await poolCampaign(2);
    const codes = ['피자-"무료" \\ 1', '=cmd|x'];
    await send(id, codes.join('\n'), { 'content-type': 'text/plain' });
    expect(await codesOf(id, 2)).toEqual(codes);
    const again = await site.press(id, 'u-0');
    expect([again.status, (again.json['claim'] as { code: string }).code]).toEqual([200, codes[0]]);
    const mine = await site.call(`/v1/campaigns/${id}/claims/me?userId=u-1`);
    expect(mine.json['claim'] ?? mine.json).toMatchObject({ code: codes[1] });
    const held = await site.call('/v1/me/coupons?userId=u-1');
    expect(held.text).toContain(codes[1]);
    const listed = (await site.admin(`${C}/${id}/claims`)).json['items'] as { code: string }[];
    expect(listed.map(({ code }) => code)).toEqual(codes);
    const csv = (await site.admin(`${C}/${id}/claims.csv`)).text;
    expect(csv).toContain("'=cmd|x");
    const at = (code: string, act = ''): string => `/v1/admin/coupons/${encodeURIComponent(code)}${act}`;
    expect((await site.admin(at(` ${codes[0]} `))).json).toMatchObject({ seq: 1, code: codes[0] });
    expect((await site.admin(at('=CMD|X'))).status).toBe(404);
    const tries = await Promise.all(
      Array.from({ length: 20 }, () => site.admin(at(codes[1] as string, '/redeem'), { method: 'POST' })),
    );
    expect(tries.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});

describe('dibs codes', () => {
  const dibs = (args: string[], input: string): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      const env = cleanEnv({ DIBS_URL: site.url, DIBS_ADMIN_KEY: ADMIN_KEY });
      const child = execFile(
        process.execPath,
        ['src/cli/dibs.ts', 'codes', ...args],
        { env },
        (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
      );
      child.stdin?.end(input);
    });

  it('imports a file, tells lines that it cannot, and how many there are', async () => {
    const id = await poolCampaign();
    const send = (input: string, ...more: string[]) =>
      dibs(['import', '--campaign', id, '-f', '-', ...more], input);
    expect(await send('A-1\nB-2\n')).toMatchObject({
      code: 0,
      out: '✓ 2 codes imported, numbers 1 to 2; 2 in the pool\n',
    });
    const refused = await send('C-3\nA-1\n');
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('line 2: in the pool already')]);
    const skipped = await send('C-3\nA-1\n', '--on-duplicate', 'skip', '--json');
    expect(JSON.parse(skipped.out)).toMatchObject({ imported: 1, skipped: 1, total: 3 });
    expect((await dibs(['status', '--campaign', id], '')).out).toMatch(/imported +3\n/);
  });
});
