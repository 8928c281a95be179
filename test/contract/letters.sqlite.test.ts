// Protects: what was set aside in SQLite keeps the promises of ports/dead-letters.

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openRecordFile } from '../../src/adapters/sqlite/record-file.ts';
import { lettersContract } from '../support/contract/letters.ts';
import { dataFolder } from '../support/data-folder.ts';
import { sqlitePlaceIn } from '../support/sqlite-place.ts';

lettersContract('SQLite', async () => {
  const file = await openRecordFile(join(dataFolder(), 'record.db'));
  onTestFinished(() => file.db.destroy());
  const refusing = (table: string, when: string): void => {
    file.sqlite.exec(`CREATE TRIGGER refuse_${table} BEFORE INSERT ON ${table} WHEN ${when}
      BEGIN SELECT RAISE(ABORT, 'not now'); END`);
  };
  return {
    ...sqlitePlaceIn(file),
    refuse: async (first, last) => refusing('claims', `NEW.seq BETWEEN ${first} AND ${last}`),
    refuseLetters: async () => refusing('dead_letters', '1'),
    async mend() {
      for (const table of ['claims', 'dead_letters'])
        file.sqlite.exec(`DROP TRIGGER IF EXISTS refuse_${table}`);
    },
  };
});
