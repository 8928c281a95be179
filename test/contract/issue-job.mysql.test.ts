// Protects: winners get their coupons by the job `issue`, each once, from a record in MariaDB.

import { makeMysqlRecord } from '../../src/adapters/mysql/record.ts';
import { makeSqlCampaigns } from '../../src/adapters/sql/campaigns.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { mysqlStoredPorts } from '../../src/main/stored-ports.ts';
import { issueJobContract } from '../support/contract/issue-job.ts';
import { inMariaDb } from '../support/in-mariadb.ts';
import { leftInOutbox } from '../support/left-in-outbox.ts';
import { T0 } from '../support/samples.ts';

await inMariaDb((emptied) => {
  issueJobContract('MariaDB', async () => {
    const mysql = await emptied('campaigns', 'claims', 'recorder', 'outbox', 'audit');
    const system = makeSystem();
    return {
      record: makeMysqlRecord({ mysql, system: { ...system, now: () => T0 } }),
      campaigns: makeSqlCampaigns(mysql.db),
      coupons: mysqlStoredPorts(mysql, system).coupons,
      outbox: (campaignId) => leftInOutbox(mysql.db, campaignId),
    };
  });
});
