// Protects: whatever becomes of Kafka, and of those who read from it, in the middle of a rush: what was told is on the
// log, what is on the log is in the record once, and what cannot be read is set aside while the rest goes on.

import { setTimeout as wait } from 'node:timers/promises';
import { Producer } from '@platformatic/kafka';
import { afterAll, describe, expect, it } from 'vitest';
import { TOPICS } from '../../src/adapters/kafka/topics.ts';
import { type DibsProcess, type Installation, install, named, uninstall } from '../support/distributed.ts';
import type { Crowd } from '../support/distributed-crowd.ts';
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

  it('is silent for 8 s', async () => {
    await survive(site, { fault: 'Kafka silent for 8 s (SIGSTOP)' }, async (crowd) => {
      await crowd.at(THIRD);
      kafka.pause();
      await wait(8000);
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

describe.skipIf(installed === null)('the recorder', () => {
  const { site } = installed as Installation;

  /** Kills and starts `one` again, over and over, until the crowd is nearly through. */
  async function killAgainAndAgain(crowd: Crowd, one: DibsProcess, times: number): Promise<void> {
    for (let nth = 1; nth <= times; nth++) {
      await crowd.at((0.8 * nth) / times);
      await wait(Math.random() * 50);
      await one.kill();
      await one.start();
    }
  }

  it('is killed with -9 at any moment, four times', async () => {
    await site.start('recorder', { roles: 'recorder' });
    const back = named(site, 'back');
    await back.stop();
    await site.start('relay', { roles: 'relay,jobs' });
    const options = { fault: 'Recorder killed with -9, four times', quantity: 6000 };
    await survive(site, options, (crowd) => killAgainAndAgain(crowd, named(site, 'recorder'), 4));
  });

  it('shares the partitions with a second one that comes and goes', async () => {
    const second = await site.start('recorder-b', { roles: 'recorder' });
    const options = { fault: 'Two recorders, taking partitions over from each other', quantity: 6000 };
    await survive(site, options, async (crowd) => {
      await crowd.at(0.2);
      await named(site, 'recorder').stop();
      await crowd.at(0.5);
      await named(site, 'recorder').start();
      await crowd.at(0.7);
      await second.kill();
      await second.start();
    });
  });
});
