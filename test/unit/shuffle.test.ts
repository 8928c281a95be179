// Protects: the lot decides and nobody else. The same people get the same places in every process, no place depends on
// who pressed first, anybody can check his from published data alone, and whatever was changed is found.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PublishedShuffle } from '../../src/core/shuffle.ts';
import {
  lotNumbersUnder,
  lotsInOrder,
  shuffleCommitment,
  shuffled,
  shuffleSeed,
  verifyShuffle,
} from '../../src/core/shuffle.ts';
import { seed } from '../support/seed.ts';

const SEED = shuffleSeed(Buffer.alloc(32, 7), 'chicken-100');
const users = Array.from({ length: 200 }, (_, i) => `u-${i}`);
const places = shuffled(SEED, 'chicken-100', users);

function published(over: Partial<PublishedShuffle> = {}): PublishedShuffle {
  return {
    campaignId: 'chicken-100',
    commitment: shuffleCommitment(SEED),
    seed: SEED,
    lots: lotsInOrder(SEED, 'chicken-100', places),
    ...over,
  };
}

describe('a shuffle', () => {
  it('is the same whoever came first', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(users, { minLength: 200 }), (came) => {
        expect(shuffled(SEED, 'chicken-100', came)).toEqual(places);
      }),
      { seed, numRuns: 50 },
    );
    expect(new Set(places)).toEqual(new Set(users));
  });

  it('is the order of the whole lots, as anybody would sort them', () => {
    const lotOf = (userId: string) => lotsInOrder(SEED, 'chicken-100', [userId])[0] as string;
    expect(places).toEqual(users.toSorted((a, b) => (lotOf(a) < lotOf(b) ? -1 : 1)));
    // Where what is sorted by is the same, the rest of the lots decides.
    const same = users.map(() => 7);
    expect(shuffled(SEED, 'chicken-100', users, same)).toEqual(places);
    expect(shuffled(SEED, 'chicken-100', [])).toEqual([]);
  });

  it('is the same when the lots were drawn before', () => {
    const drawn = users.map(lotNumbersUnder(SEED, 'chicken-100'));
    expect(shuffled(SEED, 'chicken-100', users, drawn)).toEqual(places);
  });

  it('is another one in another campaign and under another secret', () => {
    expect(shuffled(SEED, 'chicken-101', users)).not.toEqual(places);
    expect(shuffleSeed(Buffer.alloc(32, 8), 'chicken-100')).not.toBe(SEED);
    expect(shuffleSeed(Buffer.alloc(32, 7), 'chicken-101')).not.toBe(SEED);
  });

  it('favours nobody: everybody’s mean place is about the middle', () => {
    const sums = new Map<string, number>();
    for (let run = 0; run < 400; run++) {
      const order = shuffled(SEED, `campaign-${run}`, users.slice(0, 20));
      for (const [i, userId] of order.entries()) sums.set(userId, (sums.get(userId) ?? 0) + i + 1);
    }
    // The mean of 400 draws from 1 … 20 is 10.5 with a deviation of 0.29.
    for (const sum of sums.values()) expect(Math.abs(sum / 400 - 10.5)).toBeLessThan(1.3);
  });
});

describe('verifyShuffle', () => {
  it('passes what is as it was published, and everybody in his place', () => {
    expect(verifyShuffle(published())).toEqual({ ok: true, places: 200 });
    for (const [i, userId] of places.entries()) {
      expect(verifyShuffle(published(), { userId, place: i + 1 })).toEqual({ ok: true, places: 200 });
    }
    expect(verifyShuffle(published({ lots: [] }))).toEqual({ ok: true, places: 0 });
  });

  it('finds another seed than the one that was promised', () => {
    const other = shuffleSeed(Buffer.alloc(32, 9), 'chicken-100');
    expect(verifyShuffle(published({ seed: other }))).toEqual({ ok: false, why: 'another_seed' });
    expect(verifyShuffle(published({ seed: 'no seed' }))).toEqual({ ok: false, why: 'another_seed' });
  });

  it('finds any place that was changed', () => {
    const { lots } = published();
    for (let at = 1; at < lots.length; at++) {
      const changed = [...lots];
      [changed[at - 1], changed[at]] = [lots[at] as string, lots[at - 1] as string];
      expect(verifyShuffle(published({ lots: changed }))).toEqual({
        ok: false,
        why: 'out_of_order',
        place: at + 1,
      });
    }
    const twice = [lots[0] as string, ...lots];
    expect(verifyShuffle(published({ lots: twice }))).toMatchObject({ ok: false, place: 2 });
    expect(verifyShuffle(published({ lots: ['x'] }))).toMatchObject({ ok: false, place: 1 });
  });

  it('finds a person who was told another place, and one who was left out', () => {
    const mine = { userId: places[9] as string, place: 9 };
    expect(verifyShuffle(published(), mine)).toEqual({
      ok: false,
      why: 'another_place',
      told: 9,
      drawn: 10,
    });
    const without = published({ lots: published().lots.filter((_, i) => i !== 9) });
    expect(verifyShuffle(without, { ...mine, place: 10 })).toMatchObject({ ok: false, drawn: 0 });
  });
});
