// Protects: what counts as decided in a process is whole there; a look that fails changes nothing; looks are frequent
// while somebody waits, and seldom when nobody does.

import { describe, expect, it } from 'vitest';
import { placeOf } from '../../src/core/request.ts';
import { SOURCE } from '../support/hand-requests.ts';
import { breathe, ID, makeOrderedWorld } from '../support/ordered-world.ts';
import { T0 } from '../support/samples.ts';

const rounds = (calls: string[]): number => calls.filter((name) => name === 'deciders').length;

describe('a look', () => {
  it('takes in how far the deciders are, who won, and what people see of it', async () => {
    const world = makeOrderedWorld({ quantity: 10 });
    const { decided, wait, live } = world.api();
    await Promise.all([wait('ann'), wait('bob')]);
    expect(decided.isDecided(SOURCE, placeOf(0, 0))).toBe(false);
    expect(decided.known(ID)).toBeUndefined();
    expect(decided.ageMs()).toBe(Number.POSITIVE_INFINITY);
    world.decider.decide(1);
    await decided.look();
    expect(decided.isDecided(SOURCE, placeOf(1, 1))).toBe(true);
    expect(decided.isDecided(SOURCE, placeOf(2, 0))).toBe(false);
    expect(live).toMatchObject({ issued: 1, firstWonAt: T0, lastWonAt: T0 });
    world.clock.move(7);
    expect(decided.ageMs()).toBe(7);
    world.settle();
    await decided.look();
    expect(live.issued).toBe(2);
    expect(decided.known(ID)?.gate).toMatchObject({ issued: 2, lastSeq: 2, rule: { quantity: 10 } });
    expect(await decided.holdings(ID, 'bob')).toEqual([{ seq: 2, wonAt: T0, key: null }]);
  });

  it('asks for nothing but how far they are while they are where they were', async () => {
    const world = makeOrderedWorld();
    const { decided } = world.api();
    await decided.look();
    world.decider.calls.length = 0;
    await decided.look();
    expect(world.decider.calls).toEqual(['deciders']);
  });

  it('takes more winners in than one page holds, and shows none before all are there', async () => {
    const world = makeOrderedWorld({ quantity: 30_000 });
    const { decided, live, catalog } = world.api();
    for (let i = 0; i < 20_005; i++) {
      const request = { type: 'claim.requested', campaignId: ID, userId: `u-${i}`, key: null } as const;
      world.requests.append(request, () => undefined);
      if (i % 1000 === 0) world.requests.letThrough();
    }
    world.settle();
    let pages = 0;
    world.decider.before.call = (name) => {
      if (name !== 'holders') return;
      pages += 1;
      expect(decided.known(ID)).toBeUndefined();
    };
    await decided.look();
    expect(pages).toBe(3);
    expect(live.issued).toBe(20_005);
    expect(await decided.holdings(ID, 'u-20004')).toMatchObject([{ seq: 20_005 }]);
    live.issued = 0;
    catalog.put({ ...live.campaign, name: 'another' });
    expect(live.issued).toBe(20_005);
  });

  it('that breaks off leaves everything as it was, says why, and the next one goes on', async () => {
    const world = makeOrderedWorld();
    const { decided, wait } = world.api();
    await decided.look();
    await wait('ann');
    world.decider.decide();
    world.clock.move(10);
    for (const failing of ['deciders', 'changed', 'holders']) {
      world.decider.before.call = (name) => {
        if (name === failing) throw new Error('MySQL is away');
      };
      await expect(decided.look()).rejects.toThrow('MySQL is away');
      expect(decided.isDecided(SOURCE, placeOf(1, 0))).toBe(false);
      expect(decided.fault()).toBe('MySQL is away');
      expect(decided.ageMs()).toBe(10);
    }
    world.decider.before.call = () => undefined;
    await decided.look();
    expect(decided.isDecided(SOURCE, placeOf(1, 0))).toBe(true);
    expect(decided.fault()).toBeNull();
    expect(decided.ageMs()).toBe(0);
  });

  it('that is asked for while one is under way is another one, for all who ask', async () => {
    const world = makeOrderedWorld();
    const { decided } = world.api();
    const first = decided.look();
    const [second, third] = [decided.look(), decided.look()];
    expect(second).toBe(third);
    await Promise.all([first, second]);
    expect(rounds(world.decider.calls)).toBe(2);
  });

  it('knows what nobody could read', async () => {
    const world = makeOrderedWorld();
    const { decided, press } = world.api();
    void press('ann');
    world.requests.letThrough('unreadable');
    world.settle();
    await decided.look();
    expect(decided.isUnreadable(SOURCE, placeOf(1, 0))).toBe(true);
    expect(decided.isUnreadable(SOURCE, placeOf(0, 0))).toBe(false);
    expect(decided.isUnreadable('elsewhere', placeOf(1, 0))).toBe(false);
  });
});

describe('looking again and again', () => {
  it('is seldom while nobody waits, and often while somebody does or may', async () => {
    const world = makeOrderedWorld({ openedAt: null, opensAt: T0 + 60_000 });
    const { calls } = world.decider;
    const { decided } = world.api();
    const pass = async (ms: number): Promise<number> => {
      const before = rounds(calls);
      for (let passed = 0; passed < ms; passed += 10) {
        world.clock.move(10);
        await breathe(2);
      }
      return rounds(calls) - before;
    };
    decided.start();
    expect(await pass(2_000)).toBeLessThanOrEqual(5);
    let waits = true;
    decided.expect(() => waits);
    decided.hurry();
    expect(await pass(1_000)).toBeGreaterThanOrEqual(16);
    waits = false;
    await pass(100);
    expect(await pass(1_000)).toBeLessThanOrEqual(3);
    const reached = decided.reached(SOURCE, placeOf(9, 0), 800);
    expect(await pass(800)).toBeGreaterThanOrEqual(12);
    expect(await reached).toBe(false);
    await pass(60_000 - 4_900);
    expect(await pass(1_000)).toBeGreaterThanOrEqual(16);
    await decided.stop();
    expect(await pass(1_000)).toBe(0);
  });

  it('goes on past a look that failed', async () => {
    const world = makeOrderedWorld();
    const { decided } = world.api();
    world.decider.before.call = () => {
      throw new Error('MySQL is away');
    };
    decided.start();
    world.clock.move(0);
    await breathe();
    expect(decided.fault()).toBe('MySQL is away');
    world.decider.before.call = () => undefined;
    world.clock.move(500);
    await breathe();
    expect(decided.fault()).toBeNull();
    await decided.stop();
  });

  it('is done at once when a decider in this process has stored something', async () => {
    const world = makeOrderedWorld();
    const { decided } = world.api();
    decided.poke();
    await breathe();
    expect(decided.known(ID)).toBeDefined();
    await decided.stop();
    decided.poke();
    await breathe();
    expect(rounds(world.decider.calls)).toBe(1);
  });

  it('is tried again when that failed, also if nobody asks for it again', async () => {
    const world = makeOrderedWorld();
    const { decided } = world.api();
    world.decider.before.call = () => {
      throw new Error('the thread is busy');
    };
    decided.poke();
    decided.poke();
    await breathe();
    world.clock.move(500);
    await breathe();
    expect(decided.fault()).toBe('the thread is busy');
    world.decider.before.call = () => undefined;
    world.clock.move(500);
    await breathe();
    expect(decided.known(ID)).toBeDefined();
    expect(decided.fault()).toBeNull();
    world.clock.move(5_000);
    await breathe();
    expect(rounds(world.decider.calls)).toBe(4);
  });

  it('lets go of those who wait when it stops', async () => {
    const world = makeOrderedWorld();
    const { decided } = world.api();
    const reached = decided.reached(SOURCE, placeOf(9, 0), 1000);
    await decided.stop();
    expect(await reached).toBe(false);
  });
});
