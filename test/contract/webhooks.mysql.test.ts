// Protects: webhooks in MariaDB keep the promises of ports/webhooks and ports/deliveries.

import { afterAll, describe } from 'vitest';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import { makeSqlOperators } from '../../src/adapters/sql/operators.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { mysqlStoredPorts } from '../../src/main/stored-ports.ts';
import { webhooksContract } from '../support/contract/webhooks.ts';

const maria = await startOrSkip(() => startMariaDb());
let opened: Promise<Mysql> | undefined;

afterAll(async () => {
  await (await opened)?.close();
  await maria?.stop();
});

describe.skipIf(maria === null)('in MariaDB', () => {
  if (!maria) return;
  webhooksContract('MariaDB', async () => {
    opened ??= openMysql(maria.url);
    const mysql = await opened;
    for (const table of ['webhook_endpoints', 'webhook_deliveries', 'audit'] as const)
      await mysql.db.deleteFrom(table).execute();
    return { ...mysqlStoredPorts(mysql, makeSystem()), operators: makeSqlOperators(mysql.db) };
  });
});
