// Protects: operators bring files and take them as they were; what is no CSV is refused and leaves nothing; who may not
// read codes reads no uploads.

import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Site } from '../support/http-site.ts';
import { ADMIN_KEY, startSite } from '../support/http-site.ts';

let site: Site;
const F = '/v1/admin/files';
const CSV = { 'content-type': 'text/csv' };
const GZIP = { 'content-type': 'application/gzip' };

beforeAll(async () => {
  site = await startSite({ fileBytesMax: 1_048_576 });
});
afterAll(() => site.stop());

const upload = (body: string | Uint8Array, headers: Record<string, string> = CSV, query = '') =>
  site.admin(F + query, { body, headers });

async function keyOf(role: string): Promise<Record<string, string>> {
  const made = await site.admin('/v1/admin/keys', { body: { name: role, role } });
  return { authorization: `Bearer ${String(made.json['key'])}` };
}

const download = (id: string, headers = { authorization: `Bearer ${ADMIN_KEY}` } as Record<string, string>) =>
  fetch(`${site.url}${F}/${id}`, { headers });

describe('a file', () => {
  it('comes back as it was sent, byte by byte, with its name', async () => {
    const text = `\ufeffu-1\r\nu-2\n${'u-3,안녕\n'.repeat(60_000)}`;
    const made = await upload(text, CSV, `?name=${encodeURIComponent('대상자.csv')}`);
    expect(made.status).toBe(201);
    const sha256 = createHash('sha256').update(text).digest('hex');
    const bytes = Buffer.byteLength(text);
    expect(made.json).toMatchObject({
      name: '대상자.csv',
      type: 'text/csv',
      role: 'admin',
      by: 'env',
      bytes,
      sha256,
    });
    const { id } = made.json as { id: string };
    expect(made.headers.get('location')).toBe(`${F}/${id}`);
    const back = await download(id);
    expect(Buffer.from(await back.arrayBuffer()).equals(Buffer.from(text))).toBe(true);
    expect(back.headers.get('content-disposition')).toBe(
      'attachment; filename="___.csv"; filename*=UTF-8\'\'%EB%8C%80%EC%83%81%EC%9E%90.csv',
    );
    expect(back.headers.get('x-content-type-options')).toBe('nosniff');
    const audit = (await site.admin('/v1/admin/audit')).json['items'] as { action: string; target: string }[];
    expect(audit.slice(0, 2).map(({ action, target }) => [action, target])).toEqual([
      ['file.download', id],
      ['file.upload', id],
    ]);
  });

  it('may be gzip', async () => {
    const zipped = gzipSync('u-1\n');
    const made = await upload(zipped, GZIP);
    expect(made.json).toMatchObject({ name: 'upload.csv.gz', type: 'application/gzip' });
    const back = await download(String(made.json['id']));
    expect(Buffer.from(await back.arrayBuffer()).equals(zipped)).toBe(true);
  });

  it('is listed newest first, and gone when it is removed', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.unshift(String((await upload(`u-${i}\n`)).json['id']));
    const first = await site.admin(`${F}?limit=2`);
    const items = first.json['items'] as { id: string; createdAt: string }[];
    expect(items).toHaveLength(2);
    const next = await site.admin(`${F}?limit=1000&cursor=${String(first.json['next'])}`);
    const all = [...items, ...(next.json['items'] as { id: string }[])].map(({ id }) => id);
    expect(all).toEqual(expect.arrayContaining(ids));
    expect(new Set(all).size).toBe(all.length);
    const gone = await site.admin(`${F}/${ids[0]}`, { method: 'DELETE' });
    expect(gone.status).toBe(204);
    for (const method of ['GET', 'DELETE']) {
      const again = await site.admin(`${F}/${ids[0]}`, { method });
      expect([again.status, again.json['code']]).toEqual([404, 'file_not_found']);
    }
  });

  it('is nothing for keys that may not', async () => {
    const { id } = (await upload('u-1\n')).json as { id: string };
    const [read, operate] = [await keyOf('read'), await keyOf('operate')];
    expect((await site.call(F, { body: 'x', headers: { ...CSV, ...read } })).status).toBe(403);
    expect((await site.call(F, { body: 'x', headers: CSV })).status).toBe(401);
    expect((await site.call(F, { body: 'x\n', headers: { ...CSV, ...operate } })).status).toBe(201);
    expect((await download(id, read)).status).toBe(403);
    expect((await download(id, operate)).status).toBe(403);
    expect((await download(id, {})).status).toBe(401);
    expect((await site.call(`${F}/${id}`, { method: 'DELETE', headers: read })).status).toBe(403);
  });
});

describe('what is no file for a job', () => {
  const utf16 = Buffer.from('\ufeffu-1\n', 'utf16le');
  const late = Buffer.concat([Buffer.alloc(400_000, 'a'), Buffer.from([0, 1, 2])]);
  const wrong: [string, string | Uint8Array, Record<string, string>, number, string][] = [
    ['nothing at all', '', CSV, 400, 'invalid_body'],
    ['UTF-16', utf16, CSV, 415, 'unsupported_media_type'],
    ['UTF-16, the other way', Buffer.from(utf16).swap16(), CSV, 415, 'unsupported_media_type'],
    ['binary', randomBytes(5000), CSV, 415, 'unsupported_media_type'],
    ['binary after a while', late, CSV, 415, 'unsupported_media_type'],
    ['gzip under a wrong name', gzipSync('a'), CSV, 415, 'unsupported_media_type'],
    ['CSV as gzip', 'u-1\n', GZIP, 415, 'unsupported_media_type'],
    ['JSON', '{}', { 'content-type': 'application/json' }, 415, 'unsupported_media_type'],
    ['no type', Buffer.from('a'), {}, 415, 'unsupported_media_type'],
    ['too large', Buffer.alloc(1_100_000, 'a'), CSV, 413, 'body_too_large'],
  ];
  it.each(wrong)('%s', async (_what, body, headers, status, code) => {
    const before = (await site.admin(F)).text;
    const refused = await upload(body, headers);
    expect([refused.status, refused.json['code']]).toEqual([status, code]);
    expect((await site.admin(F)).text).toBe(before);
    expect(
      await site.parts.stored.files.list({ before: null, untouchedSince: Number.MAX_SAFE_INTEGER }, 9),
    ).toEqual([]);
  });

  it('too large without saying so beforehand', async () => {
    const body = new ReadableStream({
      pull: (out) => out.enqueue(Buffer.alloc(100_000, 'a')),
    });
    const sent = fetch(site.url + F, {
      method: 'POST',
      headers: { ...CSV, authorization: `Bearer ${ADMIN_KEY}` },
      body,
      duplex: 'half',
    } as RequestInit);
    const answer = await sent.catch((error: Error) => error);
    if (!(answer instanceof Error)) expect(answer.status).toBe(413);
    const left = { before: null, untouchedSince: Number.MAX_SAFE_INTEGER };
    await expect.poll(() => site.parts.stored.files.list(left, 9)).toEqual([]);
  });

  it('a name with a path in it', async () => {
    for (const name of ['../x', 'a/b', 'a\\b', 'a%22b', 'a%0d%0ab', '']) {
      const refused = await upload('u\n', CSV, `?name=${name}`);
      expect([refused.status, refused.json['code']]).toEqual([400, 'invalid_query']);
    }
  });

  it('cut in half', async () => {
    const head = `POST ${F} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_KEY}\r\nContent-Type: text/csv\r\n`;
    await site.raw(`${head}Content-Length: 100000\r\n\r\nu-1\nu-2\n`, 100);
    const left = { before: null, untouchedSince: Number.MAX_SAFE_INTEGER };
    await expect.poll(() => site.parts.stored.files.list(left, 9)).toEqual([]);
    const before = (await site.admin(`${F}?limit=1000`)).json['items'] as { bytes: number }[];
    expect(before.every(({ bytes }) => bytes !== 8)).toBe(true);
  });
});
