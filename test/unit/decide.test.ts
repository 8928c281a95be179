// Protects: requests are decided once, in their order, by the rules that stand between them; what nobody can decide is
// set aside and stops nothing; a decider knows nothing that the record does not have, so that it can always begin anew.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Campaign } from '../../src/core/campaign.ts';
import type { Phase } from '../../src/core/decider.ts';
import { phaseAt, phasesAt } from '../../src/core/decider.ts';
import { gateRule } from '../../src/core/gate.ts';
import type { Request } from '../../src/core/request.ts';
import { placeOf, ruleChange } from '../../src/core/request.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import type { DecideParts, Decider } from '../../src/flow/decide.ts';
import { makeDecider } from '../../src/flow/decide.ts';
import type { RecordBatch } from '../../src/ports/record.ts';
import type { RequestReader, RequestSlice } from '../../src/ports/requests.ts';
import type { StoredRuling } from '../../src/ports/rulings.ts';
import type { RecordPlace } from '../support/contract/record-bench.ts';
import { type HandClock, makeHandClock } from '../support/hand-clock.ts';
import { sampleAudit, sampleCampaign, T0 } from '../support/samples.ts';
import { makeSqlitePlace } from '../support/sqlite-place.ts';

const codes = makeCodes(Buffer.from('a master secret for tests only'));
const campaign = sampleCampaign({ mode: 'ordered', quantity: 3 });
const { id } = campaign;
const anHour = 3_600_000;

/** A log in an array: one entry a request, null where an entry cannot be read. */
function readerOf(entries: readonly (Request | null)[], at: () => number): RequestReader {
  return {
    async read(offset, max) {
      const slice: RequestSlice = { requests: [], unreadable: [], next: offset };
      for (const [index, request] of entries.slice(offset, offset + max).entries()) {
        const place = placeOf(offset + index, 0);
        if (request) slice.requests.push({ request, place, at: at() });
        else slice.unreadable.push({ place, at: `requests:${offset + index}`, reason: 'odd', payload: 'x' });
        slice.next = offset + index + 1;
      }
      return slice;
    },
  };
}

const tried = (userId: string, over: { campaignId?: string; key?: string } = {}): Request => {
  return { type: 'claim.requested', campaignId: id, userId, key: null, ...over };
};
const changed = (version: number, over: Partial<Campaign>): Request =>
  ruleChange(null, gateRule({ ...campaign, version, ...over }));
const crowd = (first: number, last: number): Request[] =>
  Array.from({ length: last - first + 1 }, (_, at) => tried(`u-${first + at}`));

describe('a decider', () => {
  let place: RecordPlace;
  let clock: HandClock;
  let entries: (Request | null)[];
  let stored: RecordBatch[];
  beforeEach(async () => {
    place = await makeSqlitePlace();
    clock = makeHandClock(T0 + 1000);
    entries = [];
    stored = [];
  });

  const create = (over: Partial<Campaign> = {}) =>
    place.campaigns.create(sampleCampaign({ ...campaign, ...over }), sampleAudit());

  function decider(over: Partial<DecideParts> = {}): Promise<Decider> {
    return makeDecider({
      source: 'requests',
      reader: readerOf(entries, clock.now),
      record: {
        ...place.record,
        store(batch) {
          stored.push(batch);
          return place.record.store(batch);
        },
      },
      rulings: place.rulings,
      campaigns: place.campaigns,
      codes,
      system: clock,
      batchMax: 10,
      ...over,
    });
  }
  const holders = async (campaignId = id) =>
    (await place.record.page(campaignId, 0, 1000)).map(({ userId }) => userId);
  const phases = async (): Promise<Phase[]> => (await place.rulings.of(id))?.phases ?? [];
  const letters = () => place.letters.list({}, null, 10);

  it('gives to the first, and refuses the others without a row', async () => {
    await create();
    entries.push(...crowd(1, 5), tried('u-2'), tried('u-6'));
    const one = await decider();
    expect(await one.step()).toEqual({ requests: 7, wins: 3, conflicts: 0, next: 7 });
    expect(await one.step()).toEqual({ requests: 0, wins: 0, conflicts: 0, next: 7 });
    expect(await holders()).toEqual(['u-1', 'u-2', 'u-3']);
    expect(await place.rulings.of(id)).toEqual({
      campaignId: id,
      rule: gateRule(campaign),
      clock: clock.now(),
      phases: [{ from: placeOf(3, 0), verdict: 'sold_out', lastSeq: 3 }],
      issued: 3,
      lastSeq: 3,
      source: 'requests',
      changed: 7,
    });
    expect(await place.rulings.deciders()).toEqual([{ source: 'requests', next: 7, unreadable: [] }]);
  });

  it('decides each try by the rule that stands before it', async () => {
    await create();
    entries.push(tried('a'), changed(2, { pausedAt: T0 }), tried('b'), changed(3, {}), tried('b'));
    await (await decider()).step();
    expect(await holders()).toEqual(['a', 'b']);
    const told = await phases();
    expect(phaseAt(told, placeOf(0, 0))).toBeNull();
    expect(phaseAt(told, placeOf(2, 0))?.verdict).toBe('paused');
  });

  it('goes on at another source by all that was decided before, and keeps what was said there', async () => {
    await create({ quantity: 4 });
    entries.push(changed(1, {}), ...crowd(1, 5));
    await (await decider({ source: 'v1/0' })).step();
    entries = [tried('u-2'), tried('u-6'), changed(2, { quantity: 4 }), tried('u-7'), tried('u-8')];
    const next = await decider({ source: 'v2/0' });
    expect(await next.step()).toMatchObject({ requests: 5, wins: 1 });
    expect(await holders()).toEqual(['u-1', 'u-2', 'u-3', 'u-7']);
    const ruling = (await place.rulings.of(id)) as StoredRuling;
    expect(ruling).toMatchObject({ source: 'v2/0', changed: 5, issued: 4, lastSeq: 4 });
    const told = (source: string, offset: number) =>
      phaseAt(phasesAt(ruling, source), placeOf(offset, 0))?.verdict ?? null;
    expect([1, 4, 5].map((offset) => told('v1/0', offset))).toEqual([null, 'sold_out', 'sold_out']);
    expect([0, 1, 3, 4].map((offset) => told('v2/0', offset))).toEqual([null, 'sold_out', null, 'sold_out']);
    entries = [tried('u-9')];
    await (await decider({ source: 'v3/0' })).step();
    expect((await place.rulings.of(id))?.earlier?.map(({ source }) => source)).toEqual(['v1/0', 'v2/0']);
    expect(phasesAt((await place.rulings.of(id)) as StoredRuling, 'v1/0')).toEqual(phasesAt(ruling, 'v1/0'));
  });

  it('takes a raised quantity, and refuses one below what is out', async () => {
    await create();
    await place.campaigns.update({ ...campaign, quantity: 4, version: 2 }, 1, sampleAudit(), []);
    entries.push(changed(1, {}), ...crowd(1, 4), changed(2, { quantity: 4 }), ...crowd(5, 6));
    entries.push(changed(3, { quantity: 2 }), tried('u-7'));
    const one = await decider();
    await one.step();
    await one.step();
    expect(await holders()).toEqual(['u-1', 'u-2', 'u-3', 'u-5']);
    expect(await place.rulings.of(id)).toMatchObject({ issued: 4, rule: { version: 2, quantity: 4 } });
    const told = await phases();
    for (const offset of [4, 7, 9]) expect(phaseAt(told, placeOf(offset, 0))?.verdict).toBe('sold_out');
  });

  it('begins by what the log says of a new campaign, whatever has been changed since', async () => {
    await create({ version: 5, closedAt: T0 });
    entries.push(changed(1, {}), tried('a'), changed(5, { closedAt: T0 }), tried('b'));
    await (await decider()).step();
    expect(await holders()).toEqual(['a']);
    expect(phaseAt(await phases(), placeOf(3, 0))?.verdict).toBe('closed');
  });

  it('has a ruling of a campaign that nobody has tried yet', async () => {
    await create({ openedAt: null });
    entries.push(changed(1, { openedAt: null }));
    await (await decider()).step();
    expect(await place.rulings.of(id)).toMatchObject({ issued: 0, phases: [], rule: { startsAt: null } });
  });

  it('gives a user with keys as much as his limit', async () => {
    await create({ perUserLimit: 2 });
    for (const key of ['k1', 'k1', 'k2', 'k3']) entries.push(tried('a', { key }));
    entries.push(tried('b'), tried('b'), tried('c'));
    const one = await decider({ batchMax: 2 });
    await one.step();
    const other = await decider({ batchMax: 10 });
    await other.step();
    expect(await holders()).toEqual(['a', 'a', 'b']);
    expect((await place.record.page(id, 0, 10)).map(({ key }) => key)).toEqual(['k1', 'k2', null]);
  });

  it('sets aside what it cannot read, and says where that was', async () => {
    await create();
    entries.push(tried('a'), null, tried('b'), null);
    expect(await (await decider()).step()).toEqual({ requests: 4, wins: 2, conflicts: 2, next: 4 });
    expect(await holders()).toEqual(['a', 'b']);
    expect(await place.rulings.deciders()).toEqual([{ source: 'requests', next: 4, unreadable: [1, 3] }]);
    expect(await letters()).toHaveLength(2);
  });

  it('sets tries aside that are of no ordered campaign, and asks for each such campaign once a batch', async () => {
    await create();
    await create({ id: 'by-gate', mode: 'instant' });
    const asked: string[] = [];
    const campaigns = {
      get(campaignId: string) {
        asked.push(campaignId);
        return place.campaigns.get(campaignId);
      },
    };
    const [none, gate] = [{ campaignId: 'none' }, { campaignId: 'by-gate' }];
    entries.push(tried('a', none), tried('b', none), tried('a'), tried('c', none), tried('a', gate));
    entries.push(ruleChange(null, gateRule({ ...campaign, id: 'none' })));
    expect(await (await decider({ campaigns })).step()).toMatchObject({ wins: 1, conflicts: 4 });
    expect(asked).toEqual(['none', id, 'by-gate']);
    expect((await letters()).map(({ reason }) => reason)).toContain(
      'none is no campaign that is decided in order',
    );
    expect(await holders('by-gate')).toEqual([]);
    expect(await place.rulings.deciders()).toMatchObject([{ unreadable: [] }]);
  });

  it('writes no ruling when nothing but the clock has moved', async () => {
    await create({ quantity: 1 });
    entries.push(...crowd(1, 5));
    const one = await decider();
    await one.step();
    clock.move(1000);
    entries.push(...crowd(6, 9), tried('u-1'));
    await one.step();
    expect(stored.map(({ rulings }) => rulings?.length)).toEqual([1, 0]);
    expect(await place.rulings.of(id)).toMatchObject({ changed: 5, clock: T0 + 1000 });
  });

  it('finds a code by what the record keeps of it, also when the campaign got codes later', async () => {
    await create({ openedAt: null });
    entries.push(changed(1, { openedAt: null }));
    const one = await decider();
    await one.step();
    const next: Campaign = { ...campaign, version: 2, codes: { source: 'generated' } };
    await place.campaigns.update(next, 1, sampleAudit(), []);
    entries.push(changed(2, {}), tried('a'));
    await one.step();
    const codeLookup = codes.lookupOf(codes.codeOf(next, 1) as string);
    expect((await place.record.find(null, { codeLookup })).map(({ userId }) => userId)).toEqual(['a']);
  });

  it('two at one record decide everything once', async () => {
    await create({ quantity: 40 });
    await place.campaigns.get(id);
    entries.push(...crowd(1, 60));
    const [one, two] = [await decider(), await decider({ batchMax: 7 })];
    for (let i = 0; i < 12; i++) await Promise.all([one.step(), two.step()]);
    expect([one.next(), two.next()]).toEqual([60, 60]);
    expect(await holders()).toEqual(crowd(1, 40).map((request) => 'userId' in request && request.userId));
    expect(phaseAt(await phases(), placeOf(40, 0))?.verdict).toBe('sold_out');
    expect(await letters()).toEqual([]);
  });

  it('decides the same again after a batch that was not stored, or was and nobody heard of it', async () => {
    await create();
    entries.push(...crowd(1, 2));
    const fails: ('before' | 'after' | null)[] = ['before', 'after', null, null];
    const one = await decider({
      record: {
        ...place.record,
        async store(batch) {
          const fail = fails.shift();
          if (fail === 'before') throw new Error('no database');
          const result = await place.record.store(batch);
          if (fail === 'after') throw new Error('the answer was lost');
          return result;
        },
      },
    });
    await expect(one.step()).rejects.toThrow('no database');
    await expect(one.step()).rejects.toThrow('the answer was lost');
    expect(one.next()).toBe(0);
    await one.step();
    entries.push(...crowd(1, 4));
    await one.step();
    expect(one.next()).toBe(6);
    expect(await holders()).toEqual(['u-1', 'u-2', 'u-3']);
  });

  it('goes by what the record has when it has refused a win: set aside, it counts as issued', async () => {
    await create({ quantity: 1 });
    entries.push(changed(1, { quantity: 3 }), ...crowd(1, 2));
    const one = await decider();
    expect(await one.step()).toMatchObject({ wins: 1, conflicts: 1 });
    await place.campaigns.update({ ...campaign, version: 2 }, 1, sampleAudit(), []);
    entries.push(...crowd(2, 4));
    await one.step();
    expect(await holders()).toEqual(['u-1', 'u-3']);
    expect(await place.letters.counts(id)).toMatchObject({ dead: 1, units: 1 });
    expect(await place.rulings.of(id)).toMatchObject({ issued: 3 });
  });

  it('takes up a campaign of many holders in pages', async () => {
    await create({ quantity: 10_002 });
    entries.push(...crowd(1, 10_001));
    await (await decider({ batchMax: 20_000 })).step();
    entries.push(...crowd(10_000, 10_003));
    const other = await decider();
    await other.step();
    expect(await place.rulings.of(id)).toMatchObject({ issued: 10_002, lastSeq: 10_002 });
  });

  it('forgets what is over and idle, and what nobody asks for in an hour', async () => {
    await create();
    await create({ id: 'other' });
    const asked: string[] = [];
    const rulings = {
      of(campaignId: string) {
        asked.push(campaignId);
        return place.rulings.of(campaignId);
      },
    };
    const one = await decider({ rulings });
    const look = async () => {
      asked.length = 0;
      entries.push(tried('a'), tried('a', { campaignId: 'other' }));
      await one.step();
      return [...asked];
    };
    expect(await look()).toEqual([id, 'other']);
    entries.push(changed(2, { closedAt: T0 }));
    await one.step();
    expect(await look()).toEqual([]);
    clock.move(60_000);
    await one.step();
    expect(await look()).toEqual([id]);
    clock.move(anHour);
    await one.step();
    expect(await look()).toEqual([id, 'other']);
  });

  it('remembers a thousand campaigns at once', async () => {
    const ids = Array.from({ length: 1001 }, (_, at) => `c-${at}`);
    for (const one of ids) await create({ id: one });
    const asked: string[] = [];
    const one = await decider({
      batchMax: 2000,
      rulings: {
        of(campaignId) {
          asked.push(campaignId);
          return place.rulings.of(campaignId);
        },
      },
    });
    entries.push(...ids.map((campaignId) => tried('a', { campaignId })));
    await one.step();
    asked.length = 0;
    entries.push(tried('a', { campaignId: 'c-1' }), tried('a', { campaignId: 'c-0' }));
    await one.step();
    expect(asked).toEqual(['c-0']);
  });
});
