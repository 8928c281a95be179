/** What became of units beside being redeemed: held for a checkout, issued later, returned. */

import type { Ddl } from './ddl.ts';

export const COUPONS_DDL: Ddl = { sqlite: [], mysql: [] };

export type CouponTables = Record<never, never>;
