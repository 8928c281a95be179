/**
 * Whether a campaign has given its last unit, asked in the transaction that has just raised its count. Who was told
 * `sold_out` heard it from the gate; this is for the outside world, once everybody's unit is in the record. What was
 * discarded has gone out too, and its unit is to go out once more. Of ordered campaigns the decider says it (rulings).
 */

import type { Campaign } from '../../core/campaign.ts';

/** In both databases; its parameter is the campaign's short number. */
export const STOCK_SQL = `SELECT issued, quantity, body, (SELECT COUNT(*) FROM dead_letters
  WHERE campaign_id = campaigns.id AND state = 'discarded' AND freed = 1) AS discarded FROM campaigns WHERE no = ?`;

/** In both databases: its parameters are the campaign's short number, what is said of it, and the time in epoch ms. */
export const LEAVE_SOLD_OUT =
  "INSERT INTO outbox (type, campaign_no, data, created_at) VALUES ('campaign.sold_out', ?, ?, ?)";

/** A row of {@link STOCK_SQL}. */
export interface StockRow {
  issued: number;
  quantity: number;
  body: string | Buffer;
  discarded: number;
}

/** What leaves by the outbox when the last `raised` units were the last ones of all; else null. */
export function soldOutBy(row: StockRow | undefined, raised: number): string | null {
  if (row === undefined) return null;
  const quantity = Number(row.quantity);
  const gone = Number(row.issued) + Number(row.discarded);
  if (gone < quantity || gone - raised >= quantity) return null;
  const { mode, version } = JSON.parse(String(row.body)) as Campaign;
  return mode === 'ordered' ? null : JSON.stringify({ version, quantity });
}
