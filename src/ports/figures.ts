/**
 * How drops went: counted in the processes that answer people, and kept a moment later. What a process notes is a count
 * of its own that only grows, so the same note twice changes nothing, and a process that dies loses its last second.
 */

import type { StoredHistogram } from '../core/latency-histogram.ts';

/** Answers of one name in one stretch of time, as this process has counted them so far. */
export interface FigureCount {
  campaignId: string;
  /** epoch ms, a multiple of `widthMs` */
  at: number;
  widthMs: number;
  /** a verdict or the code of a problem; verdicts that came after the answer to the press begin with `later:` */
  name: string;
  count: number;
}

/** What this process has measured in a campaign so far. */
export interface FigureMeasures {
  campaignId: string;
  latency: StoredHistogram;
  /** registers of core/hyperloglog; null: nobody was seen */
  people: Uint8Array | null;
}

/** A part that did not work. */
export interface PartFault {
  /** `gate`, `log`, `record`, … */
  part: string;
  /** the campaign whose gate was made good; '' when it is about all */
  campaignId: string;
  /** epoch ms */
  since: number;
  /** epoch ms, when it was last seen so */
  until: number;
  over: boolean;
  /** at most 300 characters */
  what: string;
}

export interface FigureBatch {
  /** a process from its start to its end */
  source: string;
  /** epoch ms */
  startedAt: number;
  now: number;
  counts: FigureCount[];
  measures: FigureMeasures[];
  faults: PartFault[];
}

export interface SourceFigures extends Omit<FigureMeasures, 'campaignId'> {
  source: string;
  startedAt: number;
  /** epoch ms, of the last note */
  notedAt: number;
}

/** Of all processes together. */
export type CountedStretch = Pick<FigureCount, 'at' | 'widthMs' | 'name' | 'count'>;

/**
 * What happens to units. `issued`: by the job; where coupons come with the win there are none. `unused`: those that are
 * neither used nor taken back, by when they were issued or won.
 */
export const UNIT_ACTS = ['won', 'issued', 'redeemed', 'revoked', 'returned', 'unused'] as const;
export type UnitAct = (typeof UNIT_ACTS)[number];

export interface Figures {
  /** All of it may be told again. At most 1,000 counts at once. */
  note(batch: FigureBatch): Promise<void>;
  /** In order of time. */
  counts(campaignId: string): Promise<CountedStretch[]>;
  /** A page of processes, in order of their ids after `after`; at most `limit`. */
  sources(campaignId: string, after: string, limit: number): Promise<SourceFigures[]>;
  /** Of every process, about this campaign or all, that touch this time; oldest first, at most `limit`. */
  faults(
    campaignId: string,
    from: number,
    to: number,
    limit: number,
  ): Promise<(PartFault & { source: string })[]>;
  /** What the record says happened to units from `from` to before `to`, by stretches of `widthMs` that begin at `at`. */
  acts(
    campaignId: string,
    act: UnitAct,
    stretch: { from: number; to: number; widthMs: number },
  ): Promise<{ at: number; count: number }[]>;
}
