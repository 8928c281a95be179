// Protects: the topic of requests gets more partitions while people press, and nobody notices but by waiting: units are
// given in the order of the log over both versions, exactly as many as there are; tickets are answered the same by
// every process before and after, when the older topic is long gone too. Nothing of that depends on the command being
// let finish, on there being one of it, or on a process that hears of it in time.

import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Admin } from '@platformatic/kafka';
import { afterAll, describe, expect, it } from 'vitest';
import { requestedTopic } from '../../src/adapters/kafka/topics.ts';
import { cleanEnv } from '../support/clean-env.ts';
import {
  type DibsProcess,
  makeSite,
  named,
  type Services,
  startProcesses,
  startServices,
  stopServices,
} from '../support/distributed.ts';
import { lookUp, type Person, sendPeople } from '../support/versioned-people.ts';

const services = await startServices();
const program = fileURLToPath(new URL('../../src/cli/dibs.ts', import.meta.url));

/** Some last for everybody, one is sold out on the way, and one before; to that one more is added afterwards. */
const QUANTITIES = { red: 10_000, green: 10_000, white: 150, black: 20 };
const CAMPAIGNS = Object.keys(QUANTITIES);
const MORE = 30;
const EVERY_MS = 60;
/** By then every process has heard of a newer version. */
const SWITCH_MS = 3_000;

interface Ran {
  code: number | null;
  out: string;
}

describe.skipIf(services === null)('another version of the topic of requests', () => {
  const { redis, kafka, maria } = services as Services;
  const site = makeSite({ kafka, maria }, redis.url);
  afterAll(async () => {
    await site.close();
    await stopServices(services);
  });

  function start(...args: string[]): { child: ChildProcess; ran: Promise<Ran> } {
    const env = cleanEnv({
      DIBS_KAFKA_BROKERS: kafka.url,
      DIBS_KAFKA_PARTITIONS: '3',
      DIBS_DATABASE_URL: maria.url,
    });
    const child = spawn(process.execPath, [program, 'topics', ...args], { env, stdio: 'pipe' });
    let out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (out += text));
    return { child, ran: new Promise((resolve) => child.once('exit', (code) => resolve({ code, out }))) };
  }
  const migrate = (partitions: number) => start('migrate', '--partitions', String(partitions));
  const versions = async (): Promise<string[]> =>
    (await site.query('SELECT partitions, state FROM topic_versions ORDER BY version')).map(
      (row) => `${row['partitions']} ${row['state']}`,
    );

  it('is gone over to while people press', { timeout: 240_000 }, async () => {
    await startProcesses(site, {
      'api-a': 'api',
      'api-b': 'api',
      'back-a': 'decider,relay,recorder,jobs',
      'back-b': 'decider',
    });
    await Promise.all(
      Object.entries(QUANTITIES).map(([id, quantity]) => site.open(id, quantity, { mode: 'ordered' })),
    );
    const people = sendPeople(site, CAMPAIGNS, EVERY_MS);
    const onThird = () => people.all.filter(({ version }) => version >= 3).length;
    await wait(2_000);
    const first = migrate(5);
    await expect.poll(async () => (await versions()).length, { timeout: 30_000, interval: 20 }).toBe(2);
    first.child.kill('SIGKILL');
    expect(await migrate(5).ran).toMatchObject({ code: 0, out: expect.stringContaining('version 2 with 5') });
    expect(await versions()).toEqual(['3 drained', '5 current']);
    await raise('black', QUANTITIES.black + MORE);
    await wait(1_000);
    await lagging(named(site, 'api-b'));
    await expect.poll(onThird, { timeout: 30_000 }).toBeGreaterThan(50);
    const all = await people.stop();
    expectOrder(all);
    await expectSame(all);
    await removeTopic(1);
    await named(site, 'api-a').stop();
    await named(site, 'api-a').start();
    await expectSame(all);
  });

  /** One that is stopped in the middle of everything, and goes on when the version it writes is closed. */
  async function lagging(api: DibsProcess): Promise<void> {
    process.kill(-(api.pid as number), 'SIGSTOP');
    const both = await Promise.all([migrate(8).ran, migrate(9).ran]);
    process.kill(-(api.pid as number), 'SIGCONT');
    // The other is refused, or comes when the first one is done.
    expect(
      both.some(({ code }) => code === 0),
      JSON.stringify(both),
    ).toBe(true);
    expect((await versions()).slice(0, 2)).toEqual(['3 drained', '5 drained']);
  }

  async function raise(id: string, quantity: number): Promise<void> {
    const path = `/v1/admin/campaigns/${id}`;
    const { headers } = await site.call('GET', path);
    const told = await fetch(`${named(site, 'api-a').url}${path}`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${site.adminKey}`,
        'content-type': 'application/json',
        'if-match': String(headers['etag']),
      },
      body: JSON.stringify({ quantity }),
    });
    expect(told.status).toBe(200);
  }

  async function removeTopic(version: number): Promise<void> {
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.url] });
    await admin.deleteTopics({ topics: [requestedTopic(version), `${requestedTopic(version)}.dlq`] });
    await admin.close();
  }

  function expectOrder(all: readonly Person[]): void {
    const withTicket = all.filter(({ ticket }) => ticket !== '');
    const seen = new Set(withTicket.map(({ version }) => version));
    expect([1, 2, 3].filter((version) => !seen.has(version))).toEqual([]);
    for (const campaignId of CAMPAIGNS) {
      const quantity =
        QUANTITIES[campaignId as keyof typeof QUANTITIES] + (campaignId === 'black' ? MORE : 0);
      const everybody = all.filter((person) => person.campaignId === campaignId);
      const wins = everybody.filter(({ seq }) => seq !== null);
      const given = Math.min(quantity, everybody.length);
      expect(new Set(wins.map(({ seq }) => seq)).size, campaignId).toBe(given);
      expect(Math.max(...wins.map(({ seq }) => seq ?? 0)), campaignId).toBe(given);
      expectInOrder(everybody, campaignId === 'black');
    }
  }

  /**
   * Who was taken in before another one pressed stands before him on the log: in the same version of the topic, and in
   * an older one, which is decided to its end first. While processes hear of a newer version one after the other, a
   * request may be in both, and counts where it was first. `raised`: units were added, and who had lost before has lost.
   */
  function expectInOrder(everybody: readonly Person[], raised: boolean): void {
    const began = new Map<number, number>();
    for (const { version, takenAt } of everybody) {
      began.set(version, Math.min(takenAt, began.get(version) ?? Number.POSITIVE_INFINITY));
    }
    for (const person of everybody) {
      const { seq, version, pressedAt } = person;
      const isSettled = version === 1 || pressedAt > (began.get(version) as number) + SWITCH_MS;
      if (seq === null || version === 0 || !isSettled) continue;
      const before = everybody.filter((one) => one.version <= version && one.takenAt < pressedAt);
      const wrong = before.filter((one) => (one.seq === null ? !raised : one.seq >= seq));
      expect(wrong, JSON.stringify(person)).toEqual([]);
    }
  }

  /** Every ticket, at both processes that people press at. */
  async function expectSame(all: readonly Person[]): Promise<void> {
    const withTicket = all.filter(({ ticket }) => ticket !== '');
    for (const api of site.apis()) {
      for (let at = 0; at < withTicket.length; at += 20) {
        await Promise.all(
          withTicket.slice(at, at + 20).map(async ({ campaignId, userId, ticket, verdict, seq }) => {
            const told = await lookUp(api, campaignId, userId, ticket);
            expect({ userId, ticket, ...told }).toEqual({ userId, ticket, verdict, seq });
          }),
        );
      }
    }
  }
});
