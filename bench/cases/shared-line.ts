/**
 * What a line costs: joins where it is in Redis and its facts in Kafka against bare node:http, and what a million people
 * take who wait, in Redis and in one process.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startRedis } from '../../scripts/services/redis.ts';
import { makeMemoryLine } from '../../src/adapters/memory/line.ts';
import { connectRedis, parseRedisUrl, type RedisClient } from '../../src/adapters/redis/connect.ts';
import { makeRedisLine } from '../../src/adapters/redis/line.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { LineFact } from '../../src/core/line-fact.ts';
import type { LineRule } from '../../src/core/line-state.ts';
import type { Line } from '../../src/ports/line.ts';
import type { Site } from '../distributed.ts';
import { cpuBetween, startSite } from '../distributed.ts';
import type { Figure } from '../measure.ts';
import { figure, isShort, median, rounds } from '../measure.ts';
import type { Running } from '../servers.ts';
import { load, startReference } from '../servers.ts';

const CONNECTIONS = 200;
const SECONDS = isShort ? 1 : 3;
const ROUNDS = 7;
const MANY = 10_000_000;
/** A line that hardly moves. */
const STILL = { mode: 'queued', release: { perSecond: 0.01 } };
const PEOPLE = isShort ? 100_000 : 1_000_000;
const ID = 'crowded';

/** API on one core; all else, and whoever presses, on the other. */
async function joins(site: Site, bare: Running): Promise<Figure> {
  const api = site.apis[0] as Running;
  const press = async (server: Running, campaign: string, prefix: string) => {
    const what = { port: server.port, campaign, connections: CONNECTIONS, seconds: SECONDS, prefix };
    const done = await load(1, what);
    const said = Object.keys(done.statuses).join();
    if (server === api && said !== '202') throw new Error(JSON.stringify(done.statuses));
    return done;
  };
  await site.open('join-warm', MANY, STILL);
  await press(bare, 'x', 'warm');
  await press(api, 'join-warm', 'warm');
  const all = await rounds(ROUNDS, async (index) => {
    await site.open(`join-${index}`, MANY, STILL);
    const reference = await press(bare, 'x', `a${index}`);
    const before = site.cpu();
    const joined = await press(api, `join-${index}`, `b${index}`);
    const used = cpuBetween(before, site.cpu());
    const each = (part: keyof typeof used): number => used[part] / joined.requests;
    return {
      reference: reference.perSecond,
      joined: joined.perSecond,
      cpu: { api: each('api'), redis: each('redis'), all: each('all') },
    };
  });
  const micros = (part: 'api' | 'redis' | 'all') =>
    `${median(all.map(({ cpu }) => cpu[part])).toFixed(1)} µs`;
  return figure(
    { id: 'P11r', what: 'joins of a line in Redis, logged ÷ bare node:http', unit: '×', atLeast: 0.5 },
    all.map(({ joined, reference }) => joined / reference),
    {
      joinsPerSecond: Math.round(median(all.map(({ joined }) => joined))),
      cpuOfApi: micros('api'),
      cpuOfRedis: micros('redis'),
      cpuOfAll: micros('all'),
    },
  );
}

const rule: LineRule = {
  ...{
    campaignId: ID,
    epoch: 1,
    version: 1,
    quantity: 100,
    startsAt: 1,
    closesAt: null,
    pausedAt: null,
    closed: false,
  },
  ...{ maxLength: null, cutAt: null, confirmWithinMs: null, shuffleSeed: null, keepsLine: false },
};

const userIdOf = (i: number): string => `user-${String(i).padStart(8, '0')}`;

function* crowdFacts(): Generator<LineFact> {
  const many = 10_000;
  for (let from = 0; from < PEOPLE; from += many) {
    const userIds = Array.from({ length: many }, (_, i) => userIdOf(from + i));
    yield { type: 'line.joined', campaignId: ID, epoch: 1, at: 1, first: from + 1, userIds, keys: null };
  }
}

async function fill(line: Line): Promise<void> {
  for (const fact of crowdFacts()) await line.take(ID, [fact]);
}

async function bytesInRedis(client: RedisClient): Promise<Figure> {
  const system = makeSystem();
  const all = await rounds(1, async () => {
    await client.flushall();
    const line = makeRedisLine({ client, system });
    await line.arm(ID, 1, rule, []);
    await fill(line);
    let bytes = 0;
    for (const key of await client.keys('*'))
      bytes += Number(await client.memory('USAGE', key, 'SAMPLES', 0));
    return bytes / PEOPLE;
  });
  return figure(
    { id: 'P11b', what: `bytes in Redis for each of ${PEOPLE} who wait`, unit: 'B', atMost: 120 },
    all,
  );
}

async function bytesHere(): Promise<Figure> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const all = await rounds(1, async () => {
    const before = used();
    const line = makeMemoryLine(makeSystem());
    await line.configure(ID, rule);
    for (let i = 0; i < PEOPLE; i++) {
      const attempt = { userId: userIdOf(i), key: null, eligible: true, another: false };
      line.join(ID, attempt, () => undefined);
    }
    const bytes = (used() - before) / PEOPLE;
    // It is there until here.
    await line.configure(ID, null);
    return bytes;
  });
  return figure(
    { id: 'P11m', what: `bytes in one process for each of ${PEOPLE} who wait`, unit: 'B', atMost: 300 },
    all,
  );
}

async function memory(): Promise<Figure[]> {
  const redis = await startRedis({ appendonly: false });
  const address = parseRedisUrl(redis.url);
  if (address.kind === 'invalid') throw new Error(address.why);
  const client = connectRedis(address, { callMaxMs: 10_000, onFault: () => undefined });
  try {
    await new Promise<void>((resolve) => void client.once('ready', () => resolve()));
    return [await bytesInRedis(client), await bytesHere()];
  } finally {
    client.disconnect();
    await redis.stop();
  }
}

export async function sharedLine(): Promise<Figure[]> {
  const found = await memory();
  const [site, bare] = [await startSite(), await startReference(0)];
  site.place(0, 1);
  try {
    return [...found, await joins(site, bare)];
  } finally {
    await bare.stop();
    await site.stop();
  }
}
