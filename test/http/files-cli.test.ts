// Protects: `dibs files` brings files from disk and from a pipe, packed or not, and gives back what it is asked for, byte
// by byte; what cannot be read is said before anything is sent.

import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cleanEnv } from '../support/clean-env.ts';
import { dataFolder } from '../support/data-folder.ts';
import type { Site } from '../support/http-site.ts';
import { ADMIN_KEY, startSite } from '../support/http-site.ts';

const DIBS = join(import.meta.dirname, '../../src/cli/dibs.ts');
let site: Site;

beforeAll(async () => {
  site = await startSite();
});
afterAll(() => site.stop());

async function dibs(args: string[], input = ''): Promise<{ code: number; out: Buffer; err: string }> {
  const env = cleanEnv({ DIBS_URL: site.url, DIBS_ADMIN_KEY: ADMIN_KEY });
  const child = spawn(process.execPath, [DIBS, ...args], { env });
  child.stdin.end(input);
  const gone = new Promise<number>((resolve) => child.once('close', (code) => resolve(Number(code))));
  const [out, err, code] = await Promise.all([buffer(child.stdout), text(child.stderr), gone]);
  return { code, out, err };
}

test('files go there and come back', async () => {
  const folder = dataFolder();
  const packed = join(folder, 'users.csv.gz');
  writeFileSync(packed, gzipSync('u-1\nu-2\n'));
  const [put, piped] = await Promise.all([
    dibs(['files', 'put', packed, '--json']),
    dibs(['files', 'put', '-', '--name', 'from a pipe.csv'], 'u-3\n'),
  ]);
  const sent = JSON.parse(put.out.toString()) as { id: string };
  expect(sent).toMatchObject({ name: 'users.csv.gz', type: 'application/gzip' });
  const id = piped.out.toString().trim();
  const output = join(folder, 'back.gz');
  const [got, saved, listed] = await Promise.all([
    dibs(['files', 'get', id]),
    dibs(['files', 'get', sent.id, '-o', output]),
    dibs(['files', 'list']),
  ]);
  expect(got).toMatchObject({ code: 0, out: Buffer.from('u-3\n') });
  expect(saved.code).toBe(0);
  expect(readFileSync(output).equals(readFileSync(packed))).toBe(true);
  const lines = listed.out.toString().trim().split('\n');
  const names = new Set(lines.map((line) => line.split(/ {2,}/).at(-1)));
  expect(names).toEqual(new Set(['from a pipe.csv', 'users.csv.gz']));
});

test('what is not there is said', async () => {
  const [missing, none, gone] = await Promise.all([
    dibs(['files', 'put', '/nowhere/x.csv']),
    dibs(['files', 'get', 'f-none']),
    dibs(['files', 'remove', 'f-none']),
  ]);
  expect(missing).toMatchObject({
    code: 2,
    err: expect.stringContaining('cannot be read (ENOENT)') as string,
  });
  expect(none).toMatchObject({ code: 1, err: expect.stringContaining('file_not_found') as string });
  expect(gone.code).toBe(1);
});
