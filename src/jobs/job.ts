/**
 * A batch job in the manner of Spring Batch: steps, each of which reads, processes and writes in chunks. After each
 * chunk the step's position is committed, and a run that was broken off goes on from there. A chunk may be written twice
 * (the process died before its position was committed), so writing is idempotent by what is written; its counts count
 * once, because they are committed with the position.
 */

import type { TSchema } from 'typebox';
import type { System } from '../ports/system.ts';

/** Where a step stands: JSON, and small. */
export type Position = string | number | Record<string, unknown>;

export interface StepContext {
  runId: string;
  /** as the schema of the job has let them through */
  params: Readonly<Record<string, unknown>>;
  /** who asked for the run, for the audit log: an operator key's id, or `schedule` */
  by: string;
  system: System;
  /** aborted when the run is to stop: a long read or write gives up */
  signal: AbortSignal;
}

export interface Chunk<Item> {
  items: Item[];
  /** where the next chunk begins */
  position: Position;
  /** nothing comes after this chunk */
  done: boolean;
}

/** What became of a chunk. */
export interface Written {
  /** items that are there now, also those that were before */
  written: number;
  /** items left out on purpose, counted by reason: `already_issued` */
  skipped?: Record<string, number>;
  /** what the run has found or made so far, by name: shown with it, and a later value takes the place of an earlier one */
  result?: Record<string, unknown>;
}

export interface Step<Item = unknown, Out = Item> {
  name: string;
  /** items in a chunk; default 100. While people press, fewer are asked for */
  chunkSize?: number;
  /** how long a chunk may take before it is given up and tried again; default 60 s */
  chunkMaxMs?: number;
  /** items in all, for the progress bar; null: not known. Asked once when the step begins */
  total?(context: StepContext): Promise<number | null>;
  /** The chunk after `position` (null: the first), at most `size` items. */
  read(context: StepContext, position: Position | null, size: number): Promise<Chunk<Item>>;
  /** One item on its way; null leaves it out. Throws {@link BadItem} for one that cannot be done. */
  process?(context: StepContext, item: Item): Promise<Out | null> | Out | null;
  write(context: StepContext, items: Out[]): Promise<Written>;
}

export interface Job {
  name: string;
  /** one line for people */
  summary: string;
  /** TypeBox object, strict; its values identify a run: the same ones again are the same work */
  params: TSchema;
  /** names of params that say how to run and not what: they do not identify it */
  loose?: readonly string[];
  /** what is refused before a run begins: a code of the catalogue with its detail; null: nothing */
  refuses?(params: Readonly<Record<string, unknown>>): Promise<{ code: string; detail: string } | null>;
  steps: readonly Step[];
  /** bad items in all before the run fails; default 10 */
  skipLimit?: number;
  /** tries of a chunk in all, when faults may pass; default: by DIBS_RETRY_MAX */
  retryLimit?: number;
  /** what was completed is not done again with the same params */
  once?: boolean;
  /** false: small and needed just then, so it does not wait while people press; default true */
  givesWay?: boolean;
  /** when it runs by itself unless operators say otherwise */
  usual?: { cron: string; timeZone?: string; params?: Record<string, unknown> };
  /** whether a run by itself would find something to do; absent: it always may */
  isDue?(): Promise<boolean> | boolean;
}

/** How every job names the campaign that it is about. */
export const CAMPAIGN_PARAM = 'campaign';

/** This item cannot be done, whoever tries: it is skipped and counted, up to the job's limit. */
export class BadItem extends Error {
  override name = 'BadItem';
}
