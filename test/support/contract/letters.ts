// What every database promises about what was set aside (ports/dead-letters): one fact, one letter; replayed by the rules
// of the recorder, once; it counts as issued until it is given up.

import { describe, expect, it } from 'vitest';
import type { Coupons } from '../../../src/ports/coupons.ts';
import type { LetterAct } from '../../../src/ports/dead-letters.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../samples.ts';
import type { MakeRecordPlace, RecordPlace } from './record-bench.ts';
import { ID, recordBench, STORED, wins } from './record-bench.ts';

/** A record whose table of wins can be made to refuse some of them, from outside. */
export type MakeRefusingPlace = () => Promise<
  RecordPlace & {
    coupons: Pick<Coupons, 'comingBack'>;
    /** Every row with a seq from `first` to `last` is refused, until `mend`. */
    refuse(first: number, last: number): Promise<void>;
    /** Nothing can be set aside any more, until `mend`. */
    refuseLetters(): Promise<void>;
    mend(): Promise<void>;
  }
>;

const act = (over: Partial<LetterAct> = {}): LetterAct => {
  return { by: 'ann', requestId: 'r-1', reason: 'mended', now: T0 + 5_000, ...over };
};

export function lettersContract(name: string, makePlace: MakeRefusingPlace): void {
  describe(`${name} dead letters`, () => {
    let place: Awaited<ReturnType<MakeRefusingPlace>>;
    const makeAndKeep: MakeRecordPlace = async () => {
      place = await makePlace();
      return place;
    };
    const bench = recordBench(makeAndKeep);
    const letters = () => place.letters.list({}, null, 1000);
    const winOf = (seq: number) => ({ fact: sampleWin(seq), codeLookup: 1000 + seq });
    const store = (first: number, last: number) =>
      bench.store([], { wins: wins(first, last).map((fact) => winOf(fact.seq)) });
    const idOf = async (seq: number) => (await letters()).find((one) => one.seq === seq)?.id ?? 0;
    const audited = async () =>
      (await place.operators.listAudit(null, 100)).filter(({ action }) => action.startsWith('dead_letter'));

    async function threeDead(): Promise<void> {
      await bench.create({ quantity: 10 });
      await place.refuse(4, 6);
      expect(await store(1, 10)).toEqual({ ...STORED, inserted: 7, conflicts: 3 });
    }

    it('are written with their causes, beside what the record took', async () => {
      await threeDead();
      expect(await bench.seqs()).toEqual([1, 2, 3, 7, 8, 9, 10]);
      const [letter] = await letters();
      expect(letter).toMatchObject({
        campaignId: ID,
        type: 'claim.won',
        seq: 6,
        userId: 'u-6',
        state: 'dead',
        source: 'journal',
        reason: expect.stringContaining('the record refuses it') as string,
        tries: 1,
        firstAt: T0,
        lastAt: T0,
        resolvedAt: null,
      });
      expect(letter?.causes[0]?.message).toMatch(/not.now/);
      expect(letter?.causes[0]?.code).not.toBeNull();
      expect(JSON.parse(letter?.payload ?? '')).toEqual(sampleWin(6));
      expect(await place.letters.counts(ID)).toEqual({ dead: 3, replayed: 0, discarded: 0, units: 3 });
    });

    it('are one for each fact, however often it comes', async () => {
      await threeDead();
      expect(await store(4, 6)).toEqual({ ...STORED, conflicts: 3 });
      await place.mend();
      // Nor does it get in by the side door once it has its letter.
      expect(await store(1, 6)).toEqual({ ...STORED, repeated: 3, conflicts: 3 });
      expect(await letters()).toHaveLength(3);
    });

    it('keep their numbers: another win with one of them is set aside too', async () => {
      await threeDead();
      await place.mend();
      expect(await bench.store([sampleWin(5, { userId: 'else' })])).toEqual({ ...STORED, conflicts: 1 });
      expect((await letters())[0]).toMatchObject({ reason: 'another claim has this seq', userId: 'else' });
      expect(await place.letters.counts(ID)).toMatchObject({ dead: 4, units: 3 });
    });

    it('hold up nothing when they cannot be written: the whole batch is not taken', async () => {
      await bench.create();
      await place.refuse(2, 2);
      await place.refuseLetters();
      await expect(store(1, 3)).rejects.toThrow();
      expect([await bench.seqs(), await letters(), await bench.record.next('journal')]).toEqual([[], [], 0]);
      await place.mend();
      expect(await store(1, 3)).toEqual({ ...STORED, inserted: 3 });
    });

    it('are among the holders that a gate is filled with, in order', async () => {
      await threeDead();
      const { seqs, userIds, setAside } = await bench.record.holders(ID, 0, 100);
      expect([[...seqs], setAside]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 3]);
      expect(userIds).toEqual(wins(1, 10).map(({ userId }) => userId));
      // Page by page the same.
      const paged: number[] = [];
      for (let after = 0; ; ) {
        const page = await bench.record.holders(ID, after, 2);
        paged.push(...page.seqs);
        if (page.seqs.length < 2) break;
        after = page.seqs.at(-1) as number;
      }
      expect(paged).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });

    it('say what a replay would do, and nothing changes by asking', async () => {
      await threeDead();
      const id = await idOf(5);
      const ask = () => place.letters.dryRun([{ id, win: winOf(5) }]);
      expect(await ask()).toMatchObject([
        { kind: 'stays', why: { message: expect.stringMatching(/not.now/) } },
      ]);
      await place.mend();
      expect(await ask()).toEqual([{ kind: 'issued' }]);
      expect(await bench.seqs()).not.toContain(5);
      expect(await letters()).toMatchObject([{ tries: 1 }, { tries: 1 }, { tries: 1 }]);
      expect(await audited()).toEqual([]);
      expect(await place.letters.dryRun([{ id: 999_999, win: winOf(5) }])).toEqual([{ kind: 'missing' }]);
    });

    it('stay dead with one more try when the record still refuses them', async () => {
      await threeDead();
      const id = await idOf(5);
      const answer = await place.letters.replay(id, winOf(5), act());
      expect(answer).toMatchObject({ kind: 'stays' });
      expect(await place.letters.get(id)).toMatchObject({
        state: 'dead',
        tries: 2,
        firstAt: T0,
        lastAt: T0 + 5_000,
      });
      expect(await letters()).toHaveLength(3);
      expect(await bench.record.counts(ID, T0)).toMatchObject({ issued: 7 });
      expect(await audited()).toMatchObject([
        { actor: 'ann', after: { outcome: 'stays', reason: 'mended' } },
      ]);
    });

    it('are replayed once: row, count, fact for the outside world, audit line', async () => {
      await threeDead();
      await place.mend();
      const id = await idOf(5);
      expect(await place.letters.replay(id, winOf(5), act())).toEqual({ kind: 'issued' });
      expect(await bench.record.find(ID, { seq: 5 })).toMatchObject([{ userId: 'u-5', codeLookup: 1005 }]);
      expect((await bench.issued()).filter(([first]) => first === 5)).toEqual([[5, 5]]);
      expect(await place.letters.get(id)).toMatchObject({
        state: 'replayed',
        tries: 2,
        resolvedAt: T0 + 5_000,
        resolvedBy: 'ann',
        resolvedReason: 'mended',
      });
      expect(await place.letters.replay(id, winOf(5), act())).toEqual({
        kind: 'resolved',
        state: 'replayed',
      });
      expect(await bench.record.counts(ID, T0)).toMatchObject({ issued: 8 });
      expect(await audited()).toMatchObject([
        { action: 'dead_letter.replay', target: String(id), requestId: 'r-1', after: { outcome: 'issued' } },
      ]);
      expect(await place.letters.counts(ID)).toEqual({ dead: 2, replayed: 1, discarded: 0, units: 2 });
      // The fact itself, once more from the log, is a repeat.
      expect(await store(5, 5)).toEqual({ ...STORED, repeated: 1 });
    });

    it('are replayed by one of two who do it at the same time', async () => {
      await threeDead();
      await place.mend();
      const id = await idOf(4);
      const answers = await Promise.all([1, 2, 3].map(() => place.letters.replay(id, winOf(4), act())));
      expect(answers.filter(({ kind }) => kind === 'issued')).toHaveLength(1);
      expect(answers.filter(({ kind }) => kind === 'resolved')).toHaveLength(2);
      expect(await bench.record.counts(ID, T0)).toMatchObject({ issued: 8 });
    });

    it('leave nothing for the outside world where a job issues', async () => {
      await threeDead();
      await place.mend();
      const win = { fact: sampleWin(5), codeLookup: null, byJob: true } as const;
      expect(await place.letters.replay(await idOf(5), win, act())).toEqual({ kind: 'issued' });
      expect((await bench.issued()).filter(([first]) => first === 5)).toEqual([]);
    });

    it('are there already when their row came another way', async () => {
      await threeDead();
      await place.mend();
      const id = await idOf(5);
      await place.letters.replay(id, winOf(5), act());
      await bench.store([sampleWin(5, { userId: 'else' })]);
      const other = (await letters()).find(({ userId }) => userId === 'else');
      const fact = sampleWin(5, { userId: 'else' });
      const answer = await place.letters.replay(other?.id ?? 0, { fact, codeLookup: 1005 }, act());
      expect(answer).toMatchObject({ kind: 'stays', why: { code: 'seq_taken' } });
    });

    it('over the quantity stay, until there are more', async () => {
      await bench.create({ quantity: 3 });
      await store(1, 4);
      const id = await idOf(4);
      expect(await place.letters.replay(id, winOf(4), act())).toMatchObject({
        why: { code: 'over_quantity' },
      });
      expect([await bench.seqs(), (await bench.issued()).at(-1)?.[1]]).toEqual([[1, 2, 3], 3]);
      await place.campaigns.update(sampleCampaign({ quantity: 4, version: 2 }), 1, sampleAudit(), []);
      expect(await place.letters.replay(id, winOf(4), act())).toEqual({ kind: 'issued' });
    });

    it('are due for another try until they were tried often, and not just now', async () => {
      await threeDead();
      const id = await idOf(5);
      const due = (triesBelow: number, triedBefore: number) =>
        place.letters.countDue({ triesBelow, triedBefore });
      expect([await due(2, T0 + 1), await due(2, T0), await due(1, T0 + 1)]).toEqual([3, 0, 0]);
      expect(await place.letters.replay(id, winOf(5), act())).toMatchObject({ kind: 'stays' });
      expect([await due(2, T0 + 1), await due(3, T0 + 1), await due(3, T0 + 6_000)]).toEqual([2, 2, 3]);
    });

    it('are discarded once, with the unit on its way back to the stock', async () => {
      await threeDead();
      const id = await idOf(5);
      expect(await place.letters.discard(id, act({ reason: 'bots' }))).toEqual({
        kind: 'discarded',
        freed: true,
      });
      expect(await place.letters.discard(id, act())).toEqual({ kind: 'resolved', state: 'discarded' });
      expect(await place.letters.get(id)).toMatchObject({
        state: 'discarded',
        resolvedReason: 'bots',
        tries: 1,
      });
      expect(await place.coupons.comingBack([ID])).toEqual({ [ID]: { units: 0, letters: 1 } });
      await place.mend();
      // Given up is given up: neither a replay nor the log brings it back, and its number is nobody else's.
      expect(await place.letters.replay(id, winOf(5), act())).toEqual({
        kind: 'resolved',
        state: 'discarded',
      });
      expect(await store(5, 5)).toEqual({ ...STORED, conflicts: 1 });
      expect((await bench.record.holders(ID, 4, 1)).userIds).toEqual(['u-5']);
      expect(await place.letters.counts(ID)).toEqual({ dead: 2, replayed: 0, discarded: 1, units: 3 });
      expect(await audited()).toMatchObject([
        { action: 'dead_letter.discard', after: { freed: true, reason: 'bots' } },
      ]);
    });

    it('free no unit that there never was', async () => {
      await bench.create({ quantity: 3 });
      await bench.store([
        ...wins(1, 4),
        sampleWin(2, { userId: 'else' }),
        sampleWin(9, { campaignId: 'nowhere' }),
      ]);
      const ids = (await letters()).map(({ id }) => id);
      expect(ids).toHaveLength(3);
      for (const id of ids)
        expect(await place.letters.discard(id, act())).toEqual({ kind: 'discarded', freed: false });
      expect(await place.coupons.comingBack([ID])).toEqual({});
      expect(await place.letters.counts(ID)).toMatchObject({ discarded: 2, units: 0 });
      expect((await bench.record.holders(ID, 0, 10)).userIds).toEqual(['u-1', 'u-2', 'u-3']);
    });

    it('are listed by what is said of them, newest first', async () => {
      await threeDead();
      await bench.create({ id: 'other', quantity: 1 });
      const facts = [1, 2].map((seq) => sampleWin(seq, { campaignId: 'other' }));
      await bench.store(facts, {
        now: T0 + 60_000,
        unreadable: [{ at: 'journal:17', reason: '100% odd', payload: '{' }],
      });
      const seqs = async (filter: object) =>
        (await place.letters.list(filter, null, 10)).map(({ seq }) => seq);
      expect(await seqs({})).toEqual([null, 2, 6, 5, 4]);
      expect(await seqs({ campaignId: ID })).toEqual([6, 5, 4]);
      expect(await seqs({ since: T0 + 1 })).toEqual([null, 2]);
      expect(await seqs({ reason: 'over the' })).toEqual([2]);
      expect(await seqs({ reason: '100% o' })).toEqual([null]);
      expect(await seqs({ reason: '1__% o' })).toEqual([]);
      await place.letters.discard(await idOf(5), act());
      expect(await seqs({ campaignId: ID, state: 'dead' })).toEqual([6, 4]);
      const page = await place.letters.list({}, null, 2);
      expect((await place.letters.list({}, page[1]?.id ?? 0, 2)).map(({ seq }) => seq)).toEqual([6, 5]);
      expect(await place.letters.counts(null)).toMatchObject({ dead: 4, discarded: 1 });
    });

    it('are due oldest first, with those that the same run has replayed', async () => {
      await threeDead();
      await place.mend();
      const due = async (filter: object, after: number | null) =>
        (await place.letters.due(filter, after, 10)).map(({ fact }) => fact.seq);
      expect(await due({ campaignId: ID }, null)).toEqual([4, 5, 6]);
      await place.letters.replay(await idOf(4), winOf(4), act({ by: 'run 1' }));
      expect(await due({}, null)).toEqual([5, 6]);
      expect(await due({ alsoBy: 'run 1' }, null)).toEqual([4, 5, 6]);
      expect(await due({ alsoBy: 'run 2' }, await idOf(5))).toEqual([6]);
      expect(await place.letters.countDue({ alsoBy: 'run 1' })).toBe(3);
    });

    it('wait to be told to others, source by source, without what nobody could read', async () => {
      await threeDead();
      await bench.store([], { unreadable: [{ at: 'journal:17', reason: 'odd', payload: '{' }] });
      const unsent = await place.unsentLetters.unsent('journal', 10);
      expect(unsent.map(({ seq }) => seq)).toEqual([4, 5, 6]);
      await place.unsentLetters.markSent([unsent[0]?.id ?? 0], T0);
      expect((await place.unsentLetters.unsent('journal', 1)).map(({ seq }) => seq)).toEqual([5]);
      expect(await place.unsentLetters.unsent('journal:17', 10)).toEqual([]);
    });
  });
}
