// Protects: MariaDB lets go of old rows and of people as ports/retention promises.

import { afterAll, describe } from 'vitest';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { mysqlStoredPorts } from '../../src/main/stored-ports.ts';
import { retentionContract } from '../support/contract/retention.ts';
import { dumpOf } from '../support/mysql-dump.ts';
import { makerOfMysqlPlaces } from '../support/mysql-place.ts';

const maria = await startOrSkip(() => startMariaDb());
const places = maria && makerOfMysqlPlaces(maria.url);
/** Those that the place does not empty. */
const TABLES = [
  'files',
  'file_parts',
  'job_runs',
  'webhook_deliveries',
  'figure_counts',
  'figure_sources',
  'part_faults',
] as const;
let opened: Promise<Mysql> | undefined;

afterAll(async () => {
  await (await opened)?.close();
  await places?.close();
  await maria?.stop();
});

describe.skipIf(places === null)('in MariaDB', () => {
  if (!places || !maria) return;
  retentionContract('MariaDB', async () => {
    const place = await places.make();
    opened ??= openMysql(maria.url);
    const mysql = await opened;
    const stored = mysqlStoredPorts(mysql, makeSystem());
    for (const table of TABLES) await mysql.db.deleteFrom(table).execute();
    return {
      ...place,
      retention: stored.retention,
      stored,
      dump: () => dumpOf(mysql.pool),
    };
  });
});
