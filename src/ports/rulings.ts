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
  /** Rulings of a source stored with a `next` above `after`, those of archived campaigns left out when `after` is below 0. */
  changed(source: string, after: number): Promise<StoredRuling[]>;
  of(campaignId: string): Promise<StoredRuling | null>;
}
