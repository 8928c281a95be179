// Protects: wins that the database does not take in are set aside and told of on `<topic>.dlq`, count as issued also for a
// gate that is made anew, and are issued later by the job, each with the code that was told, once.

import { afterAll, describe, expect, it } from 'vitest';
import { askRedis } from '../../scripts/services/ask-redis.ts';
import { install, named, type Site, uninstall } from '../support/distributed.ts';
import type { Told } from '../support/server.ts';
import { makeCrowd } from '../support/server.ts';

const installation = await install();
afterAll(() => uninstall(installation));

const ID = 'shop';
const PATH = '/v1/admin/dead-letters';

describe.skipIf(installation === null)('37 wins that the database did not take in', () => {
  const site = installation?.site as Site;
  const told = new Map<number, { userId: string; code: string }>();

  const claimOf = ({ body }: Told) => body['claim'] as { seq: number; code: string; userId: string };
  async function press(users: readonly string[]): Promise<Told[]> {
    const crowd = makeCrowd(named(site, 'api-a'), 20);
    const all = await Promise.all(users.map((user) => crowd.press(ID, user)));
    await crowd.close();
    return all;
  }
  const counts = async () => {
    const rows = await site.query(
      'SELECT state, COUNT(*) AS count, SUM(sent_at IS NULL) AS unsent FROM dead_letters GROUP BY state',
    );
    return rows.map((row) => [String(row['state']), Number(row['count']), Number(row['unsent'])]);
  };
  const red = async () => {
    const { body } = await site.call('GET', `/v1/admin/campaigns/${ID}/integrity`);
    return (body['checks'] as { id: string; ok: boolean }[]).filter(({ ok }) => !ok).map(({ id }) => id);
  };

  it('are told, set aside, and told of', async () => {
    await site.open(ID, 100);
    await site.query('ALTER TABLE claims ADD CONSTRAINT a_fault_put_in CHECK (seq NOT BETWEEN 64 AND 100)');
    for (const one of await press(Array.from({ length: 150 }, (_, i) => `u-${i}`))) {
      if (one.status !== 201) continue;
      const { seq, code, userId } = claimOf(one);
      told.set(seq, { userId, code });
    }
    expect(told.size).toBe(100);
    await expect.poll(counts, { timeout: 20_000 }).toEqual([['dead', 37, 0]]);
    const { body } = await site.call('GET', `${PATH}?campaign=${ID}&limit=1`);
    expect(body['items']).toMatchObject([{ state: 'dead', wouldDo: { kind: 'would_stay' } }]);
    expect(JSON.stringify(body['items'])).toContain('a_fault_put_in');
    expect(await red()).toEqual(['I3']);
  });

  it('are not given again by a gate that was made anew, and their users are told what they were told', async () => {
    if (installation) await askRedis(installation.redis, 'FLUSHALL');
    const [, { userId, code }] = [...told].find(([seq]) => seq === 80) as [
      number,
      { userId: string; code: string },
    ];
    await expect.poll(async () => (await press(['late']))[0]?.status, { timeout: 30_000 }).toBe(409);
    const [again, other] = await press([userId, 'later']);
    expect(claimOf(again as Told)).toMatchObject({ seq: 80, code });
    expect(other?.body['code']).toBe('sold_out');
    expect(await red()).toEqual(['I3']);
  });

  it('are issued by the job once the fault is gone, and twice is once', async () => {
    await site.query('ALTER TABLE claims DROP CONSTRAINT a_fault_put_in');
    for (const written of [37, 0]) {
      const asked = await site.call('POST', '/v1/admin/jobs/retry-dead-letters/runs', {
        params: { campaign: ID },
      });
      const read = async () =>
        (await site.call('GET', `/v1/admin/jobs/runs/${String(asked.body['id'])}`)).body;
      await expect.poll(async () => (await read())['status'], { timeout: 30_000 }).toBe('completed');
      expect((await read())['steps']).toMatchObject([{ written }]);
    }
    expect(await counts()).toEqual([['replayed', 37, 0]]);
    const { body } = await site.call('GET', `/v1/admin/campaigns/${ID}/claims?limit=1000`);
    const rows = body['items'] as { seq: number; userId: string; code: string }[];
    expect(rows).toHaveLength(100);
    for (const { seq, userId, code } of rows) expect(told.get(seq)).toEqual({ userId, code });
    expect(await red()).toEqual([]);
  });
});
