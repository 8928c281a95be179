// Protects: figures in MariaDB keep the promises of ports/figures.

import { afterAll, describe } from 'vitest';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { mysqlStoredPorts } from '../../src/main/stored-ports.ts';
import { figuresContract } from '../support/contract/figures.ts';
import { placeIn } from '../support/mysql-place.ts';

const maria = await startOrSkip(() => startMariaDb());
let opened: Promise<Mysql> | undefined;

afterAll(async () => {
  await (await opened)?.close();
  await maria?.stop();
});

const TABLES = ['figure_counts', 'figure_sources', 'part_faults', 'claims', 'campaigns', 'recorder'] as const;

describe.skipIf(maria === null)('in MariaDB', () => {
  if (!maria) return;
  figuresContract('MariaDB', async () => {
    opened ??= openMysql(maria.url);
    const mysql = await opened;
    for (const table of TABLES) await mysql.db.deleteFrom(table).execute();
    return { figures: mysqlStoredPorts(mysql, makeSystem()).figures, place: placeIn(mysql) };
  });
});
