// Protects: files in SQLite keep the promises of ports/files.

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeSqlFiles } from '../../src/adapters/sql/files.ts';
import { makeSqlOperators } from '../../src/adapters/sql/operators.ts';
import { openRecordFile } from '../../src/adapters/sqlite/record-file.ts';
import { filesContract } from '../support/contract/files.ts';
import { dataFolder } from '../support/data-folder.ts';
import { noteSqlite } from '../support/note-sqlite.ts';

filesContract('SQLite', async () => {
  const { db } = await openRecordFile(join(dataFolder(), 'record.db'));
  noteSqlite();
  onTestFinished(() => db.destroy());
  return { files: makeSqlFiles(db), operators: makeSqlOperators(db) };
});
