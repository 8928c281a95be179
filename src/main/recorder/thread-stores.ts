/** What a thread that takes partitions into the record in SQL takes them into, with connections of its own. */

import type { Logger } from 'pino';
import type { KafkaConnection } from '../../adapters/kafka/connect.ts';
import { openDeadLetters } from '../../adapters/kafka/dead-letters.ts';
import { openMysql } from '../../adapters/mysql/open.ts';
import { type MysqlRecordParts, makeMysqlRecord } from '../../adapters/mysql/record.ts';
import { steady } from '../../adapters/mysql/steady.ts';
import { makeSqlCampaigns } from '../../adapters/sql/campaigns.ts';
import { makeSqlCodePool } from '../../adapters/sql/code-pool.ts';
import { makeSqlUnsentLetters } from '../../adapters/sql/letters.ts';
import { makeCodes } from '../../flow/codes.ts';
import type { System } from '../../ports/system.ts';
import { LEASE_MS } from './shares.ts';

export interface ThreadStoreParts {
  kafka: KafkaConnection;
  mysqlUrl: string;
  master: Uint8Array;
  /** transactions at once, at most */
  concurrency: number;
  /** connections for leases and what else is asked, which must not wait for transactions */
  asking: number;
  retry?: MysqlRecordParts['retry'];
  system: System;
  log: Logger;
}

/** Throws DatabaseFault. */
export async function openThreadStores(parts: ThreadStoreParts) {
  const { kafka, mysqlUrl, master, concurrency, asking, retry, system, log } = parts;
  // One connection for each transaction under way: stopped in the middle of it, we hold up whoever takes over no longer
  // than our lease does.
  const quietMaxSeconds = LEASE_MS / 1000;
  const stores = await openMysql(mysqlUrl, { connectionsMax: concurrency, quietMaxSeconds });
  const mysql = await openMysql(mysqlUrl, { connectionsMax: asking });
  const { db, address } = mysql;
  const letters = openDeadLetters({ connection: kafka, system });
  return {
    mysql,
    letters,
    unsentLetters: steady(makeSqlUnsentLetters(db), address, system),
    /** what is taken goes through these */
    into: {
      record: makeMysqlRecord({
        mysql: stores,
        system,
        ...(retry && { retry }),
        onRetry: (err) => log.warn({ err }, 'the record: again'),
      }),
      campaigns: steady(makeSqlCampaigns(db), address, system),
      codes: makeCodes(Buffer.from(master), steady(makeSqlCodePool(db), address, system)),
      system,
    },
    close: () => Promise.all([letters.close(), stores.close(), mysql.close()]),
  };
}
