// Protects: whatever breaks in the middle of a rush of an ordered campaign, without Redis: units go out in the order of
// the log and exactly, whoever was told is told the same for ever, nobody is told what is not so, and everybody is told
// in the end.

import { setTimeout as wait } from 'node:timers/promises';
import { Producer } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partitionOf } from '../../src/adapters/kafka/partition-of.ts';
import { requestedTopic } from '../../src/adapters/kafka/topics.ts';
import { placeOf } from '../../src/core/request.ts';
import { makeTickets } from '../../src/flow/tickets.ts';
import {
  type DibsProcess,
  makeSite,
  named,
  type Services,
  startProcesses,
  startServices,
  stopServices,
} from '../support/distributed.ts';
import { deciderOf, PARTITIONS, surviveOrdered } from '../support/distributed-ordered.ts';
import type { OrderedCrowd } from '../support/distributed-ordered-crowd.ts';
import { makePeople, ticketPath } from '../support/ordered-people.ts';

const services = await startServices();
const MASTER = 'a master secret of the faults of ordered mode, 0123456789';
const TOPIC = requestedTopic(1);
/** A person who is not one of the crowd by himself. */
const APART = 1_000_000;
const PROCESSES = {
  'api-a': 'api',
  'api-b': 'api',
  'back-a': 'decider,relay,recorder,jobs',
  'back-b': 'decider',
};

describe.skipIf(services === null)('ordered mode', () => {
  const { kafka, maria } = services as Services;
  const site = makeSite({ kafka, maria }, '', { DIBS_MASTER_SECRET: MASTER });
  const decider = (campaignId: string): Promise<DibsProcess> => deciderOf(site, campaignId, TOPIC);
  const signal = (one: DibsProcess, name: NodeJS.Signals) => process.kill(-(one.pid as number), name);
  beforeAll(() => startProcesses(site, PROCESSES));
  afterAll(async () => {
    await site.close();
    await stopServices(services);
  });

  it('outlives its decider, killed with -9 twice', async () => {
    const fault = 'Ordered: the deciding process killed with -9, twice';
    await surviveOrdered(site, { fault }, async (crowd, campaignId) => {
      const under: Promise<void>[] = [];
      for (const share of [0.2, 0.5]) {
        await crowd.at(share);
        const one = await decider(campaignId);
        await wait(30 * Math.random());
        await one.kill();
        under.push(one.start());
      }
      await Promise.all(under);
    });
  });

  it('has two deciders, one of which was stopped while the other took over', async () => {
    const fault =
      'Ordered: the deciding process stopped (SIGSTOP), and on again after another had taken over';
    await surviveOrdered(site, { fault }, async (crowd, campaignId) => {
      await crowd.at(0.2);
      const one = await decider(campaignId);
      await wait(30 * Math.random());
      signal(one, 'SIGSTOP');
      await expect.poll(async () => (await decider(campaignId)).name, { timeout: 20_000 }).not.toBe(one.name);
      await crowd.at(0.6);
      signal(one, 'SIGCONT');
      await crowd.at(0.9);
    });
  });

  it('shares its partitions anew while it decides', async () => {
    const fault = 'Ordered: a second decider leaves, and joins again';
    await surviveOrdered(site, { fault, perSecond: 500 }, async (crowd) => {
      await crowd.at(0.1);
      await named(site, 'back-b').stop();
      await named(site, 'back-b').start();
      await crowd.at(0.7);
    });
  });

  it('outlives one of two API processes', async () => {
    const fault = 'Ordered: one of two API processes killed with -9';
    await surviveOrdered(site, { fault }, async (crowd) => {
      await crowd.at(1 / 3);
      await named(site, 'api-a').kill();
      await crowd.at(2 / 3);
      await named(site, 'api-a').start();
    });
  });

  it('sets aside what nobody can read, and decides the rest in its order', async () => {
    const fault = 'Ordered: unreadable messages on the topic of requests';
    await surviveOrdered(site, { fault }, poison);
  });

  async function poison(crowd: OrderedCrowd, campaignId: string): Promise<void> {
    await crowd.at(1 / 3);
    const partition = partitionOf(Buffer.from(campaignId), PARTITIONS);
    const producer = new Producer({ clientId: 'poison', bootstrapBrokers: [kafka.url] });
    const bad = ['no JSON', '{"specversion":"9.0"}', ''];
    const messages = bad.map((text) => ({ topic: TOPIC, partition, value: Buffer.from(text) }));
    const { offsets = [] } = await producer.send({ messages });
    await producer.close();
    const first = Number(offsets.find((one) => one.partition === partition)?.offset);
    const letters = async () => {
      const like = `${TOPIC}/${partition}:${first}`;
      return (await site.query('SELECT reason FROM dead_letters WHERE source = ?', [like])).length;
    };
    await expect.poll(letters, { timeout: 10_000 }).toBe(1);
    const userId = `${campaignId}-${APART}`;
    // Whose request it was: he is told that nobody knows, and may press again.
    const ticket = makeTickets(Buffer.from(MASTER)).make(
      campaignId,
      { kind: 'ordered', topicVersion: 1, partition, offset: placeOf(first, 0, 1) },
      userId,
    );
    for (const api of site.apis()) {
      const people = makePeople(api, 1);
      // Each process hears of it a moment later.
      const told = await people.ask(ticketPath(campaignId, ticket, userId, '10s'));
      expect(told).toMatchObject({ status: 503, body: { code: 'outcome_unknown' } });
      await people.close();
    }
    expect(await crowd.also(APART)).toBe('won');
  }

  it('outlives Kafka, killed with -9', async () => {
    const fault = 'Ordered: Kafka killed with -9 and started again';
    const { crowd } = await surviveOrdered(site, { fault }, async (sent) => {
      await sent.at(1 / 3);
      await kafka.kill();
      const away = expect.poll(() => readiness(named(site, 'api-b')), { timeout: 20_000 }).toBe(503);
      await Promise.all([away, kafka.restart()]);
    });
    expect(crowd.words['gate_unavailable']).toBeGreaterThan(0);
    await expect.poll(() => readiness(named(site, 'api-b')), { timeout: 20_000 }).toBe(200);
  });

  it('outlives MariaDB, killed with -9', async () => {
    const fault = 'Ordered: MariaDB killed with -9 and started again';
    await surviveOrdered(site, { fault }, async (crowd, campaignId) => {
      await crowd.at(1 / 3);
      await maria.kill();
      await pendingMeanwhile(campaignId, `${campaignId}-${APART}`);
      const also = crowd.also(APART);
      await maria.restart();
      expect(await also).toBe('won');
    });
  });

  const readiness = async ({ url }: DibsProcess) => (await fetch(`${url}/readyz`)).status;

  /** Tries are taken on, and nobody is told anything of them. */
  async function pendingMeanwhile(campaignId: string, userId: string): Promise<void> {
    const people = makePeople(named(site, 'api-b'), 1);
    const pressed = await people.press(campaignId, userId);
    expect(pressed).toMatchObject({ status: 202, body: { verdict: 'pending' } });
    const path = ticketPath(campaignId, String(pressed.body['ticket']), userId, '1s');
    expect(await people.ask(path)).toMatchObject({ status: 200, body: { verdict: 'pending' } });
    await people.close();
  }
});
