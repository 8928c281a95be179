/**
 * ports/epochs on MySQL and MariaDB: columns of the campaign's own row, so that the lock under which wins are counted is
 * the one under which an epoch changes. Every change is one statement whose WHERE holds all that must be true.
 */

import type { PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import type { Epoch, EpochState, Epochs } from '../../ports/epochs.ts';
import type { System } from '../../ports/system.ts';
import type { Mysql } from './open.ts';
import { steady } from './steady.ts';

interface EpochRow extends RowDataPacket {
  id: Buffer;
  version: number;
  epoch: number;
  gate_state: string;
  base_seq: number;
  leased_seq: number;
  reserved: number;
  reserved_until: number | null;
}

/** A change waits for a batch that is on its way in. */
const LIMITS = { begin: 5_000, open: 5_000, lease: 5_000, unreserve: 5_000, retire: 5_000 };
const SELECT = `SELECT id, version, epoch, gate_state, base_seq, leased_seq, reserved, reserved_until FROM campaigns`;

function epochOf(row: EpochRow): Epoch {
  return {
    campaignId: row.id.toString(),
    version: row.version,
    epoch: row.epoch,
    state: row.gate_state as EpochState,
    baseSeq: row.base_seq,
    leasedSeq: row.leased_seq,
    reserved: row.reserved,
    reservedUntil: row.reserved_until,
  };
}

type Asker = Pick<PoolConnection, 'query'>;

async function readOne(asker: Asker, campaignId: string): Promise<Epoch | null> {
  const [rows] = await asker.query<EpochRow[]>(`${SELECT} WHERE id = ?`, [campaignId]);
  return rows[0] === undefined ? null : epochOf(rows[0]);
}

/** Did the statement find the row as it must be? */
async function changes(asker: Asker, statement: string, values: unknown[]): Promise<boolean> {
  const [{ affectedRows }] = await asker.query<ResultSetHeader>(statement, values);
  return affectedRows === 1;
}

export function makeMysqlEpochs({ pool, address }: Mysql, system: System): Epochs {
  const epochs: Epochs = {
    async all() {
      const [rows] = await pool.query<EpochRow[]>(`${SELECT} WHERE archived = 0`);
      return rows.map(epochOf);
    },
    of: (campaignId) => readOne(pool, campaignId),
    async begin(campaignId, from) {
      const begun = await changes(
        pool,
        "UPDATE campaigns SET epoch = epoch + 1, gate_state = 'rebuilding' WHERE id = ? AND epoch = ?",
        [campaignId, from],
      );
      const epoch = begun ? await readOne(pool, campaignId) : null;
      // Somebody may have begun the one after it since.
      return epoch?.epoch === from + 1 ? epoch : null;
    },
    open: ({ campaignId, epoch, baseSeq, leasedSeq, reserved, reservedUntil }, held) =>
      changes(
        pool,
        `UPDATE campaigns
         SET gate_state = 'open', opened_epoch = epoch, base_seq = ?, leased_seq = ?, floor_seq = ?, reserved = ?,
           reserved_until = ?
         WHERE id = ? AND epoch = ? AND gate_state = 'rebuilding' AND issued = COALESCE(?, issued)`,
        [
          baseSeq,
          leasedSeq,
          Math.max(baseSeq, leasedSeq),
          reserved,
          reservedUntil,
          campaignId,
          epoch,
          held ?? null,
        ],
      ),
    lease: (campaignId, epoch, seq) =>
      changes(
        pool,
        `UPDATE campaigns SET leased_seq = GREATEST(leased_seq, ?)
         WHERE id = ? AND epoch = ? AND gate_state = 'open'`,
        [seq, campaignId, epoch],
      ),
    unreserve: (campaignId, epoch, count) =>
      changes(
        pool,
        // In this order: MySQL reads a column that was set before as it is now.
        `UPDATE campaigns
         SET reserved_until = IF(reserved = ?, NULL, reserved_until), reserved = reserved - ?
         WHERE id = ? AND epoch = ? AND gate_state = 'open' AND reserved >= ?`,
        [count, count, campaignId, epoch, count],
      ),
    retire: (campaignId, epoch) =>
      changes(
        pool,
        "UPDATE campaigns SET gate_state = 'retired' WHERE id = ? AND epoch = ? AND gate_state = 'open'",
        [campaignId, epoch],
      ),
  };
  return steady(epochs, address, system, LIMITS);
}
