/** How far the deciders are and what their rulings are, for everybody who answers tickets. Written by `RecordStore.store`. */

import type { Ruling } from '../core/decider.ts';

export interface DeciderAt {
  /** one partition of the log of requests, as `RecordBatch.source` names it */
  source: string;
  /** what is before this offset is decided */
  next: number;
  /** offsets of entries that nobody could read: whoever asked there has no verdict */
  unreadable: number[];
}

export interface StoredRuling extends Ruling {
  source: string;
  /** the decider's `next` when it was stored: what changes is found by it */
  changed: number;
}

export interface Rulings {
  /** Asked before `changed`: then every ruling that these have made is found there. */
  deciders(): Promise<DeciderAt[]>;
  /**
   * Rulings stored behind what is known, and all those of sources that are not, archived campaigns left out. As of one
   * moment: a campaign whose ruling goes over from one source to another is found at one of them.
   */
  changed(known: readonly Pick<DeciderAt, 'source' | 'next'>[]): Promise<StoredRuling[]>;
  of(campaignId: string): Promise<StoredRuling | null>;
}
