// Protects: a process that answers from memory says what the gate would have said. Random lives of a campaign with two
// processes at one gate, each with its own memory of what is sold out; everything is held against the naive rule, and
// most of what is told when it is sold out is told without a trip.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RedisClient } from '../../src/adapters/redis/connect.ts';
import type { RedisGate } from '../../src/adapters/redis/gate.ts';
import type { Campaign } from '../../src/core/campaign.ts';
import type { Attempt } from '../../src/core/gate.ts';
import type { GateAnswer } from '../../src/ports/gate.ts';
import { inQuickRedis } from '../support/in-redis.ts';
import { type NaiveGate, naiveClaim, naiveConfigure } from '../support/naive-gate.ts';
import { arming, newPrefix, plainGate } from '../support/redis-gate.ts';
import { sampleCampaign } from '../support/samples.ts';
import { seed } from '../support/seed.ts';

const LIVES = 300;

const press = fc.record({
  user: fc.nat({ max: 9 }),
  key: fc.option(fc.nat({ max: 2 }), { freq: 3 }),
  eligible: fc.nat({ max: 9 }).map((n) => n > 0),
});
const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      at: fc.nat({ max: 1 }),
      crowd: fc.array(press, { minLength: 1, maxLength: 8 }),
      settle: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ at: fc.nat({ max: 1 }), quantity: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ at: fc.nat({ max: 1 }), pausedAt: fc.option(fc.constant(1), { freq: 2 }) }),
  },
);
const life = fc.record({
  quantity: fc.integer({ min: 1, max: 4 }),
  perUserLimit: fc.integer({ min: 1, max: 2 }),
  steps: fc.array(step, { minLength: 30, maxLength: 40, size: 'max' }),
});

interface Play {
  gates: RedisGate[];
  naive: NaiveGate;
  trips: { count: number };
  fromMemory: number;
}

const claim = (gate: RedisGate, id: string, attempt: Attempt) =>
  new Promise<GateAnswer>((resolve) => gate.claim(id, attempt, resolve));

const told = (given: GateAnswer) =>
  given.verdict === 'won'
    ? `won ${given.fact.seq}`
    : given.verdict === 'already_won'
      ? `had ${given.seq}`
      : given.verdict;

async function pressAll(play: Play, gate: RedisGate, attempts: Attempt[]): Promise<void> {
  const before = play.trips.count;
  const given = await Promise.all(attempts.map((one) => claim(gate, play.naive.campaign.id, one)));
  if (play.trips.count === before) play.fromMemory += attempts.length;
  const expected = attempts.map((one) => {
    const { verdict, seq } = naiveClaim(play.naive, one, Date.now());
    return verdict === 'won' ? `won ${seq}` : verdict === 'already_won' ? `had ${seq}` : verdict;
  });
  expect(given.map(told)).toEqual(expected);
}

async function change(play: Play, at: number, to: Partial<Campaign>): Promise<void> {
  const { gates, naive } = play;
  const next = { ...naive.campaign, ...to, version: naive.campaign.version + 1 };
  if (!naiveConfigure(naive, next)) return;
  await gates[at]?.configure(next);
  for (const gate of gates) gate.follow(next.id, 1, next.version);
}

async function playLife(
  both: RedisClient[],
  { quantity, perUserLimit, steps }: typeof life extends fc.Arbitrary<infer T> ? T : never,
) {
  const prefix = newPrefix();
  const trips = { count: 0 };
  const gates = both.map((client) => plainGate(counted(client, trips), { prefix }));
  const campaign = sampleCampaign({ quantity, perUserLimit, openedAt: 1 });
  await gates[0]?.configure(campaign);
  await gates[0]?.arm(campaign.id, arming(1));
  for (const gate of gates) gate.follow(campaign.id, 1, 1);
  const play: Play = { gates, naive: { campaign, units: [], clock: 0 }, trips, fromMemory: 0 };
  for (const one of steps) {
    if (!('crowd' in one)) {
      const { at, ...to } = one;
      await change(play, at, to);
      continue;
    }
    const attempts = one.crowd.map(({ user, key, eligible }): Attempt => {
      return { userId: `u-${user}`, key: key === null ? null : `k-${key}`, eligible };
    });
    await pressAll(play, gates[one.at] as RedisGate, attempts);
    if (one.settle) await new Promise((wake) => setTimeout(wake, 2));
  }
  await gates[0]?.unload(campaign.id);
  return play.fromMemory;
}

/** The same client, with its calls of claim.lua counted. */
function counted(client: RedisClient, trips: { count: number }): RedisClient {
  return new Proxy(client, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        // A look has nobody in it.
        if (name === 'evalsha' && args[7] !== '[]') trips.count += 1;
        return (value as (...all: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}

await inQuickRedis((near, far) => {
  describe('two processes that remember what is sold out', () => {
    it(`say what the naive rule says, in ${LIVES} random lives`, { timeout: 240_000 }, async () => {
      let fromMemory = 0;
      await fc.assert(
        fc.asyncProperty(life, async (one) => {
          fromMemory += await playLife([near, far], one);
        }),
        { seed, numRuns: LIVES },
      );
      expect(fromMemory).toBeGreaterThan(LIVES * 2);
    });

    it('make no trip for those who cannot have won, and see a raised quantity within a second', async () => {
      const prefix = newPrefix();
      const trips = { count: 0 };
      const gate = plainGate(counted(near, trips), { prefix });
      const other = plainGate(far, { prefix });
      const campaign = sampleCampaign({ quantity: 50, openedAt: 1 });
      await other.configure(campaign);
      await other.arm(campaign.id, arming(1));
      gate.follow(campaign.id, 1, 1);
      const press = async (user: string) =>
        (await claim(gate, campaign.id, { userId: user, key: null, eligible: true })).verdict;
      for (let i = 0; i < 51; i++) await press(`u-${i}`);
      await new Promise((wake) => setTimeout(wake, 50));
      trips.count = 0;
      for (let i = 100; i < 2100; i++) expect(await press(`u-${i}`)).toBe('sold_out');
      expect(trips.count).toBeLessThan(50);
      for (let i = 0; i < 50; i++) expect(await press(`u-${i}`)).toBe('already_won');
      // Nobody tells this process.
      await other.configure({ ...campaign, quantity: 51, version: 2 });
      const raised = performance.now();
      while ((await press('late')) !== 'won') await new Promise((wake) => setTimeout(wake, 5));
      expect(performance.now() - raised).toBeLessThan(1000);
    });
  });
}, 2);
