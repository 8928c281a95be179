/** Facts set aside, with their causes and what became of them. */

import type { Ddl } from './ddl.ts';

export const LETTERS_DDL: Ddl = { sqlite: [], mysql: [] };

export type LetterTables = Record<never, never>;
