// Protects: webhooks in SQLite keep the promises of ports/webhooks and ports/deliveries.

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeSqlOperators } from '../../src/adapters/sql/operators.ts';
import { openRecordFile } from '../../src/adapters/sqlite/record-file.ts';
import { makeStoredPorts } from '../../src/main/stored-ports.ts';
import { webhooksContract } from '../support/contract/webhooks.ts';
import { dataFolder } from '../support/data-folder.ts';
import { noteSqlite } from '../support/note-sqlite.ts';

webhooksContract('SQLite', async () => {
  const file = await openRecordFile(join(dataFolder(), 'record.db'));
  noteSqlite();
  onTestFinished(() => file.db.destroy());
  return { ...makeStoredPorts(file.db), operators: makeSqlOperators(file.db) };
});
