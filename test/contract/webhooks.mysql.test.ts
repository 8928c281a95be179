// Protects: webhooks in MariaDB keep the promises of ports/webhooks and ports/deliveries.

import { makeSqlOperators } from '../../src/adapters/sql/operators.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { mysqlStoredPorts } from '../../src/main/stored-ports.ts';
import { webhooksContract } from '../support/contract/webhooks.ts';
import { inMariaDb } from '../support/in-mariadb.ts';

await inMariaDb((emptied) => {
  webhooksContract('MariaDB', async () => {
    const mysql = await emptied('webhook_endpoints', 'webhook_deliveries', 'audit');
    return { ...mysqlStoredPorts(mysql, makeSystem()), operators: makeSqlOperators(mysql.db) };
  });
});
