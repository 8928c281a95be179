// Protects: figures in MariaDB keep the promises of ports/figures.

import { makeSystem } from '../../src/adapters/system/system.ts';
import { mysqlStoredPorts } from '../../src/main/stored-ports.ts';
import { figuresContract } from '../support/contract/figures.ts';
import { inMariaDb } from '../support/in-mariadb.ts';
import { placeIn } from '../support/mysql-place.ts';

const TABLES = ['figure_counts', 'figure_sources', 'part_faults', 'claims', 'campaigns', 'recorder'];

await inMariaDb((emptied) => {
  figuresContract('MariaDB', async () => {
    const mysql = await emptied(...TABLES);
    return { figures: mysqlStoredPorts(mysql, makeSystem()).figures, place: placeIn(mysql) };
  });
});
