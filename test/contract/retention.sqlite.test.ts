// Protects: SQLite lets go of old rows and of people as ports/retention promises.

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeSqlRetention } from '../../src/adapters/sql/retention.ts';
import { openRecordFile } from '../../src/adapters/sqlite/record-file.ts';
import { makeStoredPorts } from '../../src/main/stored-ports.ts';
import { retentionContract } from '../support/contract/retention.ts';
import { dataFolder } from '../support/data-folder.ts';
import { sqlitePlaceIn } from '../support/sqlite-place.ts';

retentionContract('SQLite', async () => {
  const file = await openRecordFile(join(dataFolder(), 'record.db'));
  onTestFinished(() => file.db.destroy());
  const tables = file.sqlite
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .pluck()
    .all();
  return {
    ...sqlitePlaceIn(file),
    retention: makeSqlRetention(file.db),
    stored: makeStoredPorts(file.db),
    dump: async () =>
      JSON.stringify(tables.map((table) => file.sqlite.prepare(`SELECT * FROM "${table}"`).all())),
  };
});
