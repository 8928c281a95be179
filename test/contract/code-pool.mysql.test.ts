// Protects: a pool in MariaDB keeps the promises of ports/code-pool.

import { makeSqlCampaigns } from '../../src/adapters/sql/campaigns.ts';
import { makeSqlOperators } from '../../src/adapters/sql/operators.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { mysqlStoredPorts } from '../../src/main/stored-ports.ts';
import { codePoolContract } from '../support/contract/code-pool.ts';
import { inMariaDb } from '../support/in-mariadb.ts';
import { sampleAudit, sampleCampaign } from '../support/samples.ts';

let made = 0;

await inMariaDb((emptied) => {
  codePoolContract('MariaDB', async () => {
    const mysql = await emptied('pool_imports', 'pool_codes');
    const { codePool, codeImports } = mysqlStoredPorts(mysql, makeSystem());
    return {
      ...{ codePool, codeImports, operators: makeSqlOperators(mysql.db) },
      async campaign() {
        made += 1;
        const id = `pool-${made}`;
        await makeSqlCampaigns(mysql.db).create(sampleCampaign({ id }), sampleAudit());
        return id;
      },
    };
  });
});
