// Protects: a user who spreads over processes gets little more than one limit, nobody else gets less than his own, no try
// waits for Redis, and without Redis each process limits by itself.

import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import type { RedisClient } from '../../src/adapters/redis/connect.ts';
import { makeSharedRate, type SharedRate } from '../../src/adapters/redis/rate.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { Rate } from '../../src/core/rate.ts';
import { connected, newPrefix } from '../support/redis-gate.ts';

const system = makeSystem();
const redis = await startOrSkip(() => startRedis({ appendonly: false }));
const wait = (ms: number) => new Promise((wake) => setTimeout(wake, ms));

afterAll(() => redis?.stop());

describe.skipIf(redis === null)('a shared rate', () => {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  async function processes(count: number, rate: Rate) {
    const prefix = newPrefix();
    const calls = { count: 0 };
    const made: SharedRate[] = [];
    const clients: RedisClient[] = [];
    for (let i = 0; i < count; i++) {
      const client = await connected(redis?.url as string);
      const plain = client.eval.bind(client);
      client.eval = ((...args: Parameters<typeof plain>) => {
        calls.count += 1;
        return plain(...args);
      }) as typeof client.eval;
      const shared = makeSharedRate({ client, system, rate, prefix });
      ends.push(() => client.disconnect());
      ends.push(() => shared.stop());
      made.push(shared);
      clients.push(client);
    }
    return { made, calls, clients, prefix };
  }

  /** How many of `users`' tries are let through, each at each process every 10 ms. */
  async function hammer(made: SharedRate[], users: string[], ms: number): Promise<number[]> {
    const let_ = users.map(() => 0);
    const end = performance.now() + ms;
    while (performance.now() < end) {
      for (const one of made) {
        for (const [i, user] of users.entries()) {
          if (one.allow(user, system.now()) === 0) let_[i] = (let_[i] as number) + 1;
        }
      }
      await wait(10);
    }
    return let_;
  }

  it('limits a user who spreads over three processes as one, but for a moment', async () => {
    const { made, calls } = await processes(3, { tries: 10, periodMs: 1000 });
    const [let_ = 0] = await hammer(made, ['ann'], 4000);
    // 10 at once and 10 a second is what one process would give; each process gives its first ten before it knows better.
    expect(let_).toBeGreaterThanOrEqual(45);
    expect(let_).toBeLessThan(50 + 3 * 10);
    expect(calls.count).toBeLessThanOrEqual(3 * 42);
  });

  it('takes nothing from a user who keeps to one process', async () => {
    const { made } = await processes(2, { tries: 10, periodMs: 1000 });
    const [, other] = made as [SharedRate, SharedRate];
    const [let_ = 0] = await hammer([other], ['bob'], 2500);
    expect(let_).toBeGreaterThanOrEqual(32);
    expect(let_).toBeLessThanOrEqual(36);
  });

  it('tells how long to wait, and keeps to it', async () => {
    const { made } = await processes(2, { tries: 2, periodMs: 1000 });
    const [one, two] = made as [SharedRate, SharedRate];
    for (const each of [one, two])
      for (let i = 0; i < 2; i++) expect(each.allow('cho', system.now())).toBe(0);
    await wait(350);
    const waits = [one, two].map((each) => each.allow('cho', system.now()));
    const ms = Math.max(...waits);
    expect(ms).toBeGreaterThan(700);
    expect(ms).toBeLessThan(1300);
    await wait(ms + 5);
    expect(Math.min(...[one, two].map((each) => each.allow('cho', system.now())))).toBe(0);
  });

  it('does not tell of those who come once, and leaves nothing behind for ever', async () => {
    const { made, calls, clients, prefix } = await processes(1, { tries: 5, periodMs: 700 });
    const [one] = made as [SharedRate];
    for (let i = 0; i < 3000; i++) expect(one.allow(`u-${i}`, system.now())).toBe(0);
    await wait(150);
    expect(calls.count).toBe(0);
    for (let i = 0; i < 1300; i++) one.allow(`u-${i}`, system.now());
    await wait(150);
    expect(calls.count).toBe(3);
    const [client] = clients as [RedisClient];
    const keys = await client.keys(`${prefix}*`);
    expect(keys.length).toBeGreaterThan(0);
    expect(await client.pttl(keys[0] as string)).toBeGreaterThan(0);
    await wait(2900);
    expect(await client.keys(`${prefix}*`)).toEqual([]);
  });

  it('limits by itself while Redis is away', async () => {
    const { made, clients } = await processes(1, { tries: 5, periodMs: 1000 });
    const [one] = made as [SharedRate];
    clients[0]?.disconnect();
    await wait(50);
    const [let_ = 0] = await hammer([one], ['dan'], 1500);
    expect(let_).toBeGreaterThanOrEqual(11);
    expect(let_).toBeLessThanOrEqual(13);
  });
});
