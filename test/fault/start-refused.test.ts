/** Protects: a start that cannot work says why and what to do, ends with a code, and changes nothing. */

import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { newDataDir, openCampaign, removeDataDir, startServer } from '../support/server.ts';

let dataDir = newDataDir();
const folders: string[] = [];
beforeEach(() => {
  dataDir = newDataDir();
  folders.push(dataDir);
});
afterAll(() => {
  for (const folder of folders) removeDataDir(folder);
});

const refusal = (env: Record<string, string>, dir = dataDir): Promise<string> =>
  startServer(dir, env).then(
    async (server) => {
      await server.kill();
      return 'it started';
    },
    (error: Error) => error.message,
  );

test.each([
  ['an unknown name, with the one that was meant', { DIBS_PROT: '1' }, /DIBS_PROT.*DIBS_PORT/],
  ['a port that is none', { DIBS_RATE_LIMIT: 'fast' }, /DIBS_RATE_LIMIT=.*fast/],
  ['open names on a public address', { DIBS_HOST: '0.0.0.0' }, /DIBS_AUTH/],
  ['tokens without a key to check them by', { DIBS_AUTH: 'jwt' }, /DIBS_JWT_SECRET|DIBS_JWKS_URL/],
  [
    'a secret file that is not there',
    { DIBS_MASTER_SECRET_FILE: '/nowhere/secret' },
    /DIBS_MASTER_SECRET_FILE/,
  ],
  ['parts that this version has not', { DIBS_REDIS_URL: 'redis://127.0.0.1:1' }, /DIBS_REDIS_URL/],
])('refuses %s', async (_name, env, message) => {
  const said = await refusal(env);
  expect(said).toMatch(/^the server ended with 1: /);
  expect(said).toMatch(message);
  expect(said).not.toMatch(/\n\s+at /);
  expect(readdirSync(dataDir)).toEqual([]);
});

test('refuses a port that is in use, and names it', async () => {
  const other = createServer();
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
  const { port } = other.address() as AddressInfo;
  const said = await refusal({ DIBS_PORT: String(port) });
  expect(said).toMatch(new RegExp(`^the server ended with 1: .*${port}.*in use`));
  other.close();
});

test('refuses a data folder that is a file', async () => {
  const file = join(dataDir, 'file');
  writeFileSync(file, 'not a folder');
  expect(await refusal({}, file)).toMatch(/ended with 1: .*DIBS_DATA_DIR/);
});

test('a second owner is refused with the first one’s pid, and the first goes on', {
  timeout: 20_000,
}, async () => {
  const first = await startServer(dataDir);
  const said = await refusal({});
  expect(said).toContain(`process ${first.child.pid}`);
  expect((await fetch(`${first.url}/readyz`)).status).toBe(200);
  expect(await first.stop()).toBe(0);
});

test('refuses another master secret than the one its campaigns were made under', {
  timeout: 20_000,
}, async () => {
  const first = await startServer(dataDir, { DIBS_MASTER_SECRET: 'a'.repeat(40) });
  await openCampaign(first, 'sealed', 5);
  await first.stop();
  const said = await refusal({ DIBS_MASTER_SECRET: 'b'.repeat(40) });
  expect(said).toMatch(/^the server ended with 1: .*Campaign sealed .*DIBS_MASTER_SECRET/);
  const again = await startServer(dataDir, { DIBS_MASTER_SECRET: 'a'.repeat(40) });
  expect(await again.stop()).toBe(0);
});
