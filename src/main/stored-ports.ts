/** The ports of what comes after the win, over whichever database there is. */

import type { Kysely } from 'kysely';
import type { Mysql } from '../adapters/mysql/open.ts';
import { steady } from '../adapters/mysql/steady.ts';
import { makeSqlCodeImports } from '../adapters/sql/code-imports.ts';
import { makeSqlCodePool } from '../adapters/sql/code-pool.ts';
import { makeSqlCoupons } from '../adapters/sql/coupons.ts';
import { makeSqlDeliveries } from '../adapters/sql/deliveries.ts';
import { makeSqlFigures } from '../adapters/sql/figures.ts';
import { makeSqlFiles } from '../adapters/sql/files.ts';
import { makeSqlJobRuns } from '../adapters/sql/job-runs.ts';
import { makeSqlJobSchedules } from '../adapters/sql/job-schedules.ts';
import { makeSqlDeadLetters } from '../adapters/sql/letters.ts';
import { makeSqlOutbox } from '../adapters/sql/outbox.ts';
import { makeSqlRetention } from '../adapters/sql/retention.ts';
import type { RecordTables } from '../adapters/sql/schema.ts';
import { makeSqlWebhooks } from '../adapters/sql/webhooks.ts';
import type { RemoteCalls } from '../adapters/sqlite/remote-calls.ts';
import type { StoredPorts } from '../ports/stored.ts';
import type { System } from '../ports/system.ts';

/** Nobody waits at a counter for these, and a slow answer must not undo a thousand coupons or a million codes. */
const CALL_MAX_MS: Partial<Record<keyof StoredPorts, Record<string, number>>> = {
  figures: { acts: 20_000, counts: 10_000, note: 5_000 },
  coupons: { issue: 15_000, putBack: 15_000 },
  codeImports: { stage: 15_000, duplicates: 15_000, copy: 15_000, leaveOut: 15_000, drop: 15_000 },
};

/** Where the database is: in the thread of SQLite's file, or on the other side of MySQL's pool. */
export function makeStoredPorts(db: Kysely<RecordTables>): StoredPorts {
  return {
    outbox: makeSqlOutbox(db),
    webhooks: makeSqlWebhooks(db),
    deliveries: makeSqlDeliveries(db),
    letters: makeSqlDeadLetters(db),
    retention: makeSqlRetention(db),
    coupons: makeSqlCoupons(db),
    codePool: makeSqlCodePool(db),
    codeImports: makeSqlCodeImports(db),
    files: makeSqlFiles(db),
    figures: makeSqlFigures(db),
    jobRuns: makeSqlJobRuns(db),
    jobSchedules: makeSqlJobSchedules(db),
  };
}

/** Every port answers within a limited time, and is asked again when that does no harm. */
export function mysqlStoredPorts(mysql: Mysql, system: System): StoredPorts {
  const ports = makeStoredPorts(mysql.db);
  return eachOf(ports, (name, port) => {
    const maxMs: Record<string, number> = CALL_MAX_MS[name as keyof StoredPorts] ?? {};
    return steady(port, mysql.address, system, maxMs);
  });
}

/** Stand-ins for the ports of the record's thread. */
export function remoteStoredPorts(calls: RemoteCalls, deadlineMs: number): StoredPorts {
  const names: Record<keyof StoredPorts, true> = {
    outbox: true,
    webhooks: true,
    deliveries: true,
    letters: true,
    retention: true,
    coupons: true,
    codePool: true,
    codeImports: true,
    files: true,
    figures: true,
    jobRuns: true,
    jobSchedules: true,
  };
  return eachOf(names, (name) => calls.port(name, deadlineMs)) as unknown as StoredPorts;
}

function eachOf<T extends object>(given: T, make: (name: string, value: T[keyof T] & object) => object): T {
  const made = Object.entries(given).map(([name, value]) => [name, make(name, value)]);
  return Object.fromEntries(made) as T;
}
