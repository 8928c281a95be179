/**
 * From the log into the record, exactly once: a batch and the recorder's own next offset in one transaction, so that
 * neither a crash nor a second recorder can store a fact twice or skip one.
 */

import type { Campaign } from '../core/campaign.ts';
import type { ClaimWon } from '../core/event.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { LogReader, LogSlice } from '../ports/log.ts';
import type { RecordStore, StoreResult, Win } from '../ports/record.ts';
import type { System } from '../ports/system.ts';
import type { Codes } from './codes.ts';
import { ensureCodes, recordedWin } from './codes.ts';

export interface RecordParts {
  source: string;
  reader: LogReader;
  record: RecordStore;
  campaigns: Campaigns;
  codes: Codes;
  system: System;
  batchMax: number;
  /** told after each step that read something: what was read, and what the record made of it */
  onTaken?: (slice: LogSlice, result: StoreResult) => void;
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

/** Campaigns remembered at once, per recorder: facts of one campaign come close together. */
const CAMPAIGNS_MAX = 1000;

export async function makeRecorder(parts: RecordParts): Promise<Recorder> {
  const { source, reader, record, system } = parts;
  const campaignsOf = makeCampaignMemory(parts.campaigns);
  let next = await record.next(source);

  async function winsOf(facts: readonly ClaimWon[]): Promise<Win[]> {
    const campaigns = await campaignsOf(facts);
    await ensureCodes(parts.codes, facts, (id) => campaigns.get(id));
    return facts.map((fact) => recordedWin(parts.codes, campaigns.get(fact.campaignId) ?? null, fact));
  }

  return {
    next: () => next,
    async step() {
      const from = next;
      const slice = await reader.read(from, parts.batchMax);
      if (slice.next === from) return { facts: 0, conflicts: 0, next };
      const { facts, lines, unreadable } = slice;
      const wins = await winsOf(facts);
      const now = system.now();
      const about = lines === undefined ? {} : { lines };
      const result = await record.store({ source, from, next: slice.next, wins, ...about, unreadable, now });
      next = result.kind === 'zombie' ? result.next : slice.next;
      parts.onTaken?.(slice, result);
      const taken = facts.length + (lines?.length ?? 0);
      if (result.kind === 'zombie') return { facts: taken, conflicts: 0, next };
      return { facts: taken + unreadable.length, conflicts: result.conflicts, next };
    },
  };
}

/** The campaigns of some facts. One that was not there is asked for again next time: it may have come since. */
function makeCampaignMemory(
  campaigns: Campaigns,
): (facts: readonly ClaimWon[]) => Promise<ReadonlyMap<string, Campaign>> {
  const known = new Map<string, Campaign>();
  return async (facts) => {
    const asked = new Map<string, Campaign>();
    for (const id of new Set(facts.map((fact) => fact.campaignId))) {
      const campaign = known.get(id) ?? (await campaigns.get(id));
      if (campaign === null) continue;
      asked.set(id, campaign);
      // Put last: what was not asked for longest is forgotten first.
      known.delete(id);
      known.set(id, campaign);
    }
    for (const id of known.keys()) {
      if (known.size <= CAMPAIGNS_MAX) break;
      known.delete(id);
    }
    return asked;
  };
}
