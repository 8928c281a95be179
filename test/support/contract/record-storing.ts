// What every record promises about taking in (ports/record): a fact is in it once or set aside with its reason, never
// lost and never changed in silence; a recorder that was overtaken writes nothing.

import { describe, expect, it } from 'vitest';
import type { ClaimWon } from '../../../src/core/event.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../samples.ts';
import type { MakeRecordPlace } from './record-bench.ts';
import { ID, recordBench, STORED, wins } from './record-bench.ts';

export function recordStoring(name: string, makePlace: MakeRecordPlace): void {
  describe(`${name} record`, () => {
    const bench = recordBench(makePlace);

    describe('takes in', () => {
      it('keeps every field of a win', async () => {
        await bench.create({ epoch: 4, perUserLimit: 3, durability: 'memory', couponExpiresAt: T0 + 10_000 });
        const fact = sampleWin(7, { userId: '김철수 🐔', nth: 2, key: 'k-1', epoch: 4, wonAt: T0 + 17 });
        const result = await bench.store([], { wins: [{ fact, codeLookup: 2 ** 52 - 1 }] });
        expect(result).toEqual({ ...STORED, inserted: 1 });
        expect(await bench.record.find(ID, { seq: 7 })).toEqual([
          {
            id: 'chicken-100.7',
            campaignId: ID,
            userId: '김철수 🐔',
            seq: 7,
            status: 'issued',
            wonAt: T0 + 17,
            durability: 'memory',
            epoch: 4,
            codeLookup: 2 ** 52 - 1,
            key: 'k-1',
            redeemedAt: null,
            redeemedBy: null,
            revokedAt: null,
            revokedReason: null,
            issuedAt: T0 + 17,
            heldUntil: null,
            returnedAt: null,
            expiresAt: T0 + 10_000,
          },
        ]);
      });

      it('takes the same batch once more as a repeat, and changes nothing', async () => {
        await bench.create();
        expect(await bench.store(wins(1, 50))).toEqual({ ...STORED, inserted: 50 });
        expect(await bench.store(wins(1, 50))).toEqual({ ...STORED, repeated: 50 });
        expect(await bench.store(wins(41, 60))).toEqual({ ...STORED, inserted: 10, repeated: 10 });
        expect(await bench.seqs()).toEqual(wins(1, 60).map(({ seq }) => seq));
        expect(await bench.place.letters.list({}, null, 10)).toEqual([]);
      });

      it('takes the same fact twice in one batch once', async () => {
        await bench.create();
        expect(await bench.store([sampleWin(1), sampleWin(1), sampleWin(2)])).toEqual({
          ...STORED,
          inserted: 2,
          repeated: 1,
        });
      });

      it('leaves one fact a run of units for the outside world, and none for a repeat', async () => {
        await bench.create();
        await bench.store([...wins(1, 3), ...wins(5, 6), sampleWin(9)]);
        await bench.store([sampleWin(4), ...wins(7, 8)]);
        await bench.store(wins(1, 9));
        const runs = await bench.issued();
        expect(runs.slice(0, 3)).toEqual([
          [1, 3],
          [5, 6],
          [9, 9],
        ]);
        const each = runs.flatMap(([first, last]) =>
          wins(first as number, last as number).map(({ seq }) => seq),
        );
        expect(each.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
      });

      it('takes wins of several campaigns in one batch, in any order', async () => {
        await bench.create();
        await bench.create({ id: 'other' });
        const mixed = [1, 2, 3].flatMap((seq) => [
          sampleWin(4 - seq),
          sampleWin(seq, { campaignId: 'other' }),
        ]);
        expect(await bench.store(mixed)).toEqual({ ...STORED, inserted: 6 });
        expect(await bench.seqs()).toEqual([1, 2, 3]);
        expect((await bench.record.page('other', 0, 10)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
      });

      it('takes a batch of ten thousand', async () => {
        await bench.create({ quantity: 10_000 });
        expect(await bench.store(wins(1, 10_000))).toEqual({ ...STORED, inserted: 10_000 });
        expect(await bench.issued()).toEqual([[1, 10_000]]);
      });

      it('keeps users apart that are not the same bytes', async () => {
        await bench.create();
        const users = ['Ann', 'ann', 'ánn', 'ann x', 'ANN', '앤'];
        await bench.store(users.map((userId, i) => sampleWin(i + 1, { userId })));
        for (const [i, userId] of users.entries()) {
          expect((await bench.record.find(ID, { userId })).map(({ seq }) => seq)).toEqual([i + 1]);
        }
      });

      it('stays when a change beside it fails', async () => {
        await bench.create();
        const key = { id: 'k', name: 'n', role: 'read' as const, hash: 'h', createdAt: T0, revokedAt: null };
        await bench.place.operators.addKey(key, sampleAudit());
        // Adding the key again fails in the middle of its transaction; one batch comes at each of its moments.
        const failing = expect(bench.place.operators.addKey(key, sampleAudit())).rejects.toThrow();
        const storing: Promise<unknown>[] = [];
        for (let seq = 1; seq <= 80; seq++) {
          storing.push(bench.record.store(bench.batchOf([sampleWin(seq)], { source: `s-${seq}`, from: 0 })));
          await Promise.resolve();
        }
        await failing;
        expect(await Promise.all(storing)).toEqual(storing.map(() => ({ ...STORED, inserted: 1 })));
        expect(await bench.seqs()).toHaveLength(80);
      });
    });

    describe('sets aside', () => {
      const letters = async () =>
        (await bench.place.letters.list({}, null, 1000)).map(({ campaignId, source, reason, payload }) => {
          return { campaignId, source, reason, payload };
        });

      it('another claim with a seq that is taken', async () => {
        await bench.create();
        await bench.store(wins(1, 3));
        const other = sampleWin(2, { userId: 'somebody else' });
        expect(await bench.store([other, sampleWin(4)])).toEqual({ ...STORED, inserted: 1, conflicts: 1 });
        expect(await letters()).toEqual([
          {
            campaignId: ID,
            source: 'journal',
            reason: expect.stringContaining('seq') as string,
            payload: JSON.stringify(other),
          },
        ]);
        expect(await bench.record.find(ID, { seq: 2 })).toMatchObject([{ userId: 'u-2' }]);
        expect((await bench.place.letters.counts(ID)).dead).toBe(1);
      });

      it.each<[string, Partial<ClaimWon>]>([
        ['user', { userId: 'else' }],
        ['time', { wonAt: T0 }],
        ['key', { key: 'k' }],
        ['number of the user’s unit', { nth: 2 }],
      ])('a claim that is the same but for its %s', async (_what, over) => {
        await bench.create();
        await bench.store([sampleWin(1)]);
        const before = await bench.record.find(ID, { seq: 1 });
        expect(await bench.store([sampleWin(1, over)])).toEqual({ ...STORED, conflicts: 1 });
        expect(await bench.record.find(ID, { seq: 1 })).toEqual(before);
      });

      it('a claim that is the same but for its code', async () => {
        await bench.create();
        await bench.store([], { wins: [{ fact: sampleWin(1), codeLookup: 5 }] });
        expect(await bench.store([], { wins: [{ fact: sampleWin(1), codeLookup: 6 }] })).toEqual({
          ...STORED,
          conflicts: 1,
        });
      });

      it('what is over the quantity, and raises no count for it (I1)', async () => {
        await bench.create({ quantity: 3 });
        expect(await bench.store(wins(1, 5))).toEqual({ ...STORED, inserted: 3, conflicts: 2 });
        expect(await bench.seqs()).toEqual([1, 2, 3]);
        expect((await letters()).map(({ reason }) => reason)).toEqual([
          'over the quantity',
          'over the quantity',
        ]);
        expect(await bench.store(wins(1, 3))).toEqual({ ...STORED, repeated: 3 });
        const raised = sampleCampaign({ quantity: 4, version: 2 });
        expect(await bench.place.campaigns.update(raised, 1, sampleAudit(), [])).toBe(true);
        // What was set aside stays so until somebody sends it through again; others take what there is.
        expect(await bench.store([...wins(4, 5), ...wins(6, 7)])).toEqual({
          ...STORED,
          inserted: 1,
          conflicts: 3,
        });
        expect(await bench.seqs()).toEqual([1, 2, 3, 6]);
        expect(await letters()).toHaveLength(3);
      });

      it('a second unit of a user who may have one (I2)', async () => {
        await bench.create();
        expect(await bench.store([sampleWin(1), sampleWin(2, { userId: 'u-1' }), sampleWin(3)])).toEqual({
          ...STORED,
          inserted: 2,
          conflicts: 1,
        });
        expect((await letters())[0]?.reason).toContain('the user has this unit already');
        expect(await bench.seqs()).toEqual([1, 3]);
        // What was refused left no trace in the count: the quantity is still to be had in full.
        expect(await bench.store(wins(4, 101))).toEqual({ ...STORED, inserted: 98 });
      });

      it('a campaign that is not there', async () => {
        await bench.create();
        const stray = sampleWin(1, { campaignId: 'nowhere' });
        expect(await bench.store([stray, sampleWin(1)])).toEqual({ ...STORED, inserted: 1, conflicts: 1 });
        expect(await letters()).toMatchObject([{ campaignId: 'nowhere', reason: 'no such campaign' }]);
      });

      it('what the log could not read', async () => {
        await bench.create();
        const unreadable = [{ at: 'journal:17', reason: 'not JSON', payload: '{"' }];
        expect(await bench.store([sampleWin(1)], { unreadable })).toEqual({
          ...STORED,
          inserted: 1,
          conflicts: 1,
        });
        expect(await letters()).toEqual([
          { campaignId: null, source: 'journal:17', reason: 'not JSON', payload: '{"' },
        ]);
      });

      it('nothing of the good ones around it', async () => {
        await bench.create({ quantity: 10_000 });
        await bench.store([sampleWin(500)]);
        const bad = sampleWin(500, { userId: 'else' });
        expect(await bench.store([...wins(1, 499), bad, ...wins(501, 1000)])).toEqual({
          ...STORED,
          inserted: 999,
          conflicts: 1,
        });
        expect(await bench.seqs()).toHaveLength(1000);
      });
    });

    describe('and recorders', () => {
      it('stands where the last batch ended, for each source apart', async () => {
        await bench.create();
        expect(await bench.record.next('journal')).toBe(0);
        await bench.store([sampleWin(1)], { next: 5 });
        await bench.store([sampleWin(2)], { from: 5, next: 9 });
        await bench.store([sampleWin(3)], { source: 'kafka:0', from: 0, next: 100 });
        expect([await bench.record.next('journal'), await bench.record.next('kafka:0')]).toEqual([9, 100]);
      });

      it('a recorder that was overtaken writes nothing and is told where to stand', async () => {
        await bench.create();
        await bench.store([sampleWin(1)], { next: 10 });
        const late = bench.batchOf([sampleWin(2)], {
          from: 0,
          next: 20,
          unreadable: [{ at: 'x', reason: 'y', payload: 'z' }],
        });
        expect(await bench.record.store(late)).toEqual({ kind: 'zombie', next: 10 });
        const ahead = bench.batchOf([sampleWin(2)], { from: 11, next: 12 });
        expect(await bench.record.store(ahead)).toEqual({ kind: 'zombie', next: 10 });
        expect(await bench.seqs()).toEqual([1]);
        expect(await bench.place.letters.list({}, null, 10)).toEqual([]);
        expect(await bench.record.next('journal')).toBe(10);
      });

      it('of many recorders with the same batch one writes it', async () => {
        await bench.create();
        const results = await Promise.all(
          Array.from({ length: 20 }, () => bench.record.store(bench.batchOf(wins(1, 10)))),
        );
        expect(results.filter(({ kind }) => kind === 'stored')).toEqual([{ ...STORED, inserted: 10 }]);
        expect(results.filter(({ kind }) => kind === 'zombie')).toHaveLength(19);
        expect(await bench.issued()).toEqual([[1, 10]]);
      });

      it('moves on past a batch in which nothing was a fact', async () => {
        await bench.create();
        expect(await bench.store([], { next: 7 })).toEqual(STORED);
        expect(await bench.record.next('journal')).toBe(7);
      });
    });
  });
}
