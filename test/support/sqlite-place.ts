// A record in SQLite for the suites of its ports, in a folder of the test's own.

import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeSqlCampaigns } from '../../src/adapters/sql/campaigns.ts';
import { makeSqlCoupons } from '../../src/adapters/sql/coupons.ts';
import { makeSqlDeadLetters, makeSqlUnsentLetters } from '../../src/adapters/sql/letters.ts';
import { makeSqlLineHistory } from '../../src/adapters/sql/line-history.ts';
import { makeSqlOperators } from '../../src/adapters/sql/operators.ts';
import { makeSqlOutbox } from '../../src/adapters/sql/outbox.ts';
import { makeSqlRulings } from '../../src/adapters/sql/rulings.ts';
import { makeSqliteRecord } from '../../src/adapters/sqlite/record.ts';
import { openRecordFile, type RecordFile } from '../../src/adapters/sqlite/record-file.ts';
import type { Coupons } from '../../src/ports/coupons.ts';
import type { RecordPlace } from './contract/record-bench.ts';
import { dataFolder } from './data-folder.ts';
import { leftInOutbox } from './left-in-outbox.ts';
import { noteSqlite } from './note-sqlite.ts';
import { T0 } from './samples.ts';

export async function makeSqlitePlace(): Promise<RecordPlace & { coupons: Coupons }> {
  const file = await openRecordFile(join(dataFolder(), 'record.db'));
  noteSqlite();
  onTestFinished(() => file.db.destroy());
  return sqlitePlaceIn(file);
}

export function sqlitePlaceIn(file: RecordFile): RecordPlace & { coupons: Coupons } {
  let now = T0;
  return {
    record: makeSqliteRecord(file, () => now),
    campaigns: makeSqlCampaigns(file.db),
    operators: makeSqlOperators(file.db),
    letters: makeSqlDeadLetters(file.db),
    unsentLetters: makeSqlUnsentLetters(file.db),
    rulings: makeSqlRulings(file.db),
    coupons: makeSqlCoupons(file.db),
    lines: makeSqlLineHistory(file.db),
    leftToSend: makeSqlOutbox(file.db),
    outbox: (campaignId) => leftInOutbox(file.db, campaignId),
    setNow(at) {
      now = at;
    },
  };
}
