// Protects: MariaDB lets go of old rows and of people as ports/retention promises.

import { makeSystem } from '../../src/adapters/system/system.ts';
import { mysqlStoredPorts } from '../../src/main/stored-ports.ts';
import { retentionContract } from '../support/contract/retention.ts';
import { inMariaDb } from '../support/in-mariadb.ts';
import { dumpOf } from '../support/mysql-dump.ts';
import { PLACE_TABLES, placeIn } from '../support/mysql-place.ts';

/** Besides those of a place. */
const TABLES = [
  'files',
  'file_parts',
  'job_runs',
  'webhook_deliveries',
  'figure_counts',
  'figure_sources',
  'part_faults',
];

await inMariaDb((emptied) => {
  retentionContract('MariaDB', async () => {
    const mysql = await emptied(...PLACE_TABLES, ...TABLES);
    const stored = mysqlStoredPorts(mysql, makeSystem());
    return {
      ...placeIn(mysql),
      retention: stored.retention,
      stored,
      dump: () => dumpOf(mysql.pool),
    };
  });
});
