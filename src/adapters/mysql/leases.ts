/**
 * ports/leases on MySQL and MariaDB: a row for each lease. Whether it has run out is decided by the database's clock
 * alone, in the statement that takes it, so that no two processes need the same time.
 */

import type { ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import type { Leases } from '../../ports/leases.ts';
import type { System } from '../../ports/system.ts';
import type { Mysql } from './open.ts';
import { steady } from './steady.ts';

/** Epoch ms, whatever time zone the connection or the server is in, in the hour that comes twice too. */
export const NOW_MS = "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)";

/** In this order: MySQL reads a column that was set before as it is now, and then `holder` already is the taker. */
const TAKE = `INSERT INTO leases (name, holder, \`until\`) VALUES (?, ?, ${NOW_MS} + ?)
  ON DUPLICATE KEY UPDATE
    holder = IF(\`until\` <= ${NOW_MS}, ?, holder),
    \`until\` = IF(holder = ?, ${NOW_MS} + ?, \`until\`)`;
/** a row that was there and has been changed, as the server counts; one that was made or was left alone is 1 */
const CHANGED = 2;

export function makeMysqlLeases({ pool, address }: Mysql, system: System): Leases {
  const isHeldBy = async (name: string, holder: string): Promise<boolean> => {
    const [rows] = await pool.query<RowDataPacket[]>(
      `SELECT 1 FROM leases WHERE name = ? AND holder = ? AND \`until\` > ${NOW_MS}`,
      [name, holder],
    );
    return rows.length === 1;
  };
  const leases: Leases = {
    async take(name, holder, ms) {
      const [{ affectedRows }] = await pool.query<ResultSetHeader>(TAKE, [
        name,
        holder,
        ms,
        holder,
        holder,
        ms,
      ]);
      return affectedRows === CHANGED || (await isHeldBy(name, holder));
    },
    async release(name, holder) {
      await pool.query('DELETE FROM leases WHERE name = ? AND holder = ?', [name, holder]);
    },
    async held(prefix) {
      const [rows] = await pool.query<RowDataPacket[]>(
        `SELECT name, holder FROM leases
         WHERE LEFT(name, LENGTH(?)) = ? AND \`until\` > ${NOW_MS} ORDER BY name`,
        [prefix, prefix],
      );
      return rows.map((row) => ({ name: String(row['name']), holder: String(row['holder']) }));
    },
  };
  return steady(leases, address, system);
}
