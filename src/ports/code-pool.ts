/**
 * Imported codes: row n of a campaign's pool belongs to seq n, and never changes. Rows come by imports, each of which is
 * staged as long as it takes and then taken in as a whole, behind what is there.
 *
 * The database sees sealed codes and keyed hashes only (core/pool-code). Every call is bounded in size and time: what
 * goes through a whole import is asked for in slices.
 */

import type { PoolMarks, StagedMarks } from '../core/pool-lookups.ts';
import type { AuditLine } from './operators.ts';

/** Sealed codes one after the other, in one piece: it crosses a thread as such. */
export interface PoolRows {
  /** number of the first row */
  first: number;
  /** where each row ends in `bytes` */
  ends: number[];
  bytes: Uint8Array;
}

export interface PoolCounts {
  /** rows that are taken in */
  imported: number;
  imports: number;
  /** epoch ms; null: never */
  lastImportAt: number | null;
}

export interface CodePool {
  /** Rows from number `first` on without a gap, at most `max`. */
  rows(campaignId: string, first: number, max: number): Promise<PoolRows>;
  counts(campaignId: string): Promise<PoolCounts>;
}

/** Codes on their way into an import, in columns. */
export interface StagedCodes {
  /** place of the first in the import: 1, 2, 3 … */
  first: number;
  /** in the file, by which people are told of them */
  lines: readonly number[];
  lookups: ArrayLike<number>;
  marks: ArrayLike<number>;
  ends: ArrayLike<number>;
  bytes: Uint8Array;
}

export interface CodeImports {
  /** Begins one; null: there is no such campaign. */
  begin(campaignId: string, now: number): Promise<number | null>;
  stage(importNo: number, codes: StagedCodes): Promise<void>;
  /** What staged codes at places in [from, to) are looked up by. */
  lookups(importNo: number, from: number, to: number): Promise<Float64Array>;
  /** The same with all that they are told apart by, and where they stand. */
  staged(importNo: number, from: number, to: number): Promise<StagedMarks>;
  /** The same of codes in the pool that the import is for, from number `first` on, at most `max`. */
  known(importNo: number, first: number, max: number): Promise<PoolMarks>;
  /**
   * Copies what stands at places in [from, to) to another import, without those left out, numbered on from `first`.
   * Resolves with how many that were.
   */
  copy(importNo: number, to: number, range: { from: number; to: number; first: number }): Promise<number>;
  /** Leaves staged codes out of the import. */
  leaveOut(importNo: number, places: number[]): Promise<void>;
  /**
   * Takes an import with so many codes in, behind the rows that are there: in one transaction, with its line in the audit
   * log; once more, it is `taken` as it was. `moved`: the pool does not have `behind` rows, so others came in between.
   */
  take(
    importNo: number,
    counts: { codes: number; behind: number },
    audit: AuditLine,
  ): Promise<'taken' | 'moved' | 'gone'>;
  /** Forgets some of what was staged by an import that is not taken in; false: nothing is left of it. */
  drop(importNo: number): Promise<boolean>;
  /** Imports that were begun before then and never taken in. */
  stale(before: number): Promise<number[]>;
}
