/** What became of units beside being redeemed: held for a checkout, issued later, returned. */

import type { Ddl } from './ddl.ts';

/** Columns of `claims` that came with coupons' life. */
export interface CouponColumns {
  /** when the job gave out its coupon; null: with the win, or not yet when the campaign issues by job */
  issued_at: number | null;
  /** set aside for a checkout until then, by whom and under which key; nobody else may use it meanwhile */
  held_until: number | null;
  held_by: string | null;
  held_key: string | null;
  /** when its unit went back to the stock, to be given again under another seq */
  returned_at: number | null;
}

/**
 * Units that are free again and not back in the stock yet: left in the transaction that freed them, taken away in the one
 * that raises the campaign's quantity for them. So a crash between the two loses nothing, and nothing counts twice.
 */
export interface UnitsBackTable {
  campaign_no: number;
  /** `seq:17`: that unit was taken back; `letter:5`: that dead letter was discarded */
  unit: string;
  /** of units in the record */
  seq: number | null;
  created_at: number;
}

export const COUPONS_DDL: Ddl = {
  sqlite: [
    'ALTER TABLE claims ADD COLUMN issued_at integer',
    'ALTER TABLE claims ADD COLUMN held_until integer',
    'ALTER TABLE claims ADD COLUMN held_by text',
    'ALTER TABLE claims ADD COLUMN held_key text',
    'ALTER TABLE claims ADD COLUMN returned_at integer',
    `CREATE TABLE units_back (
      campaign_no integer NOT NULL,
      unit text NOT NULL,
      seq integer,
      created_at integer NOT NULL,
      PRIMARY KEY (campaign_no, unit)
    ) WITHOUT ROWID`,
    'CREATE INDEX units_back_seq ON units_back (seq)',
  ],
  mysql: [
    {
      unless: { table: 'claims', column: 'returned_at' },
      run: `ALTER TABLE claims
        ADD COLUMN issued_at BIGINT,
        ADD COLUMN held_until BIGINT,
        ADD COLUMN held_by VARCHAR(255),
        ADD COLUMN held_key VARCHAR(255),
        ADD COLUMN returned_at BIGINT`,
    },
    `CREATE TABLE IF NOT EXISTS units_back (
      campaign_no INT NOT NULL,
      unit VARBINARY(64) NOT NULL,
      seq BIGINT,
      created_at BIGINT NOT NULL,
      PRIMARY KEY (campaign_no, unit),
      INDEX units_back_seq (seq)
    )`,
  ],
};

export interface CouponTables {
  units_back: UnitsBackTable;
}
