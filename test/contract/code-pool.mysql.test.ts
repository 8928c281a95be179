// Protects: a pool in MariaDB keeps the promises of ports/code-pool.

import { afterAll, describe } from 'vitest';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import { makeSqlCampaigns } from '../../src/adapters/sql/campaigns.ts';
import { makeSqlOperators } from '../../src/adapters/sql/operators.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { mysqlStoredPorts } from '../../src/main/stored-ports.ts';
import { codePoolContract } from '../support/contract/code-pool.ts';
import { sampleAudit, sampleCampaign } from '../support/samples.ts';

const maria = await startOrSkip(() => startMariaDb());
let opened: Promise<Mysql> | undefined;
let made = 0;

afterAll(async () => {
  await (await opened)?.close();
  await maria?.stop();
});

describe.skipIf(maria === null)('in MariaDB', () => {
  if (!maria) return;
  codePoolContract('MariaDB', async () => {
    opened ??= openMysql(maria.url);
    const mysql = await opened;
    for (const table of ['pool_imports', 'pool_codes'] as const) await mysql.db.deleteFrom(table).execute();
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
