// Protects: winners get their coupons by the job `issue`, each once, from a record in SQLite.

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeSqlCampaigns } from '../../src/adapters/sql/campaigns.ts';
import { makeSqlCoupons } from '../../src/adapters/sql/coupons.ts';
import { makeSqliteRecord } from '../../src/adapters/sqlite/record.ts';
import { openRecordFile } from '../../src/adapters/sqlite/record-file.ts';
import { issueJobContract } from '../support/contract/issue-job.ts';
import { dataFolder } from '../support/data-folder.ts';
import { leftInOutbox } from '../support/left-in-outbox.ts';
import { noteSqlite } from '../support/note-sqlite.ts';
import { T0 } from '../support/samples.ts';

issueJobContract('SQLite', async () => {
  const file = await openRecordFile(join(dataFolder(), 'record.db'));
  noteSqlite();
  onTestFinished(() => file.db.destroy());
  return {
    record: makeSqliteRecord(file, () => T0),
    campaigns: makeSqlCampaigns(file.db),
    coupons: makeSqlCoupons(file.db),
    outbox: (campaignId) => leftInOutbox(file.db, campaignId),
  };
});
