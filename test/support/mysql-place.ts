// A record in a MariaDB of the test's own, for the suites of its ports. One database for all tests of a file: making
// tables costs more than emptying them.

import type { Pool, ResultSetHeader } from 'mysql2/promise';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import { makeMysqlRecord } from '../../src/adapters/mysql/record.ts';
import { steady } from '../../src/adapters/mysql/steady.ts';
import { makeSqlCampaigns } from '../../src/adapters/sql/campaigns.ts';
import { makeSqlCoupons } from '../../src/adapters/sql/coupons.ts';
import { makeSqlDeadLetters, makeSqlUnsentLetters } from '../../src/adapters/sql/letters.ts';
import { makeSqlLineHistory } from '../../src/adapters/sql/line-history.ts';
import { makeSqlOperators } from '../../src/adapters/sql/operators.ts';
import { makeSqlOutbox } from '../../src/adapters/sql/outbox.ts';
import { makeSqlRulings } from '../../src/adapters/sql/rulings.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { Coupons } from '../../src/ports/coupons.ts';
import type { RecordPlace } from './contract/record-bench.ts';
import { leftInOutbox } from './left-in-outbox.ts';
import { T0 } from './samples.ts';

/** Those that a place begins without anything in. */
export const PLACE_TABLES = [
  'campaigns',
  'claims',
  'recorder',
  'outbox',
  'dead_letters',
  'operator_keys',
  'audit',
  'leases',
  'line_facts',
  'rulings',
  'deciders',
  'topic_versions',
  'units_back',
];

async function empty(pool: Pool): Promise<void> {
  for (const table of PLACE_TABLES) await pool.query<ResultSetHeader>(`DELETE FROM ${table}`);
}

/** Opens the database once; each place begins with empty tables. */
export function makerOfMysqlPlaces(url: string): {
  make: () => Promise<RecordPlace & { coupons: Coupons }>;
  close: () => Promise<void>;
} {
  let opened: Promise<Mysql> | undefined;
  return {
    async make() {
      opened ??= openMysql(url);
      const mysql = await opened;
      await empty(mysql.pool);
      return placeIn(mysql);
    },
    async close() {
      await (await opened)?.close();
    },
  };
}

export function placeIn(mysql: Mysql): RecordPlace & { coupons: Coupons } {
  const { db, address } = mysql;
  const system = makeSystem();
  const campaigns = steady(makeSqlCampaigns(db), address, system);
  let now = T0;
  return {
    coupons: makeSqlCoupons(db),
    record: makeMysqlRecord({ mysql, system: { ...system, now: () => now } }),
    campaigns: {
      ...campaigns,
      async create(campaign, audit) {
        const created = await campaigns.create(campaign, audit);
        // The epoch of a campaign is not in its definition here. Whoever asks for another than the first has it opened.
        const { epoch, id } = campaign;
        await mysql.pool.query('UPDATE campaigns SET epoch = ?, opened_epoch = ? WHERE id = ?', [
          epoch,
          epoch,
          id,
        ]);
        return created;
      },
    },
    operators: steady(makeSqlOperators(db), address, system),
    letters: steady(makeSqlDeadLetters(db), address, system),
    unsentLetters: steady(makeSqlUnsentLetters(db), address, system),
    rulings: steady(makeSqlRulings(db), address, system),
    leftToSend: steady(makeSqlOutbox(db), address, system),
    lines: steady(makeSqlLineHistory(db), address, system),
    outbox: (campaignId) => leftInOutbox(db, campaignId),
    setNow(at) {
      now = at;
    },
  };
}
