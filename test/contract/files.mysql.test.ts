// Protects: files in MariaDB keep the promises of ports/files.

import { makeSqlOperators } from '../../src/adapters/sql/operators.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { mysqlStoredPorts } from '../../src/main/stored-ports.ts';
import { filesContract } from '../support/contract/files.ts';
import { inMariaDb } from '../support/in-mariadb.ts';

await inMariaDb((emptied) => {
  filesContract('MariaDB', async () => {
    const mysql = await emptied('files', 'file_parts', 'audit');
    return { files: mysqlStoredPorts(mysql, makeSystem()).files, operators: makeSqlOperators(mysql.db) };
  });
});
