// Protects: the record in SQLite keeps the promises of ports/record.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeSqlCampaigns } from '../../src/adapters/sql/campaigns.ts';
import { makeSqliteRecord } from '../../src/adapters/sqlite/record.ts';
import { openRecordFile } from '../../src/adapters/sqlite/record-file.ts';
import { recordAsking } from '../support/contract/record-asking.ts';
import { recordStoring } from '../support/contract/record-storing.ts';
import { dataFolder } from '../support/data-folder.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../support/samples.ts';
import { makeSqlitePlace } from '../support/sqlite-place.ts';

recordStoring('SQLite', makeSqlitePlace);
recordAsking('SQLite', makeSqlitePlace);

describe('the record in SQLite', () => {
  it('makes batches safe by a commit of its own, each time (an update that changes nothing syncs nothing)', async () => {
    const path = join(dataFolder(), 'record.db');
    const file = await openRecordFile(path);
    onTestFinished(() => file.db.destroy());
    const record = makeSqliteRecord(file, () => T0);
    await makeSqlCampaigns(file.db).create(sampleCampaign(), sampleAudit());
    const wins = [{ fact: sampleWin(1), codeLookup: null }];
    await record.store({ source: 'journal', from: 0, next: 1, wins, unreadable: [], now: T0 });
    for (let i = 0; i < 3; i++) {
      const before = statSync(`${path}-wal`).size;
      await record.settle();
      expect(statSync(`${path}-wal`).size).toBeGreaterThan(before);
      expect(file.sqlite.pragma('synchronous', { simple: true })).toBe(2);
    }
    expect(await record.next('journal')).toBe(1);
  });
});
