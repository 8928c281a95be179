/** What the steps of `sweep` are made of. */

import type { OldKind } from '../core/kept.ts';
import type { EraseParts } from '../flow/erase.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { CodeImports } from '../ports/code-pool.ts';
import type { Files } from '../ports/files.ts';
import type { Retention } from '../ports/retention.ts';

/** How long each is kept, ms; null: for ever, and people of archived campaigns: until somebody asks. */
export interface KeepTimes {
  gateMs: number;
  personalMs: number | null;
  rows: Readonly<Record<OldKind, number | null>>;
}

export interface SweepParts extends EraseParts {
  campaigns: Pick<Campaigns, 'get' | 'list' | 'update'>;
  retention: Retention;
  codeImports: Pick<CodeImports, 'stale' | 'drop'>;
  files: Pick<Files, 'list' | 'remove'>;
  keep: KeepTimes;
}

/** Erases the people of this archived campaign now, whatever its time is. */
export const ERASE_PARAM = 'erase';
