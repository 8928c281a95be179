/** What the sweep has to remember of a unit. */

import type { Ddl } from './ddl.ts';

/** A column of `claims`. */
export interface RetentionColumns {
  /** when it was told that its coupon has expired; null: it was not */
  expired_at: number | null;
}

export const RETENTION_DDL: Ddl = {
  sqlite: ['ALTER TABLE claims ADD COLUMN expired_at integer'],
  mysql: [
    {
      unless: { table: 'claims', column: 'expired_at' },
      run: 'ALTER TABLE claims ADD COLUMN expired_at BIGINT',
    },
  ],
};
