// A record under test with a recorder's hand: what the suites of ports/record share.

import { beforeEach } from 'vitest';
import type { Campaign } from '../../../src/core/campaign.ts';
import type { ClaimWon } from '../../../src/core/event.ts';
import type { Campaigns } from '../../../src/ports/campaigns.ts';
import type { DeadLetters, DueLetters, UnsentLetters } from '../../../src/ports/dead-letters.ts';
import type { LineHistory } from '../../../src/ports/line-history.ts';
import type { Operators } from '../../../src/ports/operators.ts';
import type { Outbox } from '../../../src/ports/outbox.ts';
import type { RecordBatch, RecordStore, StoreResult } from '../../../src/ports/record.ts';
import type { Rulings } from '../../../src/ports/rulings.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../samples.ts';

export interface OutboxRow {
  type: string;
  seqFirst: number | null;
  seqLast: number | null;
  data: unknown;
}

/** A record with the ports beside it, empty, and gone when the test is over. */
export interface RecordPlace {
  record: RecordStore;
  campaigns: Campaigns;
  operators: Operators;
  letters: DeadLetters & DueLetters;
  unsentLetters: UnsentLetters;
  rulings: Rulings;
  lines: LineHistory;
  /** what was left for the outside world, until it is sent on */
  leftToSend: Outbox;
  /** What was left for the outside world about a campaign, oldest first. */
  outbox(campaignId: string): Promise<OutboxRow[]>;
  /** Moves the clock that the record reads by. */
  setNow(now: number): void;
}

export type MakeRecordPlace = () => Promise<RecordPlace>;

export const ID = sampleCampaign().id;
export const STORED = { kind: 'stored', inserted: 0, repeated: 0, conflicts: 0 };

export const wins = (first: number, last: number): ClaimWon[] =>
  Array.from({ length: last - first + 1 }, (_, i) => sampleWin(first + i));

/** A fresh place before each test, and a recorder that keeps its own offset. */
export function recordBench(makePlace: MakeRecordPlace) {
  let place: RecordPlace;
  let at = 0;
  beforeEach(async () => {
    place = await makePlace();
    at = 0;
  });

  function batchOf(facts: ClaimWon[], over: Partial<RecordBatch> = {}): RecordBatch {
    const listed = facts.map((fact) => ({ fact, codeLookup: null }));
    return { source: 'journal', from: at, next: at + 1, wins: listed, unreadable: [], now: T0, ...over };
  }

  return {
    get place(): RecordPlace {
      return place;
    },
    get record(): RecordStore {
      return place.record;
    },
    create(over: Partial<Campaign> = {}): Promise<boolean> {
      return place.campaigns.create(sampleCampaign(over), sampleAudit());
    },
    batchOf,
    /** Stores what is given as the next batch. */
    async store(facts: ClaimWon[], over: Partial<RecordBatch> = {}): Promise<StoreResult> {
      const batch = batchOf(facts, over);
      const result = await place.record.store(batch);
      if (result.kind === 'stored') at = batch.next;
      return result;
    },
    /** The runs of units told to the outside world as issued. */
    async issued(): Promise<[number | null, number | null][]> {
      const rows = (await place.outbox(ID)).filter(({ type }) => type === 'coupon.issued');
      return rows.map(({ seqFirst, seqLast }) => [seqFirst, seqLast]);
    },
    async seqs(): Promise<number[]> {
      return (await place.record.page(ID, 0, 1000)).map(({ seq }) => seq);
    },
  };
}
