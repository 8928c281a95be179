// Protects: each way to a Redis works with a real one (TLS, a user with no more rights than he needs, a sentinel and its
// failover), and what stands in the way is said.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { runToEnd, temporaryFolder } from '../../scripts/services/local.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { startRedis, startReplica, startSentinel } from '../../scripts/services/redis.ts';
import {
  connectRedis,
  parseRedisUrl,
  type RedisClient,
  untilReady,
} from '../../src/adapters/redis/connect.ts';
import type { RedisGate } from '../../src/adapters/redis/gate.ts';
import { arming, armWithPast, plainGate } from '../support/redis-gate.ts';
import { sampleAttempt, sampleCampaign } from '../support/samples.ts';

const TIMEOUT_MS = 30_000;
const ID = sampleCampaign().id;
const redis = await startOrSkip(() => startRedis());

/** The rights of docs/reference/redis.md. */
const ACL = /^ACL SETUSER .*$/m.exec(
  readFileSync(new URL('../../docs/reference/redis.md', import.meta.url), 'utf8'),
);

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
afterAll(() => redis?.stop());

function connect(url: string, ca?: string): { client: RedisClient; faults: string[] } {
  const address = parseRedisUrl(url);
  if (address.kind === 'invalid') throw new Error(address.why);
  const faults: string[] = [];
  const onFault = (error: Error) => faults.push(error.message);
  const client = connectRedis(address, {
    callMaxMs: 500,
    onFault,
    ...(ca === undefined ? {} : { tls: { ca } }),
  });
  ends.push(() => client.disconnect());
  return { client, faults };
}

async function firstFault(url: string): Promise<string> {
  const { client, faults } = connect(url);
  for (let i = 0; i < 200 && faults.length === 0; i++) await new Promise((wake) => setTimeout(wake, 10));
  expect(client.status).not.toBe('ready');
  return faults[0] ?? 'none';
}

const verdict = (gate: RedisGate, userId: string) =>
  new Promise<string>((resolve) => gate.claim(ID, sampleAttempt(userId), (given) => resolve(given.verdict)));

/** Everything that the gate does with Redis, once. */
async function wholeLife(client: RedisClient): Promise<void> {
  await untilReady(client);
  const faults: string[] = [];
  const gate = plainGate(client, { prefix: '', onFault: (_, why) => faults.push(why) });
  await gate.configure(sampleCampaign({ openedAt: 1 }));
  await gate.arm(ID, arming(1, { bounds: { blockEnd: 1, leaseUntil: null } }));
  expect([await verdict(gate, 'ann'), faults]).toEqual(['won', []]);
  expect(await gate.extend(ID, 1, { blockEnd: 9, leaseUntil: null })).toBe(true);
  expect(await gate.holdings(ID, 'ann')).toHaveLength(1);
  await gate.load(ID, { seqs: Float64Array.of(4), wonAt: Float64Array.of(1), userIds: ['bob'], keys: null });
  expect(await gate.arm(ID, arming(2, { holders: 'staged' }))).toMatchObject({ kind: 'armed', issued: 1 });
  expect(await verdict(gate, 'bob')).toBe('already_won');
  expect(await gate.counts(ID)).toMatchObject({ issued: 1, lastSeq: 4 });
  await gate.unload(ID);
}

describe.skipIf(redis === null)('a connection', () => {
  it('goes through TLS, to who can be trusted only', { timeout: TIMEOUT_MS }, async () => {
    const folder = temporaryFolder('tls');
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const make = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
    ];
    await runToEnd('openssl', [...make, ...subject], { cwd: folder });
    const secure = await startRedis({ tls: { cert, key, ca: cert }, password: 'se@cret' });
    ends.push(() => secure.stop());
    await wholeLife(connect(secure.url, readFileSync(cert, 'utf8')).client);
    expect(await firstFault(secure.url)).toContain('self-signed certificate');
    expect(await firstFault(secure.url.replace('rediss:', 'redis:'))).toMatch(/ECONNRESET|closed/);
  });

  it('needs no more rights than the reference says', async () => {
    const { client } = connect(redis?.url as string);
    await untilReady(client);
    const [command, ...words] = (ACL?.[0] ?? '').replaceAll('`', '').split(/\s+/) as [string, ...string[]];
    await client.call(command, ...words.map((word) => word.replace('>…', '>secret')));
    await wholeLife(connect(redis?.url.replace('//', '//dibs:secret@') as string).client);
    expect(await firstFault(redis?.url.replace('//', '//dibs:wrong@') as string)).toContain('WRONGPASS');
  });

  it('follows a sentinel to the replica that it promotes, which is closed at first', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const primary = await startRedis();
    ends.push(() => primary.stop());
    const replica = await startReplica(primary);
    ends.push(() => replica.stop());
    const sentinel = await startSentinel(primary);
    ends.push(() => sentinel.stop());
    const { client } = connect(sentinel.url);
    await wholeLife(client);
    const gate = plainGate(client, { prefix: '' });
    await gate.configure(sampleCampaign({ openedAt: 1 }));
    await gate.arm(ID, arming(1));
    expect(await verdict(gate, 'ann')).toBe('won');
    // Short waits: a long one would run into the client's own deadline for a command.
    await expect.poll(() => client.wait(1, 100), { timeout: 20_000 }).toBe(1);
    await primary.kill();
    let told = 'unavailable';
    for (let i = 0; i < 400 && told !== 'rebuilding'; i++) {
      expect(['unavailable', 'unknown']).toContain(told);
      await new Promise((wake) => setTimeout(wake, 50));
      told = await verdict(gate, 'bob');
    }
    await armWithPast(gate, ID, 2);
    expect([await verdict(gate, 'ann'), await verdict(gate, 'bob')]).toEqual(['already_won', 'won']);
  });

  it('says that the sentinels do not know the name', async () => {
    const sentinel = await startSentinel(redis as NonNullable<typeof redis>);
    ends.push(() => sentinel.stop());
    expect(await firstFault(sentinel.url.replace('/main', '/other'))).toContain(
      'No such master with that name',
    );
  });
});
