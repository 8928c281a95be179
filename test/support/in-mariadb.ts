// Contract suites in a MariaDB of the file's own: started once, opened for the first test that asks, and closed and
// stopped after the last one.

import { afterAll, describe } from 'vitest';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';

/** The database, with nothing in these tables. */
type Emptied = (...tables: readonly string[]) => Promise<Mysql>;

/** Runs `suites` in MariaDB; they are skipped where there is none. */
export async function inMariaDb(suites: (emptied: Emptied) => void): Promise<void> {
  const maria = await startOrSkip(() => startMariaDb());
  let opened: Promise<Mysql> | undefined;

  afterAll(async () => {
    await (await opened)?.close();
    await maria?.stop();
  });

  describe.skipIf(maria === null)('in MariaDB', () => {
    if (!maria) return;
    suites(async (...tables) => {
      opened ??= openMysql(maria.url);
      const mysql = await opened;
      for (const table of tables) await mysql.pool.query(`DELETE FROM ${table}`);
      return mysql;
    });
  });
}
