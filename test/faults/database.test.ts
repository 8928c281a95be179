// Protects: whatever becomes of the database in the middle of a rush, nothing that was told is missing in the end, nothing
// is there twice, and the gate is never looked after by two.

import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { type Installation, install, named, uninstall } from '../support/distributed.ts';
import { survive } from '../support/distributed-rush.ts';
import { makeTrouble } from '../support/mysql-trouble.ts';

const installed = await install();
afterAll(() => uninstall(installed));

const THIRD = 1 / 3;

describe.skipIf(installed === null)('MariaDB', () => {
  const { maria, site } = installed as Installation;

  it('is killed with -9 and started again', async () => {
    await survive(site, { fault: 'MariaDB killed with -9 and started again' }, async (crowd) => {
      await crowd.at(THIRD);
      await maria.kill();
      await wait(300);
      await maria.restart();
    });
  });

  it('is read-only for 10 s', async () => {
    await survive(site, { fault: 'MariaDB read-only for 10 s' }, async (crowd) => {
      await crowd.at(THIRD);
      await site.query('SET GLOBAL read_only = 1');
      await wait(10_000);
      await site.query('SET GLOBAL read_only = 0');
    });
  });

  it('ends transactions as deadlocked', async () => {
    const deadlocks = async () => {
      const [row] = await site.query("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'");
      return Number(row?.['Value']);
    };
    const before = await deadlocks();
    await survive(site, { fault: 'Deadlocks forced, three times' }, async (crowd, campaignId) => {
      const trouble = await makeTrouble(maria.adminUrl);
      for (const share of [0.2, 0.4, 0.6]) {
        await crowd.at(share);
        await trouble.hold();
        const id = await trouble.waiting();
        const [locked] = await site.query(
          `SELECT info.INFO AS asked FROM information_schema.PROCESSLIST AS info WHERE info.ID = ${id}`,
        );
        const sources = await site.query("SELECT source FROM recorder WHERE source LIKE '%/%'");
        for (const { source } of sources) {
          await trouble.ask(String(source)).catch(() => undefined);
        }
        await trouble.letGo();
        expect(locked, campaignId).toBeDefined();
      }
      await trouble.end();
    });
    expect(await deadlocks()).toBeGreaterThan(before);
  });
});

describe.skipIf(installed === null)('a second supervisor and relay', () => {
  const { site } = installed as Installation;

  it('is there at once, and the first is killed', async () => {
    await site.start('back-b', { roles: 'relay,recorder,jobs' });
    const options = { fault: 'Two supervisors and relays at once, one killed', quantity: 6000 };
    await survive(site, options, async (crowd) => {
      await crowd.at(THIRD);
      await named(site, 'back').kill();
      await crowd.at(2 * THIRD);
      await named(site, 'back').start();
    });
  });
});
