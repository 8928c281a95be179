// Protects: figures in SQLite keep the promises of ports/figures.

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeSqlFigures } from '../../src/adapters/sql/figures.ts';
import { openRecordFile } from '../../src/adapters/sqlite/record-file.ts';
import { figuresContract } from '../support/contract/figures.ts';
import { dataFolder } from '../support/data-folder.ts';
import { noteSqlite } from '../support/note-sqlite.ts';
import { sqlitePlaceIn } from '../support/sqlite-place.ts';

figuresContract('SQLite', async () => {
  const file = await openRecordFile(join(dataFolder(), 'record.db'));
  noteSqlite();
  onTestFinished(() => file.db.destroy());
  return { figures: makeSqlFigures(file.db), place: sqlitePlaceIn(file) };
});
