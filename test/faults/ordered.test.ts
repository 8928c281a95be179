// Protects: ordered mode with Kafka and MariaDB, with Redis beside them and without. The log decides: exactly as many
// win as there are units, in its order; everybody is told, and told the same by every process for ever; who is refused
// early leaves nothing on the log. Where Redis is not there, everything about it says so.

import { execFile } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKafkaEnds } from '../../src/adapters/kafka/ends.ts';
import { requestedTopic } from '../../src/adapters/kafka/topics.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import {
  type DibsProcess,
  makeSite,
  named,
  newDatabase,
  type Services,
  type Site,
  startProcesses,
  startServices,
  stopServices,
} from '../support/distributed.ts';
import { type OrderedRush, PARTITIONS, surviveOrdered } from '../support/distributed-ordered.ts';
import {
  expectExact,
  flowAt,
  operatorAt,
  runsOf,
  toldBetween,
} from '../support/distributed-ordered-operators.ts';
import { makePeople, type People, saidIn } from '../support/ordered-people.ts';

const services = await startServices();
afterAll(() => stopServices(services));

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('../../src/cli/dibs.ts', import.meta.url));
const PEOPLE = 3_000;
const UNITS = 100;
const AT_ONCE = 100;
const PROCESSES = { 'api-a': 'api', 'api-b': 'api', back: 'decider,relay,recorder,jobs' };

describe.skipIf(services === null)('ordered mode with Redis', () => {
  const { redis, kafka, maria } = services as Services;
  const site = makeSite({ kafka, maria }, redis.url);
  afterAll(() => site.close());

  it('gives 100 units to the first of 3,000 on the log, and tells everybody', async () => {
    await startProcesses(site, PROCESSES);
    await expectFirst(site, kafka.url, '');
  });
});

describe.skipIf(services === null)('ordered mode without Redis', () => {
  const { kafka, maria } = services as Services;
  const prefix = 'far.';
  let site: Site;
  let own: Record<string, string>;
  beforeAll(async () => {
    own = { DIBS_KAFKA_PREFIX: prefix, DIBS_DATABASE_URL: await newDatabase(maria, 'far') };
    site = makeSite({ kafka, maria }, '', own);
    await startProcesses(site, PROCESSES);
  });
  afterAll(() => site.close());

  it('gives 100 units to the first of 3,000 on the log, and tells everybody', async () => {
    await expectFirst(site, kafka.url, prefix);
  });

  it('says of what needs Redis that it is not there', async () => {
    await expectNoRedis(site);
    await expectDoctor({
      ...own,
      DIBS_KAFKA_BROKERS: kafka.url,
      DIBS_KAFKA_PARTITIONS: String(PARTITIONS),
    });
  });

  it('pauses, resumes and closes at one process while people press at the other', async () => {
    const { act } = operatorAt(site, named(site, 'api-a'));
    await site.open('halts', 100_000, { mode: 'ordered' });
    const { tries, end } = flowAt(named(site, 'api-b'), 'halts');
    await expect.poll(() => tries.some(({ verdict }) => verdict === 'won'), { timeout: 20_000 }).toBe(true);
    const paused = await act('halts', 'pause');
    await wait(400);
    const until = performance.now();
    const resumed = await act('halts', 'resume');
    await wait(400);
    const closing = performance.now();
    const closed = await act('halts', 'close');
    await wait(300);
    await end();
    expect(toldBetween(tries, paused, until)).toEqual(['paused']);
    expect(toldBetween(tries, resumed, closing)).toEqual(['won']);
    expect(toldBetween(tries, closed)).toEqual(['closed']);
    // As soon as the other process knows of it, it puts nobody on the log any more.
    expect(runsOf(tries).join()).toMatch(/^won(,paused,won)?(,closed)?$/);
    await expectExact(site, 'halts', tries);
  });

  it('raises a quantity at one process while people press at the other', async () => {
    const { quantity } = operatorAt(site, named(site, 'api-a'));
    await site.open('grows', 50, { mode: 'ordered' });
    const { tries, end } = flowAt(named(site, 'api-b'), 'grows');
    const count = (word: string) => tries.filter(({ verdict }) => verdict === word).length;
    await expect.poll(() => count('sold_out'), { timeout: 20_000 }).toBeGreaterThan(20);
    const raised = await quantity('grows', 300);
    await expect.poll(() => count('won'), { timeout: 20_000 }).toBe(300);
    await end();
    expect(runsOf(tries).slice(0, 3).join()).toBe('won,sold_out,won');
    const won = tries.filter(({ verdict }) => verdict === 'won');
    // Whoever pressed after that was refused when all of the new ones were gone too, early or on the log.
    const refused = tries.filter(({ verdict, pressedAt }) => verdict === 'sold_out' && pressedAt > raised);
    expect(
      refused.filter(({ toldAt }) => won.filter(({ pressedAt }) => pressedAt < toldAt).length < 300),
    ).toEqual([]);
    await expectExact(site, 'grows', tries);
  });

  it("opens by the broker's clock", async () => {
    const opensAt = Date.now() + 2_500;
    const campaign = { id: 'dawn', name: 'dawn', quantity: 100_000, mode: 'ordered' };
    const more = { opensAt: new Date(opensAt).toISOString() };
    expect((await site.call('POST', '/v1/admin/campaigns', { ...campaign, ...more })).status).toBe(201);
    await Promise.all(site.apis().map(({ url }) => expect.poll(() => isKnown(url, 'dawn')).toBe(true)));
    const { tries, end } = flowAt(named(site, 'api-b'), 'dawn');
    await expect
      .poll(() => tries.filter(({ seq }) => seq !== null).length, { timeout: 20_000 })
      .toBeGreaterThan(50);
    await end();
    const opened = opensAt - performance.timeOrigin;
    expect(tries.some(({ verdict }) => verdict === 'not_open')).toBe(true);
    expect(toldBetween(tries, opened)).toEqual(['won']);
    expect(['won', 'not_open,won']).toContain(runsOf(tries).join());
    const [first] = await site.query(
      'SELECT MIN(won_at) AS at FROM claims JOIN campaigns ON no = campaign_no WHERE id = ?',
      ['dawn'],
    );
    expect(Number(first?.['at'])).toBeGreaterThanOrEqual(opensAt);
    await expectExact(site, 'dawn', tries);
  });
});

async function isKnown(url: string, campaignId: string): Promise<boolean> {
  return (await fetch(`${url}/v1/campaigns/${campaignId}`)).ok;
}

async function expectFirst(site: Site, kafkaUrl: string, prefix: string): Promise<void> {
  const options = { fault: null, quantity: UNITS, users: PEOPLE, persons: 200, perSecond: 4_000 };
  const rush = await surviveOrdered(site, options, (crowd) => crowd.at(1));
  const { crowd } = rush;
  expect(crowd.told).toBe(UNITS);
  // Nothing fails here; but a machine that is busy with other things may be late with a few, who then ask again.
  expect(crowd.unknown + crowd.retries, JSON.stringify(crowd.words)).toBeLessThan(PEOPLE / 20);
  const waits = crowd.waitsMs.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(waits[Math.floor(share * (waits.length - 1))] as number);
  process.stdout.write(
    `told by ticket: ${waits.length}, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; refused early: ${crowd.early}\n`,
  );
  const ends = openKafkaEnds({
    connection: { brokers: [kafkaUrl], clientId: 'test' },
    system: makeSystem(),
    topic: `${prefix}${requestedTopic(1)}`,
    partitions: PARTITIONS,
  });
  try {
    const before = await ends.ends();
    await expectSameAgain(site, rush);
    expect(await ends.ends()).toEqual(before);
  } finally {
    await ends.close();
  }
}

/** Everybody presses once more, at one process or the other, and newcomers do. */
async function expectSameAgain(site: Site, { campaignId, crowd }: OrderedRush): Promise<void> {
  const won = new Map<string, string>();
  for (const { userId, seq, code } of crowd.tickets) {
    if (seq !== null) won.set(userId, JSON.stringify({ verdict: 'already_won', seq, code }));
  }
  const refused = JSON.stringify({ verdict: 'sold_out', seq: null, code: null });
  const doors = site.apis().map((api) => makePeople(api, AT_ONCE));
  const said = await all(PEOPLE + 200, async (at) => {
    const userId = `${campaignId}-${at}`;
    const door = doors[at % doors.length] as People;
    const now = JSON.stringify(saidIn(await door.press(campaignId, userId)));
    return now === (won.get(userId) ?? refused) ? null : `${userId} ${now}`;
  });
  await Promise.all(doors.map((door) => door.close()));
  expect(said.filter((one) => one !== null)).toEqual([]);
}

async function all<Result>(count: number, act: (at: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++) results[at] = await act(at);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return results;
}

async function expectNoRedis(site: Site): Promise<void> {
  for (const [mode, more] of [
    ['instant', {}],
    ['queued', { release: { perSecond: 10 } }],
  ] as const) {
    const id = `needs-${mode}`;
    const made = { id, name: id, quantity: 1, mode, ...more };
    const opensAt = '2099-01-01T00:00:00Z';
    const wanted = { code: 'mode_unavailable', setting: 'DIBS_REDIS_URL' };
    expect(await site.call('POST', '/v1/admin/campaigns', { ...made, opensAt })).toMatchObject({
      status: 409,
      body: wanted,
    });
    expect((await site.call('POST', '/v1/admin/campaigns', made)).status).toBe(201);
    expect(await site.call('POST', `/v1/admin/campaigns/${id}/open`)).toMatchObject({
      status: 409,
      body: wanted,
    });
    const people = makePeople(site.apis()[0] as DibsProcess, 1);
    const early = { status: 409, body: { code: 'not_open' } };
    await expect.poll(() => people.press(id, 'early')).toMatchObject(early);
    await people.close();
  }
  for (const one of site.processes) expect(await rolesOf(one), one.name).toMatchObject({ status: 200 });
}

/** What `dibs doctor` says of parts without Redis. */
async function expectDoctor(env: Record<string, string>): Promise<void> {
  const { PATH = '' } = process.env;
  const asked = [PROGRAM, 'doctor', '--offline', '--json'];
  const { stdout } = await run(process.execPath, asked, { env: { ...env, PATH } });
  const { ok, parts, levels } = JSON.parse(stdout) as Record<
    string,
    { part: string; name: string; found: string }[]
  >;
  expect([ok, parts?.map(({ part }) => part)]).toEqual([true, ['Kafka', 'MySQL']]);
  const holding = levels?.filter(({ found }) => found.startsWith('holds')).map(({ name }) => name);
  expect(holding).toEqual(['logged']);
}

async function rolesOf({ url }: DibsProcess): Promise<{ status: number; roles: object }> {
  const answer = await fetch(`${url}/readyz`);
  const { roles } = (await answer.json()) as { roles: Record<string, string> };
  expect(roles).not.toHaveProperty('gate');
  return { status: answer.status, roles };
}
