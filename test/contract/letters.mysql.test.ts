// Protects: what was set aside in MariaDB keeps the promises of ports/dead-letters.

import { onTestFinished } from 'vitest';
import { lettersContract } from '../support/contract/letters.ts';
import { inMariaDb } from '../support/in-mariadb.ts';
import { PLACE_TABLES, placeIn } from '../support/mysql-place.ts';

await inMariaDb((emptied) => {
  const run = async (statement: string) => (await emptied()).pool.query(statement);
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
      ...placeIn(await emptied(...PLACE_TABLES)),
      refuse: (first, last) => refusing('claims', `seq NOT BETWEEN ${first} AND ${last}`),
      refuseLetters: () => refusing('dead_letters', 'tries < 0'),
      mend,
    };
  });
});
