// Protects: winners get their coupons by the job `issue`, each once, from a record in MariaDB.

import { afterAll, describe } from 'vitest';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import { makeMysqlRecord } from '../../src/adapters/mysql/record.ts';
import { makeSqlCampaigns } from '../../src/adapters/sql/campaigns.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { mysqlStoredPorts } from '../../src/main/stored-ports.ts';
import { issueJobContract } from '../support/contract/issue-job.ts';
import { leftInOutbox } from '../support/left-in-outbox.ts';
import { T0 } from '../support/samples.ts';

const maria = await startOrSkip(() => startMariaDb());
let opened: Promise<Mysql> | undefined;

afterAll(async () => {
  await (await opened)?.close();
  await maria?.stop();
});

describe.skipIf(maria === null)('in MariaDB', () => {
  if (!maria) return;
  issueJobContract('MariaDB', async () => {
    opened ??= openMysql(maria.url);
    const mysql = await opened;
    for (const table of ['campaigns', 'claims', 'recorder', 'outbox', 'audit'] as const)
      await mysql.db.deleteFrom(table).execute();
    const system = makeSystem();
    return {
      record: makeMysqlRecord({ mysql, system: { ...system, now: () => T0 } }),
      campaigns: makeSqlCampaigns(mysql.db),
      coupons: mysqlStoredPorts(mysql, system).coupons,
      outbox: (campaignId) => leftInOutbox(mysql.db, campaignId),
    };
  });
});
