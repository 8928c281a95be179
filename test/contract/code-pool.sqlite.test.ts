// Protects: a pool in SQLite keeps the promises of ports/code-pool.

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeSqlCampaigns } from '../../src/adapters/sql/campaigns.ts';
import { makeSqlCodeImports } from '../../src/adapters/sql/code-imports.ts';
import { makeSqlCodePool } from '../../src/adapters/sql/code-pool.ts';
import { makeSqlOperators } from '../../src/adapters/sql/operators.ts';
import { openRecordFile } from '../../src/adapters/sqlite/record-file.ts';
import { codePoolContract } from '../support/contract/code-pool.ts';
import { dataFolder } from '../support/data-folder.ts';
import { noteSqlite } from '../support/note-sqlite.ts';
import { sampleAudit, sampleCampaign } from '../support/samples.ts';

codePoolContract('SQLite', async () => {
  const { db } = await openRecordFile(join(dataFolder(), 'record.db'));
  noteSqlite();
  onTestFinished(() => db.destroy());
  let made = 0;
  return {
    codePool: makeSqlCodePool(db),
    codeImports: makeSqlCodeImports(db),
    operators: makeSqlOperators(db),
    async campaign() {
      made += 1;
      const id = `pool-${made}`;
      await makeSqlCampaigns(db).create(sampleCampaign({ id }), sampleAudit());
      return id;
    },
  };
});
