// Protects: the record in SQLite keeps the promises of ports/record.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import type { Migration } from 'kysely/migration';
import { Migrator } from 'kysely/migration';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeSqlCampaigns } from '../../src/adapters/sql/campaigns.ts';
import { makeSqlLineHistory } from '../../src/adapters/sql/line-history.ts';
import { MIGRATIONS } from '../../src/adapters/sql/migrations.ts';
import { makeSqlRulings } from '../../src/adapters/sql/rulings.ts';
import type { RecordTables } from '../../src/adapters/sql/schema.ts';
import { makeSqliteRecord } from '../../src/adapters/sqlite/record.ts';
import { openRecordFile } from '../../src/adapters/sqlite/record-file.ts';
import { couponsContract } from '../support/contract/coupons.ts';
import { recordAsking } from '../support/contract/record-asking.ts';
import { ID } from '../support/contract/record-bench.ts';
import { recordLines } from '../support/contract/record-lines.ts';
import { recordRulings } from '../support/contract/record-rulings.ts';
import { recordSoldOut } from '../support/contract/record-sold-out.ts';
import { recordStoring } from '../support/contract/record-storing.ts';
import { dataFolder } from '../support/data-folder.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../support/samples.ts';
import { makeSqlitePlace } from '../support/sqlite-place.ts';

recordStoring('SQLite', makeSqlitePlace);
recordAsking('SQLite', makeSqlitePlace);
couponsContract('SQLite', makeSqlitePlace);
recordRulings('SQLite', makeSqlitePlace);
recordSoldOut('SQLite', makeSqlitePlace);
recordLines('SQLite', makeSqlitePlace);

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

  it('is brought up to date from the first version, and what is in it stays', async () => {
    const path = join(dataFolder(), 'record.db');
    const older = new Database(path);
    const db = new Kysely<RecordTables>({ dialect: new SqliteDialect({ database: older }) });
    const [[name, first]] = Object.entries(MIGRATIONS) as [[string, Migration]];
    const { error } = await new Migrator({
      db,
      provider: { getMigrations: async () => ({ [name]: first }) },
    }).migrateToLatest();
    expect(error).toBeUndefined();
    older.pragma('user_version = 1');
    await makeSqlCampaigns(db).create(sampleCampaign(), sampleAudit());
    older.exec(
      `INSERT INTO claims (campaign_no, seq, epoch, user_id, nth, won_at) VALUES (1, 1, 1, 'u-1', 1, 5)`,
    );
    older.exec(`UPDATE campaigns SET issued = 1; INSERT INTO recorder (source, next) VALUES ('journal', 3)`);
    await db.destroy();

    const file = await openRecordFile(path);
    onTestFinished(() => file.db.destroy());
    expect(file.sqlite.pragma('user_version', { simple: true })).toBe(Object.keys(MIGRATIONS).length);
    const record = makeSqliteRecord(file, () => T0);
    expect(await record.page(ID, 0, 10)).toMatchObject([{ userId: 'u-1', seq: 1 }]);
    expect([await record.next('journal'), await makeSqlRulings(file.db).deciders()]).toEqual([3, []]);
    const fact = { type: 'line.released' as const, campaignId: ID, epoch: 1, at: T0, to: 1, confirmBy: null };
    const wins = [{ fact: sampleWin(2), codeLookup: null }];
    await record.store({ source: 'journal', from: 3, next: 4, wins, lines: [fact], unreadable: [], now: T0 });
    expect(await makeSqlLineHistory(file.db).page(ID, 0)).toEqual({ facts: [fact], next: null });
    expect(await record.counts(ID, T0)).toMatchObject({ issued: 2 });
    expect(await record.tally(ID)).toEqual({ issued: 2, redeemed: 0, revoked: 0, unissued: 0 });
  });
});
