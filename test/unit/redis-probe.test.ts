// Protects: a Redis that cannot hold a gate is refused at once and in words that say what to change, and no level is
// said to hold that does not.

import { readFileSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { LocalService } from '../../scripts/services/local.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import {
  type RedisOptions,
  startRedis,
  startRedisCluster,
  startReplica,
} from '../../scripts/services/redis.ts';
import {
  connectRedis,
  parseRedisUrl,
  type RedisClient,
  untilReady,
} from '../../src/adapters/redis/connect.ts';
import { RedisFault } from '../../src/adapters/redis/fault.ts';
import { probeRedis } from '../../src/adapters/redis/probe.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';

const system = makeSystem();
const redis = await startOrSkip(() => startRedis({ appendfsync: 'always' }));
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
afterAll(() => redis?.stop());

async function one(options: RedisOptions): Promise<LocalService> {
  const service = await startRedis(options);
  ends.push(() => service.stop());
  return service;
}

function connect(url: string): RedisClient {
  const address = parseRedisUrl(url);
  if (address.kind === 'invalid') throw new Error(address.why);
  const client = connectRedis(address, { callMaxMs: 2000 });
  ends.push(() => client.disconnect());
  return client;
}

async function probed(url: string) {
  const client = connect(url);
  await untilReady(client);
  return await probeRedis(client, system);
}

/** What a start says. */
async function refusal(url: string, maxMs = 3000): Promise<string> {
  const error: unknown = await untilReady(connect(url), { system, maxMs }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RedisFault);
  return (error as Error).message;
}

describe.skipIf(redis === null)('a probe', () => {
  it('finds a good Redis good, and leaves nothing in it', async () => {
    const found = await probed(redis?.url as string);
    expect(found).toMatchObject({ cluster: false, refused: [], problems: [], warnings: [] });
    expect(found.servers[0]).toMatchObject({
      maxmemoryPolicy: 'noeviction',
      appendonly: true,
      appendfsync: 'always',
      aofWriteOk: true,
      replicas: 0,
      minReplicasToWrite: 0,
      role: 'master',
    });
    expect(found.servers[0]?.runId).toMatch(/^[0-9a-f]{40}$/);
    expect(found.levels).toEqual({
      memory: { holds: true, missing: null },
      disk: { holds: true, missing: null },
      replicated: { holds: false, missing: 'a replica' },
      logged: { holds: true, missing: null },
    });
    expect(
      await connect(redis?.url as string)
        .keys('*')
        .catch(() => []),
    ).toEqual([]);
  });

  it('says which level is missing which setting', async () => {
    const weak = await one({ appendonly: false });
    const { levels, problems } = await probed(weak.url);
    expect([levels.disk, problems]).toEqual([
      { holds: false, missing: 'appendonly yes, appendfsync always' },
      [],
    ]);
    const replica = await startReplica(weak);
    ends.push(() => replica.stop());
    expect((await probed(weak.url)).levels.replicated).toEqual({ holds: true, missing: null });
    expect((await probed(replica.url)).problems[0]).toContain('it is a replica');
  });

  it.each(['allkeys-lru', 'volatile-ttl'])('stops at %s', async (policy) => {
    const evicting = await one({ args: ['--maxmemory', '64mb', '--maxmemory-policy', policy] });
    const { problems } = await probed(evicting.url);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`${policy}.*Set maxmemory-policy noeviction`));
  });

  it('stops at a Redis without memory', async () => {
    const full = await one({ args: ['--maxmemory', '1'] });
    expect((await probed(full.url)).problems[0]).toContain('OOM');
  });

  it('stops where a right is missing, and names it', async () => {
    const [line = ''] = /^ACL SETUSER .*$/m.exec(
      readFileSync(new URL('../../docs/reference/redis.md', import.meta.url), 'utf8'),
    ) ?? [''];
    const admin = connect(redis?.url as string);
    await untilReady(admin);
    const [command, ...words] = line.split(/\s+/) as [string, ...string[]];
    const grant = (name: string, ...more: string[]) =>
      admin.call(
        command,
        ...words.map((word) => (word === 'dibs' ? name : word.replace('>…', '>secret'))),
        ...more,
      );
    await grant('full');
    await grant('less', '-xtrim', '-evalsha', '-wait');
    await grant('none', '-eval');
    const url = (name: string) => redis?.url.replace('//', `//${name}:secret@`) as string;
    const full = await probed(url('full'));
    expect(full.problems).toEqual([]);
    expect(full.warnings[0]).toContain('appendfsync');
    expect(full.levels.disk.holds).toBeNull();
    expect(full.levels.replicated.missing).toBe('a replica');
    const less = await probed(url('less'));
    expect(less.problems[0]).toContain('may not run XTRIM, EVALSHA. Give him');
    expect(less.levels.replicated.missing).toBe('the right +wait');
    expect((await probed(url('none'))).problems[0]).toContain('may not run EVAL. Give him');
  });

  it('knows a cluster from a single Redis, whichever the address says', { timeout: 60_000 }, async () => {
    const cluster = await startRedisCluster(3, { appendonly: false });
    ends.push(() => cluster.stop());
    const found = await probed(cluster.url);
    expect([found.cluster, found.servers.length, found.problems]).toEqual([true, 3, []]);
    const [node] = cluster.nodes;
    expect((await probed(node?.url as string)).problems).toEqual([
      expect.stringContaining('Write its address as redis+cluster://'),
    ]);
    expect(await refusal(redis?.url.replace('redis:', 'redis+cluster:') as string)).toContain(
      'redis://host:port/db',
    );
  });
});

describe.skipIf(redis === null)('a start', () => {
  it.each<[string, (url: string) => string, RegExp]>([
    ['a wrong password', (url) => url.replace('//', '//ann:wrong@'), /WRONGPASS.*user and the password/],
    ['a database that is not there', (url) => `${url}/99`, /DB index is out of range.*0 to 15/],
    [
      'an address of sentinels that are none',
      (url) => `${url.replace('redis:', 'redis+sentinel:')}/main`,
      /no sentinel/,
    ],
  ])('does not wait at %s', async (_, change, words) => {
    const began = performance.now();
    expect(await refusal(change(redis?.url as string), 60_000)).toMatch(words);
    expect(performance.now() - began).toBeLessThan(3000);
  });

  it('does not go on in another database when it had connected before it was asked', async () => {
    const client = connect(`${redis?.url}/99`);
    await new Promise<void>((resolve) => client.once('ready', () => resolve()));
    await expect(untilReady(client)).rejects.toThrow('DB index is out of range');
  });

  it('does not wait without a password where one is asked', async () => {
    const locked = await one({ password: 'x' });
    expect(await refusal(locked.url.replace(':x@', ''), 60_000)).toMatch(/NOAUTH.*write it into its address/);
  });

  it('waits for one that is not there as long as it was told to, and then says so', async () => {
    expect(await refusal('redis://127.0.0.1:1', 300)).toMatch(
      /within 0.3 s \(connect ECONNREFUSED 127.0.0.1:1\)/,
    );
  });

  it('waits for one that comes', async () => {
    const late = await one({});
    await late.kill();
    const client = connect(late.url);
    const ready = untilReady(client, { system, maxMs: 10_000 });
    await late.restart();
    await ready;
    expect(client.status).toBe('ready');
  });
});
