// Protects: who looks after the gate sees what is there, extends and never shrinks it, takes older epochs out of
// everybody's hands for good, finds every win that was decided, and cannot arm what somebody else has loaded.

import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { startRedis, startReplica, startSentinel } from '../../scripts/services/redis.ts';
import type { RedisClient } from '../../src/adapters/redis/connect.ts';
import type { RedisGate } from '../../src/adapters/redis/gate.ts';
import { campaignKey } from '../../src/adapters/redis/keys.ts';
import type { Campaign } from '../../src/core/campaign.ts';
import type { Bounds } from '../../src/ports/shared-gate.ts';
import { arming, armWithPast, connected, newPrefix, plainGate } from '../support/redis-gate.ts';
import { sampleAttempt, sampleCampaign } from '../support/samples.ts';

const ID = sampleCampaign().id;
const redis = await startOrSkip(() => startRedis({ appendonly: false }));
const opened = (over: Partial<Campaign> = {}) => sampleCampaign({ openedAt: 1, quantity: 5, ...over });
const bounds = (blockEnd: number | null, leaseUntil: number | null): Bounds => ({ blockEnd, leaseUntil });
const holders = (...userIds: string[]) => ({
  seqs: Float64Array.from(userIds, (_, i) => i + 1),
  wonAt: Float64Array.from(userIds, () => 5),
  userIds,
  keys: null,
});
const wait = (ms: number) => new Promise((wake) => setTimeout(wake, ms));

function verdict(gate: RedisGate, userId: string): Promise<string> {
  return new Promise((resolve) => gate.claim(ID, sampleAttempt(userId), (given) => resolve(given.verdict)));
}

afterAll(() => redis?.stop());

describe.skipIf(redis === null)('who looks after the gate', () => {
  let client: RedisClient;
  let gate: RedisGate;
  let prefix: string;

  beforeEach(async () => {
    client = await connected(redis?.url as string);
    prefix = newPrefix();
    gate = plainGate(client, { prefix });
  });
  afterEach(async () => {
    await client.flushall();
    client.disconnect();
  });
  const all = async (...userIds: string[]) => {
    const told: string[] = [];
    for (const userId of userIds) told.push(await verdict(gate, userId));
    return told;
  };

  looking();
  beginning();
  bounding();
  freezing();
  filling();
  salvaging();

  function looking(): void {
    it('sees what is there, by the clock of Redis', async () => {
      expect(await gate.inForce(ID)).toBeNull();
      await gate.begin(opened({ version: 3, epoch: 2 }));
      await all('ann', 'bob');
      const [seconds] = await client.time();
      const seen = await gate.inForce(ID);
      expect(seen).toEqual({
        epoch: 2,
        version: 3,
        armed: true,
        quantity: 5,
        issued: 2,
        lastSeq: 2,
        reserved: 0,
        blockEnd: null,
        now: expect.any(Number),
      });
      expect(Math.abs((seen?.now ?? 0) - Number(seconds) * 1000)).toBeLessThan(2000);
    });

    it('sees that nobody has made sure of it since Redis lost its scripts', async () => {
      await gate.begin(opened());
      await client.script('FLUSH');
      expect(await gate.inForce(ID)).toMatchObject({ epoch: 1, armed: false });
    });

    it('sees an armed gate whose lease ran out as armed', async () => {
      await gate.configure(opened());
      await gate.arm(ID, arming(1, { bounds: bounds(null, 1000) }));
      expect(await verdict(gate, 'ann')).toBe('rebuilding');
      expect(await gate.inForce(ID)).toMatchObject({ armed: true });
    });
  }

  function beginning(): void {
    it('finds a new campaign deciding, for two seconds', async () => {
      await gate.begin(opened());
      expect(await verdict(gate, 'ann')).toBe('won');
      const leaseUntil = Number(await client.hget(campaignKey(prefix, ID, 'rule'), 'leaseUntil'));
      expect(Math.abs(leaseUntil - Date.now() - 2000)).toBeLessThan(1000);
      await wait(leaseUntil - Date.now() + 50);
      expect(await verdict(gate, 'bob')).toBe('rebuilding');
    });

    it('loses nothing when it begins twice, or too late', async () => {
      await gate.begin(opened());
      await all('ann');
      await gate.begin(opened());
      expect(await gate.counts(ID)).toMatchObject({ issued: 1 });
      await gate.freeze(ID, 4);
      await gate.begin(opened({ epoch: 3 }));
      expect(await gate.inForce(ID)).toMatchObject({ epoch: 0, armed: false });
    });

    it('lets another process follow without configuring anything', async () => {
      const other = plainGate(client, { prefix });
      await gate.begin(opened({ epoch: 7 }));
      expect(await verdict(other, 'ann')).toBe('unknown_campaign');
      other.follow(ID, 7, 1);
      expect(await verdict(other, 'ann')).toBe('won');
      other.follow(ID, 6, 1);
      expect(await verdict(other, 'ann')).toBe('already_won');
    });
  }

  function bounding(): void {
    it('sets a bound where there was none, and never shrinks one', async () => {
      await gate.configure(opened());
      await gate.arm(ID, arming(1));
      expect(await gate.extend(ID, 1, bounds(1, null))).toBe(true);
      expect(await all('ann', 'bob')).toEqual(['won', 'unavailable']);
      await gate.extend(ID, 1, bounds(2, null));
      await gate.extend(ID, 1, bounds(1, null));
      expect(await gate.inForce(ID)).toMatchObject({ blockEnd: 2 });
      expect(await all('bob', 'cho')).toEqual(['won', 'unavailable']);
      expect(await gate.extend(ID, 2, bounds(9, null))).toBe(false);
    });

    it('counts reserved units as given, until they are given back', async () => {
      await gate.configure(opened());
      const armed = await gate.arm(ID, arming(1, { reserved: 4, lastSeq: 10 }));
      expect(armed).toEqual({ kind: 'armed', issued: 4, lastSeq: 10, holders: 0 });
      expect(await all('ann', 'bob')).toEqual(['won', 'sold_out']);
      expect(await gate.inForce(ID)).toMatchObject({ issued: 5, reserved: 4, lastSeq: 11 });
      await gate.unreserve(ID, 1, 1);
      expect(await all('bob', 'cho')).toEqual(['won', 'sold_out']);
      await gate.unreserve(ID, 1, 99);
      expect(await all('cho', 'dan', 'eve', 'fay')).toEqual(['won', 'won', 'won', 'sold_out']);
      await expect(gate.unreserve(ID, 2, 1)).rejects.toThrow('FENCED');
    });
  }

  function freezing(): void {
    it('takes older epochs out of every hand, and they cannot be armed again', async () => {
      await gate.begin(opened());
      await all('ann');
      await gate.freeze(ID, 3);
      expect(await verdict(gate, 'bob')).toBe('rebuilding');
      expect(await gate.inForce(ID)).toMatchObject({ epoch: 0, armed: false, issued: 1 });
      expect(await armWithPast(gate, ID, 2)).toMatchObject({ kind: 'refused', why: 'fenced' });
      expect(await armWithPast(gate, ID, 3)).toMatchObject({ kind: 'armed', issued: 1 });
      await gate.freeze(ID, 3);
      expect(await all('ann', 'bob')).toEqual(['already_won', 'won']);
    });

    it('also where no rule is yet', async () => {
      await gate.freeze(ID, 3);
      await gate.configure(opened());
      expect(await gate.arm(ID, arming(2))).toMatchObject({ kind: 'refused', why: 'fenced' });
      expect(await gate.arm(ID, arming(3))).toMatchObject({ kind: 'armed' });
    });
  }

  function filling(): void {
    it('cannot arm what somebody else has begun to load', async () => {
      const other = plainGate(client, { prefix });
      for (const one of [gate, other]) await one.configure(opened());
      await gate.load(ID, holders('ann', 'bob'));
      await other.load(ID, holders('ann'));
      await expect(gate.arm(ID, arming(1, { holders: 'staged' }))).rejects.toThrow('GAP');
      await gate.load(ID, holders('ann', 'bob'));
      const more = { ...holders('cho'), seqs: Float64Array.of(3) };
      await expect(other.load(ID, more)).rejects.toThrow('GAP');
      expect(await gate.arm(ID, arming(1, { holders: 'staged' }))).toMatchObject({ issued: 2 });
    });

    it('begins anew after a load that broke off', async () => {
      await gate.configure(opened());
      await gate.load(ID, holders('ann', 'bob', 'cho'));
      await gate.load(ID, holders('ann', 'bob'));
      expect(await gate.arm(ID, arming(1, { holders: 'staged' }))).toMatchObject({ issued: 2, lastSeq: 2 });
    });
  }

  function salvaging(): void {
    it('finds what was decided, in order, and lets go of what is kept elsewhere', async () => {
      await gate.begin(opened());
      await all('ann', 'bob', 'cho', 'dan');
      const left = await gate.leftBehind(ID, 1, 2);
      expect(left.map(({ facts }) => facts.map(({ seq, userId }) => [seq, userId]))).toEqual([
        [[2, 'bob']],
        [[3, 'cho']],
      ]);
      expect(Math.abs((left[0]?.decidedAt ?? 0) - Date.now())).toBeLessThan(2000);
      await gate.letGo(ID, 3);
      expect((await gate.leftBehind(ID, 0, 9)).map(({ facts }) => facts[0]?.userId)).toEqual(['dan']);
      expect(await all('eve')).toEqual(['won']);
    });

    it('keeps the outbox of a campaign that another process unloads, until it is let go', async () => {
      await gate.begin(opened());
      await all('ann');
      await plainGate(client, { prefix }).unload(ID);
      expect(await gate.inForce(ID)).toBeNull();
      expect(await gate.leftBehind(ID, 0, 9)).toHaveLength(1);
      await gate.letGo(ID, 1);
      expect(await client.keys(`${prefix}*`)).toEqual([]);
    });
  }
});

describe.skipIf(redis === null)('a primary that its sentinels gave up', () => {
  it('is frozen too, when it still can be reached', { timeout: 30_000 }, async () => {
    const primary = await startRedis();
    const replica = await startReplica(primary);
    const sentinel = await startSentinel(primary);
    const [direct, led] = [await connected(primary.url), await connected(sentinel.url)];
    try {
      const [old, gate] = [plainGate(direct, { prefix: '' }), plainGate(led, { prefix: '' })];
      await old.configure(opened());
      await old.arm(ID, arming(1));
      await expect.poll(() => direct.wait(1, 100), { timeout: 10_000 }).toBe(1);
      primary.pause();
      await expect
        .poll(() => led.info('server').catch(() => ''), { timeout: 20_000 })
        .toContain(`tcp_port:${replica.port}`);
      const began = performance.now();
      await gate.freeze(ID, 1);
      expect(performance.now() - began).toBeLessThan(1500);
      // Awake again, it takes itself for the primary for some seconds, until the sentinel tells it otherwise.
      primary.resume();
      await expect.poll(() => verdict(old, 'ann'), { timeout: 4_000 }).toMatch('won');
      await gate.freeze(ID, 2);
      expect(await verdict(old, 'bob')).toBe('rebuilding');
    } finally {
      for (const one of [direct, led]) one.disconnect();
      for (const one of [sentinel, replica, primary]) await one.stop();
    }
  });
});
