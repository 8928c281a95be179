// The log of requests and its decider, moved on by the test alone: what is durable when, what is decided when, and every
// call of those who follow can be stopped in the middle. What each place was decided is kept, to compare with.

import type { DecidedCampaign } from '../../src/core/decider.ts';
import { changeRule, decideOne, newDecided, rulingOf } from '../../src/core/decider.ts';
import type { ClaimWon } from '../../src/core/event.ts';
import type { Decision } from '../../src/core/gate.ts';
import { decide } from '../../src/core/gate.ts';
import type { PlacedRequest, Request } from '../../src/core/request.ts';
import { placeOf } from '../../src/core/request.ts';
import type { LogState } from '../../src/ports/log.ts';
import type { Holders, StoredClaim } from '../../src/ports/record.ts';
import type { RequestPlace, Requests } from '../../src/ports/requests.ts';
import type { DeciderAt, Rulings, StoredRuling } from '../../src/ports/rulings.ts';

export const SOURCE = 'requests';

export interface HandRequests extends Requests {
  /** what it has on disk: one entry for each time that something was let through; null: nobody can read it */
  entries: (PlacedRequest[] | null)[];
  /** What waits becomes durable, as one entry; with `unreadable` as one that nobody can read. */
  letThrough(how?: 'unreadable'): void;
  /** Everybody is told that it is not known; what waits goes on waiting. */
  fail(reason: string): void;
  heal(): void;
}

export function makeHandRequests(now: () => number): HandRequests {
  const state: LogState = { waiting: 0, end: 0, fault: null };
  type Done = (error: Error | null, at: RequestPlace | null) => void;
  let pending: { request: Request; done: Done }[] = [];
  const entries: HandRequests['entries'] = [];
  return {
    entries,
    state: () => state,
    append(request, done) {
      pending.push({ request, done });
      state.waiting = pending.length;
    },
    letThrough(how) {
      if (pending.length === 0) return;
      const through = pending;
      pending = [];
      const offset = entries.length;
      const placed = through.map(({ request }, i) => ({ request, place: placeOf(offset, i), at: now() }));
      entries.push(how === 'unreadable' ? null : placed);
      state.waiting = 0;
      state.end = entries.length;
      for (const [i, { done }] of through.entries()) {
        done(null, { topicVersion: 1, partition: 0, place: placeOf(offset, i) });
      }
    },
    fail(reason) {
      state.fault = reason;
      for (const one of pending) {
        const { done } = one;
        one.done = () => undefined;
        done(new Error(reason), null);
      }
    },
    heal() {
      state.fault = null;
    },
    close: async () => undefined,
  };
}

export interface HandDecider {
  /** Decides and stores the next `entries`; all that there are when no number is named. */
  decide(entries?: number): void;
  /** what was decided at each place, as the rule said it then */
  decisions: Map<number, Decision>;
  wins: ClaimWon[];
  rulings: Rulings;
  record: {
    holders(campaignId: string, afterSeq: number, limit: number): Promise<Holders>;
    find(campaignId: string | null, by: object): Promise<StoredClaim[]>;
  };
  /** told before each call of those who follow; what it throws is what the call fails with */
  before: { call: (name: string) => void };
  calls: string[];
}

export function makeHandDecider(requests: Pick<HandRequests, 'entries'>): HandDecider {
  const campaigns = new Map<string, DecidedCampaign>();
  const stored = new Map<string, StoredRuling>();
  const at: DeciderAt = { source: SOURCE, next: 0, unreadable: [] };
  const decisions = new Map<number, Decision>();
  const wins: ClaimWon[] = [];
  const before: HandDecider['before'] = { call: () => undefined };
  const calls: string[] = [];
  const asked = (name: string): void => {
    calls.push(name);
    before.call(name);
  };

  function decideEntry(placed: PlacedRequest[]): Set<string> {
    const touched = new Set<string>();
    for (const { request, place, at: when } of placed) {
      touched.add(request.campaignId);
      const campaign = campaigns.get(request.campaignId);
      if (request.type !== 'claim.requested') {
        if (campaign) changeRule(campaign, request);
        else campaigns.set(request.campaignId, newDecided(request.rule));
        continue;
      }
      if (!campaign) throw new Error(`${request.campaignId} has no rule`);
      decisions.set(place, decide({ ...campaign.gate }, { ...request, eligible: true }, when));
      const fact = decideOne(campaign, request, { place, at: when });
      if (fact) wins.push(fact);
    }
    return touched;
  }

  return {
    decisions,
    wins,
    before,
    calls,
    decide(count = Number.POSITIVE_INFINITY) {
      for (let i = 0; i < count && at.next < requests.entries.length; i++) {
        const entry = requests.entries[at.next];
        if (!entry) at.unreadable = [...at.unreadable, at.next];
        const touched = entry ? decideEntry(entry) : new Set<string>();
        at.next += 1;
        for (const id of touched) {
          const ruling = rulingOf(campaigns.get(id) as DecidedCampaign);
          stored.set(id, structuredClone({ ...ruling, source: SOURCE, changed: at.next }));
        }
      }
    },
    rulings: {
      async deciders() {
        asked('deciders');
        return at.next === 0 ? [] : [{ ...at }];
      },
      async changed(known) {
        asked('changed');
        const after = known.find(({ source }) => source === SOURCE)?.next ?? -1;
        const found = [...stored.values()].filter(({ changed }) => changed > after);
        before.call('holders, or none');
        return found;
      },
      async of(campaignId) {
        asked('of');
        return stored.get(campaignId) ?? null;
      },
    },
    record: {
      async holders(campaignId, afterSeq, limit) {
        asked('holders');
        const mine = wins
          .filter((win) => win.campaignId === campaignId && win.seq > afterSeq)
          .slice(0, limit);
        return {
          seqs: Float64Array.from(mine, ({ seq }) => seq),
          wonAt: Float64Array.from(mine, ({ wonAt }) => wonAt),
          userIds: mine.map(({ userId }) => userId),
          keys: mine.map(({ key }) => key),
        };
      },
      async find(campaignId, by) {
        asked('find');
        const { userId } = by as { userId: string };
        const mine = wins.filter((win) => win.campaignId === campaignId && win.userId === userId);
        return mine.map(({ seq, wonAt, key }) => ({ seq, wonAt, key })) as StoredClaim[];
      },
    },
  };
}
