// What every record promises to deciders and to whoever follows them (ports/record, ports/rulings): wins, rulings and the
// offset are stored together or not at all; what changed is found; that a campaign is sold out is told once.

import { describe, expect, it } from 'vitest';
import type { Ruling } from '../../../src/core/decider.ts';
import type { GateRule } from '../../../src/core/gate.ts';
import { gateRule } from '../../../src/core/gate.ts';
import type { RecordBatch } from '../../../src/ports/record.ts';
import { sampleAudit, sampleCampaign, T0 } from '../samples.ts';
import type { MakeRecordPlace } from './record-bench.ts';
import { ID, recordBench, STORED, wins } from './record-bench.ts';

const FROM_A = { source: 'requests/v1/0' };
const FROM_B = { source: 'requests/v1/1' };

function sampleRuling(issued: number, over: Partial<Ruling> = {}, rule: Partial<GateRule> = {}): Ruling {
  return {
    campaignId: ID,
    rule: { ...gateRule(sampleCampaign()), ...rule },
    clock: T0 + issued,
    phases: [],
    issued,
    lastSeq: issued,
    ...over,
  };
}

export function recordRulings(name: string, makePlace: MakeRecordPlace): void {
  describe(`${name} record, for deciders`, () => {
    const bench = recordBench(makePlace);
    const ordered = (over: Parameters<typeof bench.create>[0] = {}) =>
      bench.create({ mode: 'ordered', ...over });
    const decided = (from: number, next: number, over: Partial<RecordBatch>) =>
      bench.record.store(bench.batchOf([], { ...FROM_A, from, next, ...over }));
    const listed = (first: number, last: number) =>
      wins(first, last).map((fact) => ({ fact, codeLookup: fact.seq * 7 }));
    const soldOut = async () =>
      (await bench.place.outbox(ID)).filter(({ type }) => type === 'campaign.sold_out');

    it('takes wins, ruling and offset in together, from the first one on', async () => {
      await ordered();
      const phases = [
        { from: 3, verdict: 'not_open' as const, lastSeq: 0 },
        { from: 2 ** 45, verdict: 'paused' as const, lastSeq: 12 },
      ];
      const ruling = sampleRuling(40, { phases, clock: T0 + 99 }, { startsAt: T0, paused: true, version: 3 });
      const stored = await decided(0, 7, { wins: listed(1, 40), rulings: [ruling] });
      expect(stored).toEqual({ ...STORED, inserted: 40 });
      expect(await bench.place.rulings.of(ID)).toEqual({ ...ruling, ...FROM_A, changed: 7 });
      expect(await bench.place.rulings.deciders()).toEqual([{ ...FROM_A, next: 7, unreadable: [] }]);
      expect(await bench.seqs()).toHaveLength(40);
      expect(await bench.record.find(null, { codeLookup: 280 })).toMatchObject([{ seq: 40, epoch: 1 }]);
      expect(await bench.place.outbox(ID)).toEqual([
        { type: 'coupon.issued', seqFirst: 1, seqLast: 40, data: null },
      ]);
      const next = sampleRuling(41, {}, { version: 4 });
      await decided(7, 9, { wins: listed(41, 41), rulings: [next] });
      expect(await bench.place.rulings.of(ID)).toEqual({ ...next, ...FROM_A, changed: 9 });
      expect(await bench.place.rulings.of('none')).toBeNull();
    });

    it('writes nothing for a decider that was overtaken', async () => {
      await ordered();
      await decided(0, 7, { wins: listed(1, 3), rulings: [sampleRuling(3)] });
      const late = { wins: listed(4, 100), rulings: [sampleRuling(100)], unreadableAt: [1] };
      for (const [from, next] of [
        [0, 8],
        [6, 8],
        [8, 9],
      ] as const) {
        expect(await decided(from, next, late)).toEqual({ kind: 'zombie', next: 7 });
      }
      expect(await bench.place.rulings.of(ID)).toMatchObject({ issued: 3, changed: 7 });
      expect(await bench.place.rulings.deciders()).toEqual([{ ...FROM_A, next: 7, unreadable: [] }]);
      expect(await bench.seqs()).toEqual([1, 2, 3]);
      expect(await soldOut()).toEqual([]);
    });

    it('of many deciders with the same batch one writes it', async () => {
      await ordered();
      const batch = { wins: listed(1, 100), rulings: [sampleRuling(100)], unreadableAt: [0] };
      const results = await Promise.all(Array.from({ length: 20 }, () => decided(0, 5, batch)));
      expect(results.filter(({ kind }) => kind === 'stored')).toEqual([{ ...STORED, inserted: 100 }]);
      expect(await bench.place.rulings.deciders()).toEqual([{ ...FROM_A, next: 5, unreadable: [0] }]);
      expect(await soldOut()).toHaveLength(1);
    });

    it('finds what changed, of each source apart', async () => {
      const ids = ['a', 'b', 'c'];
      for (const id of ids) await ordered({ id });
      const about = (...some: string[]) =>
        some.map((campaignId) => sampleRuling(1, { campaignId }, { campaignId }));
      await decided(0, 5, { rulings: about('a', 'b') });
      await decided(5, 9, { rulings: about('b') });
      await decided(0, 100, { ...FROM_B, rulings: about('c') });
      const changed = async (...known: { source: string; next: number }[]) =>
        (await bench.place.rulings.changed(known)).map((one) => [one.campaignId, one.changed]);
      const [a, b, c] = [
        ['a', 5],
        ['b', 9],
        ['c', 100],
      ];
      expect(await changed()).toEqual([a, b, c]);
      expect(await changed({ ...FROM_A, next: 5 })).toEqual([b, c]);
      expect(await changed({ ...FROM_A, next: 9 })).toEqual([c]);
      expect(await changed({ ...FROM_A, next: 5 }, { ...FROM_B, next: 9 })).toEqual([b, c]);
      expect(await changed({ ...FROM_A, next: 9 }, { ...FROM_B, next: 100 })).toEqual([]);
      expect(await changed({ source: 'none', next: 0 })).toEqual([a, b, c]);
    });

    it('finds a campaign that went over to another source there, with what was said of it before', async () => {
      await ordered();
      const earlier = [
        { source: FROM_A.source, phases: [{ from: 4, verdict: 'paused', lastSeq: 0 } as const] },
      ];
      await decided(0, 5, { rulings: [sampleRuling(0)] });
      await decided(0, 1, { ...FROM_B, rulings: [{ ...sampleRuling(0), earlier }] });
      const known = { ...FROM_A, next: 2 };
      expect(await bench.place.rulings.changed([known])).toMatchObject([{ ...FROM_B, changed: 1, earlier }]);
      expect(await bench.place.rulings.of(ID)).toMatchObject({ ...FROM_B, earlier });
    });

    it('leaves archived campaigns out for who begins, and tells who follows', async () => {
      await ordered();
      await ordered({ id: 'gone' });
      const gone = sampleRuling(0, { campaignId: 'gone' }, { campaignId: 'gone' });
      await decided(0, 5, { rulings: [sampleRuling(0), gone] });
      const archived = sampleCampaign({ id: 'gone', version: 2, archivedAt: T0, closedAt: T0 });
      await bench.place.campaigns.update(archived, 1, sampleAudit(), []);
      const changed = async (...known: { source: string; next: number }[]) =>
        (await bench.place.rulings.changed(known)).map(({ campaignId }) => campaignId);
      expect(await changed()).toEqual([ID]);
      expect((await changed({ ...FROM_A, next: 0 })).toSorted()).toEqual([ID, 'gone']);
      expect(await bench.place.rulings.of('gone')).toMatchObject({ changed: 5 });
    });

    it('knows deciders from recorders, also those that have nothing to say yet', async () => {
      await ordered();
      await bench.store(wins(1, 3));
      expect(await bench.place.rulings.deciders()).toEqual([]);
      await decided(0, 1, { rulings: [] });
      await decided(0, 1, { ...FROM_B, unreadableAt: [] });
      expect(await bench.place.rulings.deciders()).toEqual([
        { ...FROM_A, next: 1, unreadable: [] },
        { ...FROM_B, next: 1, unreadable: [] },
      ]);
    });

    it('keeps the newest ten thousand offsets that nobody could read', async () => {
      const many = Array.from({ length: 9_999 }, (_, i) => i);
      await decided(0, 9_999, { unreadableAt: many });
      await decided(9_999, 20_000, { rulings: [] });
      await decided(20_000, 20_003, { unreadableAt: [20_000, 20_002] });
      expect(await bench.place.rulings.deciders()).toEqual([
        { ...FROM_A, next: 20_003, unreadable: [...many.slice(1), 20_000, 20_002] },
      ]);
    });

    it('tells the outside world once that a campaign is sold out, and again when more was added', async () => {
      await ordered({ quantity: 10 });
      const ruled = (issued: number, quantity: number, version: number) => [
        sampleRuling(issued, {}, { quantity, version }),
      ];
      await decided(0, 1, { wins: listed(1, 9), rulings: ruled(9, 10, 1) });
      expect(await soldOut()).toEqual([]);
      await decided(1, 2, { wins: listed(10, 10), rulings: ruled(10, 10, 1) });
      await decided(2, 3, { rulings: ruled(10, 10, 2) });
      const once = { type: 'campaign.sold_out', seqFirst: null, seqLast: null };
      expect(await soldOut()).toEqual([{ ...once, data: { version: 1, quantity: 10 } }]);
      expect((await bench.place.outbox(ID)).map(({ type }) => type)).toEqual([
        'coupon.issued',
        'coupon.issued',
        'campaign.sold_out',
      ]);
      await bench.place.campaigns.update(
        sampleCampaign({ mode: 'ordered', quantity: 12, version: 2 }),
        1,
        sampleAudit(),
        [],
      );
      await decided(3, 4, { rulings: ruled(10, 12, 3) });
      await decided(4, 5, { wins: listed(11, 12), rulings: ruled(12, 12, 3) });
      expect((await soldOut()).map(({ data }) => data)).toEqual([
        { version: 1, quantity: 10 },
        { version: 3, quantity: 12 },
      ]);
    });

    it('tells it also when the first thing that is known of a campaign is its end', async () => {
      await ordered({ quantity: 10 });
      const ruling = sampleRuling(10, {}, { quantity: 10 });
      await decided(0, 1, { wins: listed(1, 10), rulings: [sampleRuling(9, {}, { quantity: 10 }), ruling] });
      expect(await soldOut()).toHaveLength(1);
      expect(await bench.place.rulings.of(ID)).toMatchObject({ issued: 10 });
    });

    it('gives no more than there is, whatever a decider says', async () => {
      await ordered({ quantity: 5 });
      const over = { wins: listed(1, 7), rulings: [sampleRuling(7)] };
      expect(await decided(0, 1, over)).toEqual({ ...STORED, inserted: 5, conflicts: 2 });
      expect(await bench.seqs()).toEqual([1, 2, 3, 4, 5]);
      expect((await bench.place.letters.counts(ID)).dead).toBe(2);
    });

    it('goes on past campaigns that are not there', async () => {
      await ordered();
      const strange = sampleRuling(3, { campaignId: 'none' }, { campaignId: 'none' });
      expect(await decided(0, 4, { rulings: [strange, sampleRuling(0)] })).toEqual(STORED);
      expect((await bench.place.rulings.changed([])).map((one) => one.campaignId)).toEqual([ID]);
    });

    it('keeps the rulings of hundreds of campaigns in one batch', async () => {
      const ids = Array.from({ length: 250 }, (_, i) => `c-${i}`);
      for (const id of ids) await ordered({ id, quantity: 1 });
      const rulings = ids.map((campaignId) => sampleRuling(1, { campaignId }, { campaignId, quantity: 1 }));
      await decided(0, 4, { rulings });
      const stored = await bench.place.rulings.changed([]);
      expect(new Set(stored.map(({ campaignId }) => campaignId))).toEqual(new Set(ids));
      expect(await bench.place.outbox('c-249')).toHaveLength(1);
    });
  });
}
