// Protects: what was set aside in MariaDB keeps the promises of ports/dead-letters.

import { afterAll, describe, onTestFinished } from 'vitest';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { openMysql } from '../../src/adapters/mysql/open.ts';
import { lettersContract } from '../support/contract/letters.ts';
import { makerOfMysqlPlaces } from '../support/mysql-place.ts';

const maria = await startOrSkip(() => startMariaDb());
const places = maria && makerOfMysqlPlaces(maria.url);
const hand = maria && (await openMysql(maria.url));

afterAll(async () => {
  await hand?.close();
  await places?.close();
  await maria?.stop();
});

describe.skipIf(places === null)('in MariaDB', () => {
  if (!places || !hand) return;
  const run = (statement: string) => hand.pool.query(statement);
  const refusing = async (table: string, unless: string): Promise<void> => {
    await run(`ALTER TABLE ${table} ADD CONSTRAINT not_now CHECK (${unless})`);
  };
  const mend = async (): Promise<void> => {
    for (const table of ['claims', 'dead_letters'])
      await run(`ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS not_now`);
  };
  lettersContract('MariaDB', async () => {
    onTestFinished(mend);
    return {
      ...(await places.make()),
      refuse: (first, last) => refusing('claims', `seq NOT BETWEEN ${first} AND ${last}`),
      refuseLetters: () => refusing('dead_letters', 'tries < 0'),
      mend,
    };
  });
});
