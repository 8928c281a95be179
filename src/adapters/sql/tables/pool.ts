/** Imported codes, and those that are being imported. */

import type { Ddl } from './ddl.ts';

export const POOL_DDL: Ddl = { sqlite: [], mysql: [] };

export type PoolTables = Record<never, never>;
