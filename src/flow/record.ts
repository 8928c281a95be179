/**
 * From the log into the record, exactly once: a batch and the recorder's own next offset in one transaction, so that
 * neither a crash nor a second recorder can store a fact twice or skip one.
 */

import type { Campaign } from '../core/campaign.ts';
import type { ClaimWon } from '../core/event.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { LogReader } from '../ports/log.ts';
import type { RecordStore, Win } from '../ports/record.ts';
import type { System } from '../ports/system.ts';
import type { Codes } from './codes.ts';

export interface RecordParts {
  source: string;
  reader: LogReader;
  record: RecordStore;
  campaigns: Campaigns;
  codes: Codes;
  system: System;
  batchMax: number;
}

export interface Recorded {
  /** facts taken from the log in this step; 0: nothing was there */
  facts: number;
  conflicts: number;
  next: number;
}

export interface Recorder {
  /** the offset to go on at */
  next(): number;
  /** One batch from the log into the record. Throws when the record cannot be written; nothing is lost by that. */
  step(): Promise<Recorded>;
}

export async function makeRecorder(parts: RecordParts): Promise<Recorder> {
  const { source, reader, record, campaigns, codes, system } = parts;
  const known = new Map<string, Campaign | null>();
  let next = await record.next(source);

  async function campaignOf(id: string): Promise<Campaign | null> {
    const found = known.get(id);
    if (found) return found;
    const campaign = await campaigns.get(id);
    known.set(id, campaign);
    return campaign;
  }

  async function winOf(fact: ClaimWon): Promise<Win> {
    const campaign = known.get(fact.campaignId) ?? (await campaignOf(fact.campaignId));
    const code = campaign ? codes.codeOf(campaign, fact.seq) : null;
    return { fact, codeLookup: code === null ? null : codes.lookupOf(code) };
  }

  return {
    next: () => next,
    async step() {
      const slice = await reader.read(next, parts.batchMax);
      if (slice.next === next) return { facts: 0, conflicts: 0, next };
      const wins: Win[] = [];
      for (const fact of slice.facts) wins.push(await winOf(fact));
      const { unreadable } = slice;
      const result = await record.store({
        source,
        from: next,
        next: slice.next,
        wins,
        unreadable,
        now: system.now(),
      });
      if (result.kind === 'zombie') {
        next = result.next;
        return { facts: slice.facts.length, conflicts: 0, next };
      }
      next = slice.next;
      return { facts: slice.facts.length + unreadable.length, conflicts: result.conflicts, next };
    },
  };
}
