// Protects: after archived campaigns of every mode were erased, neither a table of the database nor a key of Redis names
// any of their people, and each process tells them the same; what Kafka has goes when its own time has come.

import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createPool } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeSite, type Services, type Site, startServices, stopServices } from '../support/distributed.ts';
import { makeSharedCrowd } from '../support/distributed-queued.ts';
import { dumpOf } from '../support/mysql-dump.ts';

const PEOPLE = 60;
const UNITS = 20;
const MODES = ['instant', 'ordered', 'queued'] as const;
type Mode = (typeof MODES)[number];

const nameOf = (mode: Mode, nth: number): string => `zq-${mode}-${nth}`;
const NAME = /zq-(?:instant|ordered|queued)-\d+/;
const PATIENT = { timeout: 30_000, interval: 200 };

const services = await startServices();
const site: Site | null =
  services && makeSite(services, services.redis.url, { DIBS_JOBS_GIVE_WAY_SECONDS: '0' });
afterAll(async () => {
  await site?.close();
  await stopServices(services);
});

/** Every key of Redis with what is in it. */
async function dumpRedis(url: string): Promise<string> {
  const redis = new Redis(url);
  const texts: string[] = [];
  for (const key of await redis.keys('*')) {
    const bytes = await redis.dumpBuffer(key);
    const kind = await redis.type(key);
    // Small values are packed in a dump, and names stand in it as they are; these are read to be sure.
    const values =
      kind === 'hash'
        ? await redis.hgetall(key)
        : kind === 'zset'
          ? await redis.zrange(key, '0', '-1')
          : null;
    texts.push(`${key} ${bytes?.toString('latin1')} ${JSON.stringify(values)}`);
  }
  redis.disconnect();
  return texts.join('\n');
}

describe.skipIf(site === null)('the people of archived campaigns on services', () => {
  const on = site as Site;
  const { maria, redis } = services as Services;
  const dumpTables = async (): Promise<string> => {
    const pool = createPool(maria.adminUrl.replace(/[^/]+$/, maria.url.split('/').at(-1) ?? ''));
    try {
      return await dumpOf(pool);
    } finally {
      await pool.end();
    }
  };

  async function sweep(params: object): Promise<void> {
    const asked = await on.call('POST', '/v1/admin/jobs/sweep/runs', { params });
    expect(asked.status, JSON.stringify(asked.body)).toBeLessThan(300);
    for (;;) {
      const { body } = await on.call('GET', `/v1/admin/jobs/runs/${String(asked.body['id'])}`);
      if (body['status'] === 'completed') return;
      if (['failed', 'stopped'].includes(String(body['status']))) throw new Error(JSON.stringify(body));
      await wait(100);
    }
  }

  const integrity = async (mode: Mode): Promise<unknown> => {
    const { body } = await on.call('GET', `/v1/admin/campaigns/${mode}-drop/integrity`);
    return body['ok'] === true ? true : body;
  };

  beforeAll(async () => {
    await on.start('all', { roles: 'all' });
    await on.start('api-b', { roles: 'api' });
    const crowd = makeSharedCrowd(on, { connections: 30, lookMs: 100 });
    for (const mode of MODES) {
      const more = mode === 'queued' ? { release: { perSecond: 1000 } } : {};
      await on.open(`${mode}-drop`, UNITS, { mode, codes: { source: 'generated' }, ...more });
      await Promise.all(
        Array.from({ length: PEOPLE }, (_, i) => crowd.live(`${mode}-drop`, nameOf(mode, i))),
      );
    }
    await crowd.close();
    for (const mode of MODES) {
      await vi.waitUntil(async () => (await integrity(mode)) === true, PATIENT);
      for (const act of ['close', 'archive'])
        await on.call('POST', `/v1/admin/campaigns/${mode}-drop/${act}`);
    }
  }, 120_000);

  it('are in tables and keys before', async () => {
    expect(await dumpTables()).toMatch(NAME);
    expect(await dumpRedis(redis.url)).toMatch(NAME);
  });

  it('are in none of them after', { timeout: 60_000 }, async () => {
    for (const mode of MODES) await sweep({ erase: `${mode}-drop` });
    expect((await dumpTables()).match(NAME)).toBeNull();
    expect((await dumpRedis(redis.url)).match(NAME)).toBeNull();
  });

  it.each(MODES)(
    'leave counts and checks as they were, and are not known at any process: %s',
    async (mode) => {
      expect(await integrity(mode)).toBe(true);
      const [row] = await on.query(
        'SELECT COUNT(*) AS units, COUNT(DISTINCT user_id) AS users FROM claims JOIN campaigns ON no = campaign_no WHERE id = ?',
        [`${mode}-drop`],
      );
      expect(row).toMatchObject({ units: UNITS, users: UNITS });
      for (const api of on.apis()) {
        const base = `${api.url}/v1/campaigns/${mode}-drop/claims`;
        for (const nth of [0, PEOPLE - 1]) {
          // First the press: it needs nothing that a look-up has found out. The others hear of it a moment later.
          await vi.waitFor(async () => {
            const again = await fetch(base, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify({ userId: nameOf(mode, nth) }),
            });
            const told = [api.name, again.status, await again.json()];
            expect(told).toMatchObject([api.name, 409, { code: 'closed' }]);
          }, PATIENT);
          const mine = await fetch(`${base}/me?userId=${nameOf(mode, nth)}`);
          expect([api.name, mine.status, await mine.json()]).toMatchObject([
            api.name,
            404,
            { code: 'no_claim' },
          ]);
        }
      }
    },
  );
});
