// Protects: every partition is recorded by one recorder, all of them by as many as there are, each by its fair share;
// what somebody leaves is taken over, and nothing is given up while something of ours is under way in it.

import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { makePace, makeTurns } from '../../src/main/recorder/pace.ts';
import { fairShare, LEASE_MS, RENEW_MS, type Shares, startShares } from '../../src/main/recorder/shares.ts';
import { type HandClock, makeHandClock } from '../support/hand-clock.ts';
import { type HandLeases, makeHandLeases } from '../support/hand-leases.ts';

describe('the shares of recorders', () => {
  let clock: HandClock;
  let leases: HandLeases;
  beforeEach(() => {
    clock = makeHandClock();
    leases = makeHandLeases(clock.now);
  });

  function recorder(instanceId: string, partitions = 6) {
    const mine = new Set<number>();
    const faults: (string | null)[] = [];
    let busy: Promise<void> = Promise.resolve();
    const shares: Shares = startShares({
      leases,
      system: clock,
      instanceId,
      role: 'recorder',
      topic: 't',
      partitions,
      gain: (partition) => void mine.add(partition),
      lose: async (partition) => {
        await busy;
        mine.delete(partition);
      },
      tell: (fault) => void faults.push(fault),
    });
    return {
      mine,
      shares,
      faults,
      /** What is under way does not end before the returned function is called. */
      keepBusy(): () => void {
        let end = () => {};
        busy = new Promise((resolve) => {
          end = resolve;
        });
        return end;
      },
    };
  }
  const settle = async () => {
    for (let i = 0; i < 40; i++) await turn();
  };
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= RENEW_MS / 2) {
      clock.move(Math.min(left, RENEW_MS / 2));
      await settle();
    }
  };

  it('takes all when it is alone, and keeps them', async () => {
    const one = recorder('a');
    await settle();
    expect([...one.mine]).toEqual([0, 1, 2, 3, 4, 5]);
    await pass(60_000);
    expect(one.mine.size).toBe(6);
    expect(one.shares.holds(3)).toBe(true);
    await one.shares.stop();
    expect(await leases.held('')).toEqual([]);
  });

  it('shares fairly with everybody who comes, and never two have one', async () => {
    const all = [recorder('c', 7)];
    await pass(3_000);
    for (const name of ['a', 'b']) {
      all.push(recorder(name, 7));
      for (let i = 0; i < 8; i++) {
        await pass(RENEW_MS / 2);
        const owned = all.flatMap(({ mine }) => [...mine]);
        expect(new Set(owned).size).toBe(owned.length);
      }
    }
    expect(all.map(({ mine }) => mine.size).sort((a, b) => a - b)).toEqual([2, 2, 3]);
    expect(new Set(all.flatMap(({ mine }) => [...mine])).size).toBe(7);
    expect(all.map(({ shares }) => shares.members())).toEqual([3, 3, 3]);
  });

  it('gives back at once at a stop; what dies is taken over when its leases have run out', async () => {
    const [one, two] = [recorder('a'), recorder('b')];
    await pass(4_000);
    expect([one.mine.size, two.mine.size]).toEqual([3, 3]);
    await two.shares.stop();
    await pass(RENEW_MS);
    expect(one.mine.size).toBe(6);
    await leases.take('member/recorder/dead', 'dead', LEASE_MS);
    await pass(RENEW_MS);
    expect(one.mine.size).toBe(3);
    for (const partition of [0, 1, 2, 3, 4, 5])
      await leases.take(`recorder/t/${partition}`, 'dead', LEASE_MS);
    await pass(LEASE_MS + 2 * RENEW_MS);
    expect(one.mine.size).toBe(6);
  });

  it('keeps the lease as long as something is under way, and gives it back then', async () => {
    const one = recorder('a', 1);
    await settle();
    const end = one.keepBusy();
    const stopped = one.shares.stop();
    await settle();
    expect(one.shares.holds(0)).toBe(true);
    expect(await leases.held('recorder/')).toHaveLength(1);
    end();
    await stopped;
    expect(one.shares.holds(0)).toBe(false);
    expect(await leases.held('')).toEqual([]);
  });

  it('does not act on a lease that it could not renew, and says why', async () => {
    const one = recorder('a', 1);
    await settle();
    leases.fault = 'no database';
    await pass(LEASE_MS + RENEW_MS);
    expect(one.shares.holds(0)).toBe(false);
    expect(one.faults.at(-1)).toBe('no database');
    leases.fault = null;
    await pass(RENEW_MS);
    expect(one.shares.holds(0)).toBe(true);
    expect(one.faults.at(-1)).toBeNull();
  });

  it('lets go of what somebody else has taken meanwhile', async () => {
    const one = recorder('a', 1);
    await settle();
    leases.fault = 'no database';
    await pass(LEASE_MS + RENEW_MS);
    leases.fault = null;
    await leases.take('recorder/t/0', 'b', LEASE_MS);
    await pass(RENEW_MS);
    expect([...one.mine]).toEqual([]);
    expect(one.shares.holds(0)).toBe(false);
  });

  it('is as even as can be, and everybody reckons the same', () => {
    const members = ['a', 'b', 'c', 'd'];
    expect(members.map((me) => fairShare(6, members, me))).toEqual([2, 2, 1, 1]);
    expect(members.map((me) => fairShare(3, members, me))).toEqual([1, 1, 1, 0]);
    expect(fairShare(6, members, 'stranger')).toBe(0);
  });
});

describe('the pace', () => {
  it('spreads facts over time, and does not save up what was not used', () => {
    const clock = makeHandClock();
    const pace = makePace(100, clock);
    expect([pace.waitMsFor(50), pace.waitMsFor(50), pace.waitMsFor(1)]).toEqual([0, 500, 1000]);
    clock.move(60_000);
    expect([pace.waitMsFor(10), pace.waitMsFor(10)]).toEqual([0, 100]);
    expect(makePace(0, clock).waitMsFor(1e9)).toBe(0);
  });

  it('lets so many act at once, the others in their order', async () => {
    const turns = makeTurns(2);
    const order: number[] = [];
    const over = await Promise.all([turns.take(), turns.take()]);
    for (const who of [1, 2]) {
      void turns.take().then((end) => {
        order.push(who);
        over.push(end);
      });
    }
    await turn();
    expect(order).toEqual([]);
    over[0]?.();
    over[0]?.();
    await turn();
    expect(order).toEqual([1]);
    over[1]?.();
    await turn();
    expect(order).toEqual([1, 2]);
  });
});
