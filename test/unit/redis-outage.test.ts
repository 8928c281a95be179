// Protects: nobody is told more than is known while Redis is away. A call that was sent and not answered is `unknown`,
// one that could not be sent is `unavailable`, nothing is ever sent a second time, and service is back by itself.

import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { startRedis, startRedisCluster } from '../../scripts/services/redis.ts';
import { connectRedis, parseRedisUrl, type RedisClient } from '../../src/adapters/redis/connect.ts';
import type { RedisGate } from '../../src/adapters/redis/gate.ts';
import { arming, armWithPast, connected, plainGate } from '../support/redis-gate.ts';
import { sampleAttempt, sampleCampaign } from '../support/samples.ts';

const CALL_MAX_MS = 600;
const ID = sampleCampaign().id;
const redis = await startOrSkip(() => startRedis({ appendfsync: 'always' }));

function verdict(gate: RedisGate, userId: string, id = ID): Promise<string> {
  return new Promise((resolve) => gate.claim(id, sampleAttempt(userId), (given) => resolve(given.verdict)));
}

async function open(gate: RedisGate, id = ID): Promise<void> {
  await gate.configure(sampleCampaign({ id, openedAt: 1 }));
  await gate.arm(id, arming(1));
}

/** What `userId` is told as soon as Redis can be reached. */
async function reached(gate: RedisGate, userId: string, id = ID): Promise<string> {
  for (let tries = 0; tries < 500; tries++) {
    const told = await verdict(gate, userId, id);
    if (told !== 'unavailable' && told !== 'unknown') return told;
    await new Promise((wake) => setTimeout(wake, 20));
  }
  return 'never reached';
}

describe.skipIf(redis === null)('while Redis is away', () => {
  let client: RedisClient;
  let gate: RedisGate;

  beforeEach(async () => {
    client = await connected(redis?.url as string, CALL_MAX_MS);
    gate = plainGate(client);
    await open(gate);
  });
  afterEach(async () => {
    client.disconnect();
  });

  it('frozen: unknown within the time of a call, the rest unavailable at once, then back', async () => {
    expect(await verdict(gate, 'ann')).toBe('won');
    redis?.pause();
    const started = performance.now();
    expect(await verdict(gate, 'bob')).toBe('unknown');
    const [first, ...rest] = await Promise.all(['cho', 'dan', 'eve'].map((user) => verdict(gate, user)));
    expect([first, ...rest]).toEqual(['unknown', 'unknown', 'unknown']);
    const meanwhile = Promise.all([verdict(gate, 'fay'), verdict(gate, 'gil')]);
    await new Promise((wake) => setImmediate(wake));
    expect(await verdict(gate, 'hal')).toBe('unavailable');
    await meanwhile;
    expect(performance.now() - started).toBeLessThan(4 * CALL_MAX_MS + 500);
    redis?.resume();
    // Bob was decided by a call that nobody waited for any more; asking again tells him what came of it.
    expect(await reached(gate, 'bob')).toBe('already_won');
    expect(await reached(gate, 'ivy')).toBe('won');
    const { issued, holders } = (await gate.counts(ID)) ?? {};
    expect(issued).toBe(holders);
  });

  it('killed: closed when it is back, and nothing given twice', async () => {
    const crowd = Array.from({ length: 2000 }, (_, i) => verdict(gate, `u-${i}`));
    const killed = redis?.kill();
    const told = await Promise.all(crowd);
    await killed;
    expect(told.every((one) => ['won', 'sold_out', 'unknown', 'unavailable'].includes(one))).toBe(true);
    expect(await verdict(gate, 'late')).toBe('unavailable');
    await redis?.restart();
    for (let i = 0; i < 200 && client.status !== 'ready'; i++)
      await new Promise((wake) => setTimeout(wake, 10));
    expect(await verdict(gate, 'late')).toBe('rebuilding');
    await gate.configure(sampleCampaign({ openedAt: 1 }));
    await armWithPast(gate, ID, 2);
    for (const [i, one] of told.entries()) {
      if (one === 'won') expect(await verdict(gate, `u-${i}`)).toBe('already_won');
    }
    const { issued = 0, holders = 0 } = (await gate.counts(ID)) ?? {};
    expect(issued).toBe(holders);
    expect(issued).toBeLessThanOrEqual(100);
  });
});

/** Stands between and cuts the connection when a reply to a claim would pass. */
async function cutter(port: number) {
  const sockets = new Set<Socket>();
  const state = { cut: false, claims: 0 };
  const server: Server = createServer((near) => {
    const far = createConnection(port, '127.0.0.1');
    for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined));
    near.on('data', (bytes) => {
      state.claims += bytes.toString('latin1').toLowerCase().split('evalsha').length - 1;
      far.write(bytes);
    });
    far.on('data', (bytes) => {
      if (state.cut) {
        state.cut = false;
        near.destroy();
        far.destroy();
      } else near.write(bytes);
    });
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: own } = server.address() as { port: number };
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: own, state, close };
}

describe.skipIf(redis === null)('a connection cut before the answer', () => {
  it('is unknown to who waited, decided once, and sent once', async () => {
    const between = await cutter(redis?.port as number);
    const client = await connected(`redis://127.0.0.1:${between.port}`, CALL_MAX_MS);
    try {
      const gate = plainGate(client);
      await open(gate);
      between.state.claims = 0;
      between.state.cut = true;
      const told = await Promise.all(['ann', 'bob', 'cho'].map((user) => verdict(gate, user)));
      expect(told).toEqual(['unknown', 'unknown', 'unknown']);
      await new Promise((wake) => setTimeout(wake, 200));
      expect(between.state.claims).toBe(1);
      for (const user of ['ann', 'bob', 'cho']) expect(await reached(gate, user)).toBe('already_won');
      expect(await gate.counts(ID)).toMatchObject({ issued: 3, lastSeq: 3, holders: 3 });
    } finally {
      client.disconnect();
      between.close();
      await redis?.stop();
    }
  });
});

describe('a cluster', () => {
  it('that loses a master closes its campaigns, and keeps what they gave', async () => {
    const cluster = await startOrSkip(() => startRedisCluster(3, { appendfsync: 'always' }));
    if (cluster === null) return;
    const client = await connected(cluster.url, CALL_MAX_MS);
    const ids = Array.from({ length: 8 }, (_, i) => `drop-${i}`);
    try {
      const gate = plainGate(client);
      for (const id of ids) await open(gate, id);
      for (const id of ids) expect(await verdict(gate, 'ann', id)).toBe('won');
      await cluster.nodes[0]?.kill();
      const told = await Promise.all(ids.map((id) => verdict(gate, 'bob', id)));
      for (const one of told) expect(['won', 'unknown', 'unavailable']).toContain(one);
      await cluster.nodes[0]?.restart();
      let closed = 0;
      for (const id of ids) {
        const one = await reached(gate, 'ann', id);
        if (one === 'rebuilding') {
          closed += 1;
          await armWithPast(gate, id, 2);
        }
        expect(await reached(gate, 'ann', id)).toBe('already_won');
      }
      expect(closed).toBeGreaterThan(0);
      expect(closed).toBeLessThan(ids.length);
    } finally {
      client.disconnect();
      await cluster.stop();
    }
  });
});

describe('nothing listens', () => {
  it('is unavailable at once', async () => {
    const address = parseRedisUrl('redis://127.0.0.1:1');
    if (address.kind === 'invalid') throw new Error(address.why);
    const faults: Error[] = [];
    const client = connectRedis(address, { callMaxMs: CALL_MAX_MS, onFault: (error) => faults.push(error) });
    const gate = plainGate(client);
    await expect(gate.configure(sampleCampaign())).rejects.toThrow();
    expect(await verdict(gate, 'ann')).toBe('unavailable');
    await new Promise((wake) => setTimeout(wake, 100));
    expect(faults.length).toBeGreaterThan(0);
    client.disconnect();
  });
});
