// Protects: whatever becomes of Kafka in the middle of a rush: what was told is on the log, people hear in time that it
// cannot be, it is well again by itself, and what cannot be read is set aside while the rest goes on.

import { setTimeout as wait } from 'node:timers/promises';
import { Producer } from '@platformatic/kafka';
import { afterAll, describe, expect, it } from 'vitest';
import { TOPICS } from '../../src/adapters/kafka/topics.ts';
import { type Installation, install, uninstall } from '../support/distributed.ts';
import { survive } from '../support/distributed-rush.ts';

const installed = await install();
afterAll(() => uninstall(installed));

const THIRD = 1 / 3;

describe.skipIf(installed === null)('Kafka', () => {
  const { kafka, site } = installed as Installation;

  it('is killed with -9 and started again', async () => {
    await survive(site, { fault: 'Kafka killed with -9 and started again' }, async (crowd) => {
      await crowd.at(THIRD);
      await kafka.kill();
      await kafka.restart();
    });
  });

  it('is silent for 20 s', async () => {
    await survive(site, { fault: 'Kafka silent for 20 s (SIGSTOP)' }, async (crowd) => {
      await crowd.at(THIRD);
      kafka.pause();
      await wait(20_000);
      kafka.resume();
    });
  });

  it('holds what nobody can read', async () => {
    const letters = async () =>
      Number((await site.query('SELECT COUNT(*) AS n FROM dead_letters'))[0]?.['n']);
    const before = await letters();
    const poison = [
      'no JSON',
      '{"specversion":"9.0"}',
      `{"specversion":"1.0","type":"claim.won","data":"${'x'.repeat(50_000)}"}`,
    ];
    await survive(site, { fault: 'Unreadable messages on the topic' }, async (crowd) => {
      await crowd.at(THIRD);
      const producer = new Producer({ clientId: 'poison', bootstrapBrokers: [kafka.url] });
      const messages = [0, 1, 2].flatMap((partition) =>
        poison.map((text) => ({ topic: TOPICS.won, partition, value: Buffer.from(text) })),
      );
      await producer.send({ messages });
      await producer.close();
    });
    await expect.poll(letters, { timeout: 10_000 }).toBe(before + 9);
  });
});
