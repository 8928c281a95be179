// Protects: only a gate that somebody has made sure of decides. Whatever happens to Redis (restart, promotion, flushes,
// keys gone or spoilt, no memory, a lease that ran out), claims are turned away undecided until it is armed again, and
// an armed gate goes on exactly where it stood.

import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { startRedis, startReplica } from '../../scripts/services/redis.ts';
import type { RedisClient } from '../../src/adapters/redis/connect.ts';
import type { RedisGate } from '../../src/adapters/redis/gate.ts';
import { campaignKey, type KeyName } from '../../src/adapters/redis/keys.ts';
import { readOutboxEntry } from '../../src/adapters/redis/outbox.ts';
import type { Campaign } from '../../src/core/campaign.ts';
import type { Attempt, Decision } from '../../src/core/gate.ts';
import type { GateAnswer } from '../../src/ports/gate.ts';
import { arming, armWithPast, connected, newPrefix, plainGate } from '../support/redis-gate.ts';
import { sampleAttempt, sampleCampaign } from '../support/samples.ts';

const redis = await startOrSkip(() => startRedis({ appendfsync: 'always' }));
const ID = sampleCampaign().id;

/** Open by the real clock, which these tests run by. */
const opened = (over: Partial<Campaign> = {}) => sampleCampaign({ openedAt: 1, quantity: 3, ...over });

afterAll(() => redis?.stop());

describe.skipIf(redis === null)('the redis gate', () => {
  let client: RedisClient;
  let gate: RedisGate;
  let prefix: string;
  let faults: string[];

  beforeEach(async () => {
    client = await connected(redis?.url as string);
    prefix = newPrefix();
    faults = [];
    gate = plainGate(client, { prefix, onFault: (_, why) => faults.push(why) });
  });
  afterEach(async () => {
    await client.flushall();
    client.disconnect();
  });

  const key = (name: KeyName) => campaignKey(prefix, ID, name);
  const ask = (attempt: Partial<Attempt> & { userId: string }, at = gate) => {
    return new Promise<GateAnswer>((resolve) => {
      at.claim(ID, sampleAttempt(attempt.userId, attempt), resolve);
    });
  };
  const verdict = async (userId: string, at = gate) => (await ask({ userId }, at)).verdict;
  const seq = async (userId: string) => {
    const given = (await ask({ userId })) as Decision;
    return given.verdict === 'won'
      ? given.fact.seq
      : given.verdict === 'already_won'
        ? given.seq
        : given.verdict;
  };
  async function openGate(over: Partial<Campaign> = {}): Promise<void> {
    const campaign = opened(over);
    await gate.configure(campaign);
    await gate.arm(ID, arming(campaign.epoch));
  }
  /** Redis is back, with this gate's own connection. */
  async function restart(): Promise<void> {
    await redis?.kill();
    await redis?.restart();
    for (let i = 0; i < 100 && client.status !== 'ready'; i++)
      await new Promise((wake) => setTimeout(wake, 20));
  }

  epochs();
  losses();
  changes();
  limits();
  outbox();

  function epochs(): void {
    it('decides nothing before it is armed', async () => {
      await gate.configure(opened());
      expect(await verdict('ann')).toBe('rebuilding');
      expect(await gate.counts(ID)).toEqual({ issued: 0, lastSeq: 0, quantity: 3, holders: 0 });
      expect(await gate.inForce(ID)).toMatchObject({ epoch: 0, version: 1, armed: false });
    });

    it('cannot be armed without a rule', async () => {
      const armed = await gate.arm(ID, arming(1));
      expect(armed).toMatchObject({ kind: 'refused', why: 'unconfigured' });
    });

    it('never goes back to an older epoch', async () => {
      await openGate({ epoch: 5 });
      expect(await armWithPast(gate, ID, 4)).toMatchObject({ kind: 'refused', why: 'fenced' });
      expect(await seq('ann')).toBe(1);
    });

    it('does not replace what a live epoch has given out', async () => {
      await openGate();
      await seq('ann');
      for (const holders of ['empty', 'staged'] as const) {
        expect(await gate.arm(ID, arming(1, { holders }))).toMatchObject({ kind: 'refused', why: 'live' });
      }
      expect(await gate.arm(ID, arming(2))).toMatchObject({ kind: 'refused', why: 'live' });
      expect(await armWithPast(gate, ID, 2)).toMatchObject({ kind: 'armed', issued: 1 });
    });

    it('fences off who still acts for the epoch before', async () => {
      await openGate();
      const old = plainGate(client, { prefix });
      await old.configure(opened());
      expect(await verdict('ann', old)).toBe('won');
      await armWithPast(gate, ID, 2);
      expect(await verdict('bob', old)).toBe('rebuilding');
      expect(await ask({ userId: 'bob' })).toMatchObject({ verdict: 'won', fact: { seq: 2, epoch: 2 } });
      await old.configure(opened({ epoch: 2, version: 2 }));
      expect(await verdict('bob', old)).toBe('already_won');
    });

    it('opens one campaign, not another at the same epoch', async () => {
      await openGate();
      await gate.configure(opened({ id: 'other' }));
      const given = new Promise<GateAnswer>((resolve) => gate.claim('other', sampleAttempt('ann'), resolve));
      expect((await given).verdict).toBe('rebuilding');
    });

    it('goes on above the highest number that was ever leased', async () => {
      await openGate();
      await seq('ann');
      await armWithPast(gate, ID, 2, { lastSeq: 50 });
      expect([await seq('ann'), await seq('bob')]).toEqual([1, 51]);
    });

    it('takes staged holders in place of what is there', async () => {
      await openGate();
      await seq('lost');
      const past = {
        seqs: Float64Array.of(1, 7),
        wonAt: Float64Array.of(10, 20),
        userIds: ['ann', 'bob'],
        keys: null,
      };
      await gate.load(ID, past);
      await gate.load(ID, past);
      expect(await gate.arm(ID, arming(2, { holders: 'staged' }))).toEqual({
        kind: 'armed',
        issued: 2,
        lastSeq: 7,
        holders: 2,
      });
      expect([await seq('bob'), await seq('lost'), await seq('late')]).toEqual([7, 8, 'sold_out']);
      expect(await client.exists(key('stagedRule'), key('stagedUsers'))).toBe(0);
    });
  }

  function losses(): void {
    it('is closed after kill -9, keeps what it gave, and goes on when it is armed again', async () => {
      await openGate();
      expect([await seq('ann'), await seq('bob')]).toEqual([1, 2]);
      await restart();
      expect(await verdict('ann')).toBe('rebuilding');
      expect(faults.at(-1)).toContain('NOSCRIPT');
      await armWithPast(gate, ID, 2);
      expect([await seq('ann'), await seq('cho'), await seq('dan')]).toEqual([1, 3, 'sold_out']);
    });

    it('is closed after SCRIPT FLUSH, and after FLUSHALL though the script is still there', async () => {
      await openGate();
      await client.script('FLUSH');
      expect(await verdict('ann')).toBe('rebuilding');
      await armWithPast(gate, ID, 2);
      expect(await seq('ann')).toBe(1);
      await client.flushall();
      expect(await verdict('bob')).toBe('rebuilding');
      await gate.configure(opened({ version: 2 }));
      expect(await verdict('bob')).toBe('rebuilding');
    });

    it('is closed on a replica that was promoted', async () => {
      await openGate();
      await seq('ann');
      const replica = await startReplica(redis as NonNullable<typeof redis>);
      try {
        const promoted = await connected(replica.url);
        await promoted.call('REPLICAOF', 'NO', 'ONE');
        const there = plainGate(promoted, { prefix });
        await there.configure(opened());
        expect(await verdict('ann', there)).toBe('rebuilding');
        await armWithPast(there, ID, 2);
        expect(await verdict('ann', there)).toBe('already_won');
        promoted.disconnect();
      } finally {
        await replica.stop();
      }
    });

    it.each<KeyName>(['rule', 'users', 'out'])(
      'changes nothing when the key of %s was spoilt',
      async (name) => {
        await openGate();
        await seq('ann');
        await client.rename(key(name), 'aside');
        await client.set(key(name), 'spoilt');
        expect(await verdict('bob')).toBe('unavailable');
        expect(faults.at(-1)).toContain('WRONGTYPE');
        await client.del(key(name));
        await client.rename('aside', key(name));
        expect(await gate.counts(ID)).toMatchObject({ issued: 1, lastSeq: 1, holders: 1 });
        expect(await seq('bob')).toBe(2);
      },
    );

    it('changes nothing when Redis is out of memory, and still knows its winners', async () => {
      await openGate();
      await seq('ann');
      await client.config('SET', 'maxmemory', '1mb');
      expect(await verdict('bob')).toBe('unavailable');
      expect(faults.at(-1)).toContain('OOM');
      await client.config('SET', 'maxmemory', '0');
      expect(await gate.counts(ID)).toMatchObject({ issued: 1, holders: 1 });
      expect([await seq('ann'), await seq('bob')]).toEqual([1, 2]);
    });
  }

  function changes(): void {
    it('ignores an older version of the rule', async () => {
      await openGate({ version: 4, quantity: 2 });
      expect(await gate.configure(opened({ version: 3, quantity: 1, pausedAt: 1 }))).toEqual({ kind: 'ok' });
      expect([await seq('ann'), await seq('bob'), await seq('cho')]).toEqual([1, 2, 'sold_out']);
      await gate.configure(opened({ version: 5, quantity: 3 }));
      expect(await seq('cho')).toBe(3);
    });

    it('keeps its clock when Redis steps back', async () => {
      const closesAt = Date.now() + 3_600_000;
      await openGate({ closesAt });
      expect(await seq('ann')).toBe(1);
      await client.hset(key('rule'), 'clock', closesAt);
      expect(await verdict('bob')).toBe('closed');
      await client.hset(key('rule'), 'clock', 0);
      expect(await verdict('bob')).toBe('closed');
    });

    it('remembers that the window ended, though refusals write nothing else', async () => {
      await openGate({ closesAt: 1000 });
      expect(await verdict('ann')).toBe('closed');
      const [, clock] = [await verdict('ann'), Number(await client.hget(key('rule'), 'clock'))];
      expect(clock).toBeGreaterThan(1000);
      await verdict('bob');
      expect(Number(await client.hget(key('rule'), 'clock'))).toBe(clock);
      expect(await client.exists(key('users'), key('out'))).toBe(0);
    });
  }

  function limits(): void {
    it('gives no number beyond the leased block, and says so', async () => {
      const ended: string[] = [];
      gate = plainGate(client, { prefix, onBlockEnd: (id) => ended.push(id) });
      await gate.configure(opened());
      await gate.arm(ID, arming(1, { bounds: { blockEnd: 1, leaseUntil: null } }));
      expect([await seq('ann'), await seq('bob'), await seq('ann')]).toEqual([1, 'unavailable', 1]);
      expect(ended).toEqual([ID]);
      expect(await gate.extend(ID, 1, { blockEnd: 9, leaseUntil: null })).toBe(true);
      expect(await gate.extend(ID, 1, { blockEnd: 2, leaseUntil: Date.now() + 60_000 })).toBe(true);
      expect(await gate.extend(ID, 1, { blockEnd: null, leaseUntil: 1000 })).toBe(true);
      expect([await seq('bob'), await seq('cho'), await seq('dan')]).toEqual([2, 3, 'sold_out']);
    });

    it('decides nothing when nobody renews its lease', async () => {
      await gate.configure(opened());
      await gate.arm(ID, arming(1, { bounds: { blockEnd: null, leaseUntil: 1000 } }));
      expect(await verdict('ann')).toBe('rebuilding');
      expect(await gate.extend(ID, 2, { blockEnd: null, leaseUntil: Date.now() + 60_000 })).toBe(false);
      expect(await verdict('ann')).toBe('rebuilding');
      await gate.extend(ID, 1, { blockEnd: null, leaseUntil: Date.now() + 60_000 });
      expect(await verdict('ann')).toBe('won');
    });
  }

  function outbox(): void {
    it('leaves every win in the outbox, as it was told', async () => {
      await openGate({ quantity: 400, perUserLimit: 2 });
      const asked = [
        '"',
        'a\\b',
        '김철수',
        'x y',
        "'",
        '👍🏽',
        ...Array.from({ length: 290 }, (_, i) => `u-${i}`),
      ];
      const given = await Promise.all(
        asked.map((userId, i) => ask({ userId, key: i % 3 === 0 ? `k,${i}` : null })),
      );
      given.push(await ask({ userId: '김철수', key: 'another' }));
      const entries = await client.xrange(key('out'), '-', '+');
      const wins = entries.flatMap(([, fields]) => readOutboxEntry(ID, fields));
      const told = given.flatMap((one) => (one.verdict === 'won' ? [one.fact] : []));
      expect(told).toHaveLength(297);
      expect(wins).toEqual(told);
      expect(entries.at(-1)?.[0]).toBe('297-0');
      expect(entries.length).toBeLessThan(8);
    });

    it('stays when the campaign is unloaded', async () => {
      await openGate();
      await seq('ann');
      await gate.unload(ID);
      expect(await client.exists(key('rule'), key('users'))).toBe(0);
      expect(await client.xlen(key('out'))).toBe(1);
    });
  }
});
