// Protects: what is sold out is told from memory only while it is certainly so, and never to somebody who may hold a
// unit: not before the holders are known, not past a change that anybody made, not near the end of the window.

import { describe, expect, it } from 'vitest';
import type { Look } from '../../src/adapters/redis/answers.ts';
import { makeLatch } from '../../src/adapters/redis/latch.ts';
import { makeUserFilter } from '../../src/adapters/redis/user-filter.ts';
import { sampleAttempt, T0 } from '../support/samples.ts';

const SOLD_OUT: Look = { clock: T0, version: 1, issued: 2, next: 3, letter: 's', closesAt: 0 };

/** A latch at a gate that is what the test says; `come` lets what was asked of it come back. */
function latch(over: Partial<Look> = {}) {
  const gate = { look: { ...SOLD_OUT, ...over } as Look | Error, users: ['ann', 'bob'] };
  const state = { now: 0, looks: 0, readings: 0, whileReading: () => {} };
  const made = makeLatch({
    monotonic: () => state.now,
    async look() {
      state.looks += 1;
      const seen = gate.look;
      if (seen instanceof Error) throw seen;
      return { ...seen, clock: T0 + state.now };
    },
    async holders(take) {
      state.readings += 1;
      for (const user of gate.users) if (!take(user)) return;
      state.whileReading();
    },
  });
  const come = () => new Promise((wake) => setImmediate(wake));
  return {
    gate,
    state,
    latch: made,
    come,
    told: (userId: string, eligible = true) =>
      made.answer(sampleAttempt(userId, { eligible }))?.verdict ?? 'ask',
    held: async () => {
      made.decided(1, 'ss');
      await come();
    },
  };
}

describe('a latch', () => {
  it('asks until it knows who holds something, and tells the others then', async () => {
    const { latch: one, told, come, state } = latch();
    expect(told('cho')).toBe('ask');
    one.decided(1, 'wwa');
    await come();
    expect([told('cho'), state.looks]).toEqual(['ask', 0]);
    one.decided(1, 'wss');
    expect(told('cho')).toBe('ask');
    await come();
    expect(['cho', 'ann', 'bob'].map((user) => told(user))).toEqual(['sold_out', 'ask', 'ask']);
    expect(told('cho', false)).toBe('ineligible');
    expect(told('ann', false)).toBe('ask');
    expect([state.looks, state.readings]).toEqual([2, 1]);
  });

  it('tells that it is closed, too', async () => {
    const { held, told } = latch({ letter: 'c', closesAt: T0 - 1 });
    await held();
    expect([told('cho'), told('ann')]).toEqual(['closed', 'ask']);
  });

  it.each<[string, Partial<Look>]>([
    ['somebody won', { next: 4, issued: 3 }],
    ['the rule was changed', { version: 2 }],
    ['units came back', { issued: 1, letter: 'o' }],
  ])('knows nothing when %s while it read the holders', async (_, change) => {
    const { held, told, gate, state } = latch();
    state.whileReading = () => {
      gate.look = { ...SOLD_OUT, ...change };
    };
    await held();
    expect(told('cho')).toBe('ask');
  });

  it('knows nothing when it was dropped while it read the holders', async () => {
    const { held, told, latch: one, state } = latch();
    state.whileReading = () => one.drop();
    await held();
    expect(told('cho')).toBe('ask');
  });

  it('is confirmed by looks, and silent without them', async () => {
    const { held, told, state, come, gate } = latch();
    await held();
    state.now = 399;
    expect([told('cho'), state.looks]).toEqual(['sold_out', 2]);
    state.now = 500;
    expect([told('cho'), told('dan'), state.looks]).toEqual(['sold_out', 'sold_out', 3]);
    await come();
    state.now = 1400;
    expect(told('cho')).toBe('sold_out');
    await come();
    gate.look = new Error('connection lost');
    state.now = 2401;
    expect(told('cho')).toBe('ask');
    await come();
    gate.look = SOLD_OUT;
    expect(told('cho')).toBe('ask');
    await come();
    expect(told('cho')).toBe('sold_out');
  });

  it.each<[string, Partial<Look>]>([
    ['the quantity was raised', { version: 2, letter: 'o' }],
    ['units came back and went', { next: 4 }],
    ['it was paused', { letter: 'p' }],
  ])('ends when a look finds that %s', async (_, change) => {
    const { held, told, state, come, gate } = latch();
    await held();
    gate.look = { ...SOLD_OUT, ...change };
    state.now = 450;
    told('cho');
    await come();
    expect(told('cho')).toBe('ask');
  });

  it('ends when a newer version is heard of, or a batch decided otherwise', async () => {
    for (const end of [(one: ReturnType<typeof latch>['latch']) => one.follow(2)].concat(
      (one) => one.decided(2, 's'),
      (one) => one.decided(1, 'sw'),
      (one) => one.drop(),
    )) {
      const { held, told, latch: one } = latch();
      await held();
      one.follow(1);
      expect(told('cho')).toBe('sold_out');
      end(one);
      expect(told('cho')).toBe('ask');
    }
  });

  it('leaves the end of the window to Redis', async () => {
    const { held, told, state, come } = latch({ closesAt: T0 + 2000 });
    await held();
    state.now = 450;
    expect(told('cho')).toBe('sold_out');
    await come();
    state.now = 999;
    expect(told('cho')).toBe('sold_out');
    await come();
    state.now = 1001;
    expect(told('cho')).toBe('ask');
  });

  it('reads the holders at most once a second', async () => {
    const { held, latch: one, state } = latch();
    await held();
    one.drop();
    await held();
    expect(state.readings).toBe(1);
    state.now = 1000;
    await held();
    expect(state.readings).toBe(2);
  });
});

describe('a filter of users', () => {
  it('misses nobody, and takes few for somebody else', () => {
    const users = Array.from({ length: 20_000 }, (_, i) => `user-${i}`).concat('', '김철수', 'a'.repeat(128));
    const filter = makeUserFilter(users.length);
    for (const user of users) filter.add(user);
    expect(users.filter((user) => !filter.mayHave(user))).toEqual([]);
    const others = Array.from({ length: 50_000 }, (_, i) => `other-${i}`);
    expect(others.filter((user) => filter.mayHave(user)).length).toBeLessThan(500);
  });
});
