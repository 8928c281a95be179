// Protects: a recorder may die at any moment, also between its commit and the next look at the log, and partitions may
// change hands in the middle of a batch: what is on the log is in the record once.

import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, describe, it } from 'vitest';
import {
  type DibsProcess,
  makeSite,
  named,
  type Site,
  startProcesses,
  startServices,
  stopServices,
} from '../support/distributed.ts';
import type { Crowd } from '../support/distributed-crowd.ts';
import { survive } from '../support/distributed-rush.ts';

const services = await startServices();
const made = services && makeSite(services, services.redis.url);
const roles = { 'api-a': 'api', 'api-b': 'api', relay: 'relay,jobs', recorder: 'recorder' };
if (made !== null) await startProcesses(made, roles);
afterAll(async () => {
  await made?.close();
  await stopServices(services);
});

describe.skipIf(made === null)('the recorder', () => {
  const site = made as Site;

  /** Kills and starts `one` again, over and over, until the crowd is nearly through. */
  async function killAgainAndAgain(crowd: Crowd, one: DibsProcess, times: number): Promise<void> {
    for (let nth = 1; nth <= times; nth++) {
      await crowd.at((0.8 * nth) / times);
      await wait(Math.random() * 50);
      await one.kill();
      await one.start();
    }
  }

  it('is killed with -9 at any moment, three times', async () => {
    const options = { fault: 'Recorder killed with -9, three times', quantity: 6000 };
    await survive(site, options, (crowd) => killAgainAndAgain(crowd, named(site, 'recorder'), 3));
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
