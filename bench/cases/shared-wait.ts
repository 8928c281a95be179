/**
 * How long people and the record wait when the gate is in Redis and the log in Kafka, everything on the same cores: p99
 * of a verdict (P6), how far the record is behind at the end of a rush (P7), and what people leave in Redis (P9).
 */

import { Redis } from 'ioredis';
import type { Site } from '../distributed.ts';
import { startSite } from '../distributed.ts';
import type { LoadResult } from '../generator.ts';
import type { Figure } from '../measure.ts';
import { figure, isShort, rounds } from '../measure.ts';
import type { Running } from '../servers.ts';
import { load } from '../servers.ts';

const CONNECTIONS = 200;
const LOSERS = isShort ? 20_000 : 60_000;
const IN_A_ROW = 15_000;
const ROUNDS = 7;
const OUTBOX_POLL_MS = 100;

interface Round {
  lostMs: number;
  wonMs: number;
  lagMs: number;
  loserBytes: number;
  winnerBytes: number;
}

/** Bytes of all keys of a campaign. */
async function bytesOf(redis: Redis, campaign: string): Promise<number> {
  const keys = await redis.keys(`*{c:${campaign}}*`);
  const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)));
  return sizes.reduce<number>((all, size) => all + (size ?? 0), 0);
}

/** What the gate has for whoever brings wins to the log is let go of soon after they are recorded. */
async function outboxEmpty(redis: Redis, campaign: string): Promise<void> {
  const streams = (await redis.keys(`*{c:${campaign}}*`)).map(async (key) =>
    (await redis.type(key)) === 'stream' ? redis.xlen(key) : 0,
  );
  if ((await Promise.all(streams)).every((length) => length === 0)) return;
  await new Promise((resolve) => setTimeout(resolve, OUTBOX_POLL_MS));
  await outboxEmpty(redis, campaign);
}

async function oneRound(site: Site, redis: Redis, name: string): Promise<Round> {
  const { port } = site.apis[0] as Running;
  const press = (campaign: string, count: number, prefix: string): Promise<LoadResult> =>
    load(null, { port, campaign, connections: CONNECTIONS, count, prefix });
  const before = await bytesOf(redis, 'losing');
  const lost = await press('losing', LOSERS, `l${name}`);
  const loserBytes = ((await bytesOf(redis, 'losing')) - before) / lost.requests;
  const campaign = `row-${name}`;
  await site.open(campaign, IN_A_ROW + 2 * CONNECTIONS);
  const won = await press(campaign, IN_A_ROW, `w${name}`);
  const wins = won.statuses['201'] ?? 0;
  const lagMs = (await site.recorded(campaign, wins)) - won.endedAt;
  await outboxEmpty(redis, campaign);
  const winnerBytes = (await bytesOf(redis, campaign)) / wins;
  return { lostMs: lost.p99Ms, wonMs: won.p99Ms, lagMs: Math.max(0, lagMs), loserBytes, winnerBytes };
}

export async function sharedWait(): Promise<Figure[]> {
  const site = await startSite();
  const redis = new Redis(site.redis.url);
  try {
    await site.open('losing', 1);
    await oneRound(site, redis, 'warm');
    const all = await rounds(ROUNDS, (index) => oneRound(site, redis, String(index)));
    const of = (id: string, what: string, unit: string, atMost: number, pick: (round: Round) => number) =>
      figure({ id, what, unit, atMost }, all.map(pick));
    const crowd = `${CONNECTIONS} connections, Redis, Kafka and MariaDB`;
    return [
      of('P6c', `p99 of a losing claim, ${crowd}`, 'ms', 25, (round) => round.lostMs),
      of('P6d', `p99 of a winning claim at logged, ${crowd}`, 'ms', 60, (round) => round.wonMs),
      of('P7', 'told → recorded at the end of 15,000 wins', 'ms', 1000, (round) => round.lagMs),
      of('P9a', 'bytes in Redis for each loser', 'B', 0, (round) => round.loserBytes),
      of('P9b', 'bytes in Redis for each winner', 'B', 120, (round) => round.winnerBytes),
    ];
  } finally {
    redis.disconnect();
    await site.stop();
  }
}
