/** How a drop went: verdicts and waiting times by second, and how many people there were. */

import type { Ddl } from './ddl.ts';

export const FIGURES_DDL: Ddl = { sqlite: [], mysql: [] };

export type FigureTables = Record<never, never>;
