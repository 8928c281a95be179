// Protects: ordered mode with Kafka and MariaDB, with Redis beside them and without. The log decides: exactly as many
// win as there are units, in its order; everybody is told, and told the same by every process for ever; who is refused
// early leaves nothing on the log. Where Redis is not there, everything about it says so.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { openKafkaEnds } from '../../src/adapters/kafka/ends.ts';
import { requestedTopic } from '../../src/adapters/kafka/topics.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import {
  type DibsProcess,
  makeSite,
  newDatabase,
  type Services,
  type Site,
  startProcesses,
  startServices,
  stopServices,
} from '../support/distributed.ts';
import { type OrderedRush, PARTITIONS, surviveOrdered } from '../support/distributed-ordered.ts';
import { makePeople, type People, saidIn } from '../support/ordered-people.ts';

const services = await startServices();
afterAll(() => stopServices(services));

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('../../src/cli/dibs.ts', import.meta.url));
const PEOPLE = 3_000;
const UNITS = 100;
const AT_ONCE = 100;
const PROCESSES = { 'api-a': 'api', 'api-b': 'api', back: 'decider,relay,recorder,jobs' };

describe.skipIf(services === null)('3,000 people and 100 units', () => {
  const { redis, kafka, maria } = services as Services;

  it('with Redis: the first 100 on the log, and everybody is told', async () => {
    const site = makeSite({ kafka, maria }, redis.url);
    try {
      await startProcesses(site, PROCESSES);
      await expectFirst(site, '');
    } finally {
      await site.close();
    }
  });

  it('without Redis: the same, and what needs Redis says so', async () => {
    const prefix = 'far.';
    const own = { DIBS_KAFKA_PREFIX: prefix, DIBS_DATABASE_URL: await newDatabase(maria, 'far') };
    const site = makeSite({ kafka, maria }, '', own);
    try {
      await startProcesses(site, PROCESSES);
      await expectFirst(site, prefix);
      await expectNoRedis(site);
      await expectDoctor({
        ...own,
        DIBS_KAFKA_BROKERS: kafka.url,
        DIBS_KAFKA_PARTITIONS: String(PARTITIONS),
      });
    } finally {
      await site.close();
    }
  });

  async function expectFirst(site: Site, prefix: string): Promise<void> {
    const options = { fault: null, quantity: UNITS, users: PEOPLE, persons: 200, perSecond: 4_000 };
    const rush = await surviveOrdered(site, options, (crowd) => crowd.at(1));
    const { crowd } = rush;
    expect(crowd.told).toBe(UNITS);
    expect([crowd.unknown, crowd.retries]).toEqual([0, 0]);
    const waits = crowd.waitsMs.toSorted((a, b) => a - b);
    const at = (share: number) => Math.round(waits[Math.floor(share * (waits.length - 1))] as number);
    process.stdout.write(
      `told by ticket: ${waits.length}, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; refused early: ${crowd.early}\n`,
    );
    const ends = openKafkaEnds({
      connection: { brokers: [kafka.url], clientId: 'test' },
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
});

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
