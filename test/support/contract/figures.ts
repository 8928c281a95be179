// What every store of figures promises (ports/figures): a note is a total, so the same one twice is the same; processes
// add up; and what happened to units is counted where the record says that it happened.

import { describe, expect, it } from 'vitest';
import type { FigureBatch, Figures } from '../../../src/ports/figures.ts';
import { sampleAudit, sampleCampaign, T0 } from '../samples.ts';
import type { RecordPlace } from './record-bench.ts';
import { ID, wins } from './record-bench.ts';

export interface FiguresPlace {
  figures: Figures;
  place: Pick<RecordPlace, 'record' | 'campaigns'>;
}

function batch(over: Partial<FigureBatch> = {}): FigureBatch {
  return { source: 'a', startedAt: T0, now: T0 + 1, counts: [], measures: [], faults: [], ...over };
}

const count = (name: string, total: number, at = T0, widthMs = 100) => ({
  ...{ campaignId: ID, at, widthMs, name },
  count: total,
});

const fault = (over: Partial<FigureBatch['faults'][number]> = {}) => ({
  ...{ part: 'log', campaignId: '', since: T0, until: T0 + 500, over: false, what: '브로커가 없어요' },
  ...over,
});

export function figuresContract(name: string, makePlace: () => Promise<FiguresPlace>): void {
  describe(`${name} figures`, () => {
    it('keeps totals: told again they are the same, told higher they take the place of the ones before', async () => {
      const { figures } = await makePlace();
      const first = batch({
        counts: [count('won', 3), count('sold_out', 5), count('sold_out', 2, T0 + 100)],
      });
      await figures.note(first);
      await figures.note(first);
      await figures.note(batch({ counts: [count('sold_out', 9)] }));
      await figures.note(batch({ source: 'b', counts: [count('sold_out', 1), count('won', 4, T0, 1000)] }));
      await figures.note(batch({ counts: [{ ...count('won', 1), campaignId: 'other' }] }));
      const found = (await figures.counts(ID)).map(({ at, widthMs, name, count }) => [
        at - T0,
        widthMs,
        name,
        count,
      ]);
      expect(found.map(([at]) => at)).toEqual([0, 0, 0, 100]);
      expect(new Set(found.map(String))).toEqual(
        new Set(['0,100,won,3', '0,100,sold_out,10', '0,1000,won,4', '100,100,sold_out,2']),
      );
    });

    it('keeps what each process measured, and tells it page by page', async () => {
      const { figures } = await makePlace();
      const people = Uint8Array.from({ length: 16_384 }, (_, i) => i % 50);
      const measures = (amount: number) => [
        {
          campaignId: ID,
          latency: [[100, amount]] as [number, number][],
          people: amount === 2 ? null : people,
        },
      ];
      for (const source of ['a', 'b', 'c']) await figures.note(batch({ source, measures: measures(1) }));
      await figures.note(batch({ source: 'b', now: T0 + 9, measures: measures(2) }));
      const first = await figures.sources(ID, '', 2);
      expect(
        first.map(({ source, startedAt, notedAt, latency }) => [source, startedAt, notedAt, latency]),
      ).toEqual([
        ['a', T0, T0 + 1, [[100, 1]]],
        ['b', T0, T0 + 9, [[100, 2]]],
      ]);
      expect([first[0]?.people, first[1]?.people]).toEqual([people, null]);
      expect((await figures.sources(ID, 'b', 2)).map(({ source }) => source)).toEqual(['c']);
      expect(await figures.sources('other', '', 2)).toEqual([]);
    });

    it('finds faults that touch a time, of this campaign and of all', async () => {
      const { figures } = await makePlace();
      await figures.note(batch({ faults: [fault(), fault({ part: 'gate', campaignId: 'other' })] }));
      await figures.note(batch({ faults: [fault({ until: T0 + 900, over: true })] }));
      await figures.note(
        batch({ source: 'b', faults: [fault({ campaignId: ID, since: T0 + 5000, until: T0 + 6000 })] }),
      );
      const all = await figures.faults(ID, T0, T0 + 10_000, 10);
      expect(all).toEqual([
        { ...fault({ until: T0 + 900, over: true }), source: 'a' },
        { ...fault({ campaignId: ID, since: T0 + 5000, until: T0 + 6000 }), source: 'b' },
      ]);
      expect(await figures.faults(ID, T0 + 901, T0 + 5000, 10)).toEqual([]);
      expect(await figures.faults(ID, T0, T0 + 10_000, 1)).toHaveLength(1);
    });

    it('takes a full note, and an empty one', async () => {
      const { figures } = await makePlace();
      await figures.note(batch());
      const counts = Array.from({ length: 1_000 }, (_, i) => count('sold_out', i + 1, T0 + i * 100));
      await figures.note(batch({ counts }));
      expect(await figures.counts(ID)).toHaveLength(1_000);
    });

    it('counts what happened to units by when it happened', async () => {
      const { figures, place } = await makePlace();
      await place.campaigns.create(sampleCampaign(), sampleAudit());
      const facts = wins(1, 6).map((fact, i) => ({ ...fact, wonAt: T0 + [0, 10, 99, 100, 250, 1000][i]! }));
      const stored = facts.map((fact) => ({ fact, codeLookup: null }));
      await place.record.store({ source: 's', from: 0, next: 1, wins: stored, unreadable: [], now: T0 });
      const act = { by: 'op', reason: 'test', key: null, requestId: null, now: T0 + 320 };
      await place.record.change({ campaignId: ID, seq: 1 }, { ...act, act: 'redeem' });
      await place.record.change({ campaignId: ID, seq: 4 }, { ...act, act: 'revoke' });
      const of = (what: Parameters<Figures['acts']>[1], to = T0 + 400) =>
        figures.acts(ID, what, { from: T0, to, widthMs: 100 });
      expect(await of('won')).toEqual([
        { at: T0, count: 3 },
        { at: T0 + 100, count: 1 },
        { at: T0 + 200, count: 1 },
      ]);
      expect(await of('redeemed')).toEqual([{ at: T0 + 300, count: 1 }]);
      expect(await of('revoked')).toEqual([{ at: T0 + 300, count: 1 }]);
      expect([await of('returned'), await of('issued')]).toEqual([[], []]);
      expect(await of('unused', T0 + 2000)).toEqual([
        { at: T0, count: 2 },
        { at: T0 + 200, count: 1 },
        { at: T0 + 1000, count: 1 },
      ]);
      expect(await figures.acts('other', 'won', { from: T0, to: T0 + 1, widthMs: 1 })).toEqual([]);
    });
  });
}
