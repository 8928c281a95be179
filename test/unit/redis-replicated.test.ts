// Protects: at level `replicated` nobody is told that he won, or that nothing is left, before a replica has it; and what
// was told is there after the primary is gone for good.

import { Cluster, type Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalService } from '../../scripts/services/local.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { startRedis, startRedisCluster, startReplica } from '../../scripts/services/redis.ts';
import type { RedisClient } from '../../src/adapters/redis/connect.ts';
import type { RedisGate } from '../../src/adapters/redis/gate.ts';
import { arming, connected, plainGate } from '../support/redis-gate.ts';
import { sampleAttempt, sampleCampaign } from '../support/samples.ts';

const REPLICA_MAX_MS = 200;
const redis = await startOrSkip(() => startRedis());

function verdict(gate: RedisGate, id: string, userId: string, eligible = true): Promise<string> {
  const attempt = sampleAttempt(userId, { eligible });
  return new Promise((resolve) => gate.claim(id, attempt, (given) => resolve(given.verdict)));
}

const levelOf = (id: string) => (id === 'weak' ? ('disk' as const) : ('replicated' as const));

describe.skipIf(redis === null)('a replicated campaign', () => {
  let replica: LocalService;
  let client: RedisClient;
  let gate: RedisGate;
  beforeAll(async () => {
    replica = await startReplica(redis as LocalService);
    client = await connected(redis?.url as string);
    gate = plainGate(client, { prefix: '', levelOf, replicaMaxMs: REPLICA_MAX_MS });
  });
  afterAll(async () => {
    client.disconnect();
    await replica.stop();
    await redis?.stop();
  });

  async function open(id: string, quantity: number): Promise<void> {
    const durability = id === 'weak' ? 'disk' : 'replicated';
    await gate.configure(sampleCampaign({ id, quantity, durability, openedAt: 1 }));
    await gate.arm(id, arming(1));
  }

  it('is told as any other while a replica keeps up', async () => {
    await expect.poll(() => client.wait(1, 100), { timeout: 10_000 }).toBe(1);
    await open('one', 1);
    const patient = plainGate(client, { prefix: '', levelOf, replicaMaxMs: 5_000 });
    patient.follow('one', 1, 1);
    const told = [await verdict(patient, 'one', 'ann'), await verdict(patient, 'one', 'bob')];
    expect([...told, await verdict(patient, 'one', 'ann')]).toEqual(['won', 'sold_out', 'already_won']);
  });

  it('is not decided by who does not know its level', async () => {
    const faults: string[] = [];
    const unaware = plainGate(client, { prefix: '', onFault: (_, why) => faults.push(why) });
    await open('none', 1);
    unaware.follow('none', 1, 1);
    expect([await verdict(unaware, 'none', 'ann'), faults[0]]).toEqual([
      'unavailable',
      expect.stringContaining('LEVEL'),
    ]);
    expect((await gate.inForce('none'))?.armed).toBe(true);
  });

  it('writes something with every answer, so that WAIT has something to wait for', async () => {
    for (const id of ['four', 'weak']) {
      await open(id, 1);
      await verdict(gate, id, 'ann');
      await client.hset(`{c:${id}}:rule`, 'clock', 5);
      expect(await verdict(gate, id, 'ann')).toBe('already_won');
      const written = (await client.hget(`{c:${id}}:rule`, 'clock')) !== '5';
      expect([id, written]).toEqual([id, id !== 'weak']);
    }
    await gate.unload('weak');
  });

  it('is unknown while none does, and known again afterwards', async () => {
    await open('two', 2);
    await open('weak', 2);
    expect(await verdict(gate, 'two', 'ann')).toBe('won');
    const second = await connected(redis?.url as string);
    const other = plainGate(second, { prefix: '', levelOf, replicaMaxMs: REPLICA_MAX_MS });
    other.follow('two', 1, 1);
    replica.pause();
    try {
      expect(await verdict(gate, 'two', 'bob')).toBe('unknown');
      // What another connection reads must not pass for kept: it may be the very thing that is not.
      expect(await verdict(other, 'two', 'bob')).toBe('unknown');
      expect(await verdict(other, 'two', 'cho')).toBe('unknown');
      expect(await verdict(gate, 'two', 'cho')).toBe('unknown');
      expect(await verdict(gate, 'two', 'dan', false)).toBe('ineligible');
      expect(await verdict(gate, 'weak', 'ann')).toBe('won');
      await gate.unload('weak');
    } finally {
      replica.resume();
      second.disconnect();
    }
    await expect.poll(() => verdict(gate, 'two', 'bob'), { timeout: 5_000 }).toBe('already_won');
    expect(await verdict(gate, 'two', 'cho')).toBe('sold_out');
  });

  it('holds no other campaign up that way, on a connection of its own', async () => {
    const waitingClient = await connected(redis?.url as string);
    const apart = plainGate(client, { prefix: '', levelOf, replicaMaxMs: 1000, waitingClient });
    await open('five', 2);
    await open('weak', 2);
    for (const id of ['five', 'weak']) apart.follow(id, 1, 1);
    replica.pause();
    try {
      const replicated = verdict(apart, 'five', 'ann');
      await new Promise((wake) => setTimeout(wake, 50));
      const began = performance.now();
      expect(await verdict(apart, 'weak', 'ann')).toBe('won');
      expect(performance.now() - began).toBeLessThan(500);
      expect(await replicated).toBe('unknown');
    } finally {
      replica.resume();
      waitingClient.disconnect();
    }
    await gate.unload('weak');
  });

  it('keeps on the replica what was told when the primary is killed in a rush', {
    timeout: 30_000,
  }, async () => {
    await open('three', 3000);
    const crowd = Array.from({ length: 4000 }, (_, i) => verdict(gate, 'three', `u-${i}`));
    await verdict(gate, 'three', 'first');
    await redis?.kill();
    const told = await Promise.all(crowd);
    const promoted = await connected(replica.url);
    try {
      await promoted.call('REPLICAOF', 'NO', 'ONE');
      const there = new Set(await promoted.hkeys('{c:three}:users'));
      const won = told.flatMap((one, i) => (one === 'won' ? [`u-${i}`] : []));
      expect(won.length).toBeGreaterThan(0);
      expect(won.filter((user) => !there.has(user))).toEqual([]);
    } finally {
      promoted.disconnect();
    }
  });
});

describe('a replicated campaign that moved to another node of its cluster', () => {
  it('is found there', { timeout: 30_000 }, async () => {
    const cluster = await startOrSkip(() => startRedisCluster(3, { appendonly: false }));
    if (cluster === null) return;
    const client = await connected(cluster.url);
    try {
      if (!(client instanceof Cluster)) throw new Error('no cluster');
      const slot = Number(await client.cluster('KEYSLOT', '{c:moved}:rule'));
      const nodes = client.nodes('master');
      const from = client.slots[slot]?.[0];
      const to = nodes.find(({ options: { host, port } }) => `${host}:${port}` !== from) as Redis;
      const id = (await to.cluster('MYID')) as string;
      for (const node of nodes) await node.cluster('SETSLOT', slot, 'NODE', id);
      const gate = plainGate(client, { prefix: '', levelOf });
      gate.follow('moved', 1, 1);
      expect(await verdict(gate, 'moved', 'ann')).toBe('unavailable');
      await expect.poll(() => verdict(gate, 'moved', 'ann'), { timeout: 3_000 }).toBe('rebuilding');
    } finally {
      client.disconnect();
      await cluster.stop();
    }
  });
});
