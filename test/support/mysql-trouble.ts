// A second hand in the database, for making trouble: locks held, connections killed, in the moment that a test wants.

import { setTimeout as wait } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { createConnection } from 'mysql2/promise';

const WAIT_MAX_MS = 5_000;
/** InnoDB shows an old picture to whoever looks more often than every 100 ms. */
const LOOK_MS = 150;

export interface Trouble {
  admin: Connection;
  /** Locks the campaigns' rows until `letGo`. Heavier than a batch, so that a deadlock's victim is the batch. */
  hold(): Promise<void>;
  letGo(): Promise<void>;
  /** Asks for the row that a batch of `source` has locked: a deadlock, when that batch waits for what is held. */
  ask(source: string): Promise<void>;
  /** Resolves with the id of a connection that waits for what is held. */
  waiting(): Promise<number>;
  end(): Promise<void>;
}

export async function makeTrouble(adminUrl: string): Promise<Trouble> {
  const [admin, holder] = await Promise.all([createConnection(adminUrl), createConnection(adminUrl)]);
  // A test that kills the server cuts these too.
  for (const one of [admin, holder]) one.on('error', () => undefined);
  return {
    admin,
    async hold() {
      await holder.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
      await holder.beginTransaction();
      const rows = Array.from({ length: 5_000 }, (_, i) => [`held-${i}`, 0]);
      await holder.query('INSERT INTO recorder (source, `next`) VALUES ?', [rows]);
      await holder.query('SELECT no FROM campaigns FOR UPDATE');
    },
    async letGo() {
      await holder.rollback();
    },
    async ask(source) {
      await holder.query('SELECT `next` FROM recorder WHERE source = ? FOR UPDATE', [source]);
    },
    async waiting() {
      for (
        const started = performance.now();
        performance.now() - started < WAIT_MAX_MS;
        await wait(LOOK_MS)
      ) {
        const [rows] = await admin.query<RowDataPacket[]>(
          "SELECT trx_mysql_thread_id AS id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
        );
        if (rows[0]) return Number(rows[0]['id']);
      }
      throw new Error('nobody waits for a lock');
    },
    async end() {
      await Promise.all([admin.end(), holder.end()]);
    },
  };
}
