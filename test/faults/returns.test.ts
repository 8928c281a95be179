// Protects: units that come back at a shared gate. Whatever dies meanwhile, each that was given or taken back goes out
// once more and no more than once, to whoever is next where people wait in line, and the invariants hold.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import { makeSite, named, type Services, type Site } from '../support/distributed.ts';
import type { Told } from '../support/server.ts';

const UNITS = 10;
const PATIENT = { timeout: 20_000 };

const services = await startOrSkip(() => Promise.all([startRedis(), startMariaDb()]));
/** Without Kafka the record is the log: a win is told when it is recorded. */
const site = services && makeSite(withoutKafka(services), services[0].url, { DIBS_KAFKA_BROKERS: '' });
afterAll(async () => {
  await site?.close();
  await Promise.all((services ?? []).map((one) => one.stop()));
});

function withoutKafka([redis, maria]: readonly [Services['redis'], Services['maria']]): Services {
  return { redis, maria, kafka: { ...redis, url: '' } };
}

describe.skipIf(site === null)('at a shared gate', () => {
  const on = site as Site;
  const person = async (method: string, path: string, userId: string): Promise<Told['body']> => {
    const api = named(on, 'api-a');
    const isPress = method === 'POST';
    const answer = await fetch(`${api.url}/v1/campaigns/${path}${isPress ? '' : `?userId=${userId}`}`, {
      method,
      ...(isPress
        ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ userId }) }
        : {}),
    });
    return (await answer.json()) as Told['body'];
  };
  const became = ({ claim, verdict, code }: Told['body']): unknown =>
    (claim as { seq: number } | undefined)?.seq ?? verdict ?? code;
  const press = async (id: string, userId: string) => became(await person('POST', `${id}/claims`, userId));
  const mine = async (id: string, userId: string) => became(await person('GET', `${id}/claims/me`, userId));
  const giveBack = (id: string, userId: string) => person('DELETE', `${id}/claims/me`, userId);
  const stateOf = async (id: string) => (await on.call('GET', `/v1/admin/campaigns/${id}`)).body;
  const numbers = (first: number, many: number) => Array.from({ length: many }, (_, i) => first + i);

  beforeAll(async () => {
    await Promise.all([
      on.start('api-a', { roles: 'api' }),
      on.start('back-a', { roles: 'relay,recorder,jobs', env: { DIBS_INSTANCE_ID: 'back-a' } }),
      on.start('back-b', { roles: 'relay,recorder,jobs', env: { DIBS_INSTANCE_ID: 'back-b' } }),
    ]);
    const codes = { source: 'generated' };
    await on.open('drop', UNITS, { codes, returnUnits: 'to_stock' });
    const queued = { mode: 'queued', release: { perSecond: 200 }, returnUnits: 'to_next_in_line' };
    await on.open('line', UNITS, { codes, ...queued });
  }, 60_000);

  it('units go out again, each once, whichever process dies', async () => {
    const users = numbers(1, UNITS).map((i) => `u-${i}`);
    for (const user of users) expect(await press('drop', user)).toBeTypeOf('number');
    expect(await press('drop', 'late')).toBe('sold_out');
    for (const user of users.slice(0, 6)) await giveBack('drop', user);
    // Whoever of the two puts them back dies while he may be at it.
    await named(on, 'back-a').kill();
    await expect.poll(async () => (await stateOf('drop'))['returned'], PATIENT).toBe(6);
    const again: unknown[] = [];
    for (const i of numbers(1, 6)) {
      await expect.poll(() => press('drop', `second-${i}`), PATIENT).toBeTypeOf('number');
      again.push(await press('drop', `second-${i}`));
    }
    expect(again).toEqual(numbers(UNITS + 1, 6));
    expect(await press('drop', 'late')).toBe('sold_out');
    await named(on, 'back-a').start();
  }, 60_000);

  it('units go to whoever is next in line, and nobody in it is sent away', async () => {
    const users = numbers(1, UNITS + 5).map((i) => `u-${i}`);
    for (const user of users) await press('line', user);
    await expect.poll(() => mine('line', `u-${UNITS}`), PATIENT).toBe(UNITS);
    expect(await mine('line', `u-${UNITS + 1}`)).toBe('pending');
    for (const user of ['u-3', 'u-1', 'u-7']) await giveBack('line', user);
    await named(on, 'back-b').kill();
    for (const i of [1, 2, 3]) {
      await expect.poll(() => mine('line', `u-${UNITS + i}`), PATIENT).toBe(UNITS + i);
    }
    expect(await mine('line', `u-${UNITS + 4}`)).toBe('pending');
    expect(await press('line', 'new')).toBe('pending');
  }, 60_000);

  it('nothing is given twice or lost', async () => {
    for (const [id, returned] of [
      ['drop', 6],
      ['line', 3],
    ] as const) {
      const { body } = await on.call('GET', `/v1/admin/campaigns/${id}/integrity`);
      expect([id, body['ok']]).toEqual([id, true]);
      const [first] = body['checks'] as { figures: object }[];
      expect(first?.figures).toMatchObject({ quantity: UNITS, recorded: UNITS, returned });
      expect(await stateOf(id)).toMatchObject({ quantity: UNITS, issued: UNITS, returned });
      const left = await on.query('SELECT COUNT(*) AS left_over FROM units_back');
      expect(Number(left[0]?.['left_over'])).toBe(0);
      const rows = await on.query(
        'SELECT seq FROM claims JOIN campaigns ON no = campaign_no WHERE id = ? ORDER BY seq',
        [id],
      );
      expect(rows.map(({ seq }) => Number(seq))).toEqual(numbers(1, UNITS + returned));
    }
  }, 30_000);
});
