/** The ports of what comes after the win, over whichever database there is. */

import type { Kysely } from 'kysely';
import type { Mysql } from '../adapters/mysql/open.ts';
import { steady } from '../adapters/mysql/steady.ts';
import { makeSqlFiles } from '../adapters/sql/files.ts';
import { makeSqlJobRuns } from '../adapters/sql/job-runs.ts';
import { makeSqlJobSchedules } from '../adapters/sql/job-schedules.ts';
import { makeSqlOutbox } from '../adapters/sql/outbox.ts';
import type { RecordTables } from '../adapters/sql/schema.ts';
import type { RemoteCalls } from '../adapters/sqlite/remote-calls.ts';
import type { StoredPorts } from '../ports/stored.ts';
import type { System } from '../ports/system.ts';

/** Where the database is: in the thread of SQLite's file, or on the other side of MySQL's pool. */
export function makeStoredPorts(db: Kysely<RecordTables>): StoredPorts {
  return {
    outbox: makeSqlOutbox(db),
    files: makeSqlFiles(db),
    jobRuns: makeSqlJobRuns(db),
    jobSchedules: makeSqlJobSchedules(db),
  };
}

/** Every port answers within a limited time, and is asked again when that does no harm. */
export function mysqlStoredPorts(mysql: Mysql, system: System): StoredPorts {
  const ports = makeStoredPorts(mysql.db);
  return eachOf(ports, (_name, port) => steady(port, mysql.address, system));
}

/** Stand-ins for the ports of the record's thread. */
export function remoteStoredPorts(calls: RemoteCalls, deadlineMs: number): StoredPorts {
  const names: Record<keyof StoredPorts, true> = {
    outbox: true,
    files: true,
    jobRuns: true,
    jobSchedules: true,
  };
  return eachOf(names, (name) => calls.port(name, deadlineMs)) as unknown as StoredPorts;
}

function eachOf<T extends object>(given: T, make: (name: string, value: T[keyof T] & object) => object): T {
  const made = Object.entries(given).map(([name, value]) => [name, make(name, value)]);
  return Object.fromEntries(made) as T;
}
