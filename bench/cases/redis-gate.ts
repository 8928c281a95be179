/**
 * The Redis gate alone (P5): users decided per second by one process against one Redis, next to what everybody writes
 * first, SADD and then INCR for each user. In turn, in one run, on the same Redis; and what a winner and a loser leave
 * in its memory (P9).
 */

import { startRedis } from '../../scripts/services/redis.ts';
import type { RedisClient } from '../../src/adapters/redis/connect.ts';
import { connectRedis, parseRedisUrl, untilReady } from '../../src/adapters/redis/connect.ts';
import { makeRedisGate, type RedisGate } from '../../src/adapters/redis/gate.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { sampleCampaign } from '../../test/support/samples.ts';
import { type Figure, figure, median, rounds } from '../measure.ts';

const ROUNDS = 7;
const USERS = 200_000;
const NAIVE_USERS = 60_000;
/** people who wait for their answer at once, in both */
const CROWD = 1024;

/** Plays `count` users, CROWD at a time; each calls `press` and then `done` once. Returns users per second. */
function crowd(count: number, press: (user: number, done: () => void) => void): Promise<number> {
  const started = performance.now();
  let next = 0;
  let told = 0;
  return new Promise((resolve) => {
    const one = () => {
      if (next < count) press(next++, done);
    };
    const done = () => {
      told += 1;
      if (told === count) resolve(count / ((performance.now() - started) / 1000));
      else one();
    };
    for (let i = 0; i < CROWD; i++) one();
  });
}

/** The first design that comes to mind: two trips for everybody, and everybody remembered. */
async function naive(client: RedisClient, round: number): Promise<number> {
  const quantity = NAIVE_USERS;
  let won = 0;
  const press = async (user: number, done: () => void) => {
    if ((await client.sadd(`naive:${round}:users`, `user-${user}`)) === 1) {
      if ((await client.incr(`naive:${round}:count`)) <= quantity) won += 1;
    }
    done();
  };
  const rate = await crowd(NAIVE_USERS, (user, done) => void press(user, done));
  if (won !== quantity) throw new Error(`the naive design gave ${won} of ${quantity}`);
  return rate;
}

/** Everybody is new. Fails when not exactly `wins` of them are told that they won. */
async function gateRate(gate: RedisGate, id: string, from: number, wins: number): Promise<number> {
  let won = 0;
  let lost = 0;
  const rate = await crowd(USERS, (user, done) => {
    gate.claim(id, { userId: `user-${from + user}`, key: null, eligible: true }, ({ verdict }) => {
      if (verdict === 'won') won += 1;
      if (verdict === 'sold_out') lost += 1;
      done();
    });
  });
  if (won !== wins || lost !== USERS - wins)
    throw new Error(`${won} won and ${lost} lost of ${USERS}, not ${wins}`);
  return rate;
}

async function newCampaign(gate: RedisGate, id: string, quantity: number): Promise<void> {
  const campaign = sampleCampaign({ id, quantity, openedAt: 1 });
  await gate.configure(campaign);
  const bounds = { blockEnd: null, leaseUntil: null };
  await gate.arm(id, { epoch: 1, holders: 'empty', lastSeq: 0, reserved: 0, bounds });
}

async function usedBytes(client: RedisClient): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
}

interface Round {
  naive: number;
  winning: number;
  tenth: number;
  losing: number;
  winnerBytes: number;
  loserBytes: number;
}

async function oneRound(client: RedisClient, round: number): Promise<Round> {
  await client.flushall();
  const naiveRate = await naive(client, round);
  await client.flushall();
  const gate = makeRedisGate({ client, system: makeSystem(), latch: false });
  const [all, some] = [`all-${round}`, `some-${round}`];
  await newCampaign(gate, all, USERS);
  const empty = await usedBytes(client);
  const winning = await gateRate(gate, all, 0, USERS);
  const full = await usedBytes(client);
  const losing = await gateRate(gate, all, USERS, 0);
  const loserBytes = Math.max(0, (await usedBytes(client)) - full) / USERS;
  await newCampaign(gate, some, USERS / 10);
  const tenth = await gateRate(gate, some, 0, USERS / 10);
  return { naive: naiveRate, winning, tenth, losing, winnerBytes: (full - empty) / USERS, loserBytes };
}

export async function redisGate(): Promise<Figure[]> {
  const redis = await startRedis({ appendonly: false });
  const address = parseRedisUrl(redis.url);
  if (address.kind === 'invalid') throw new Error(address.why);
  const client = connectRedis(address, { callMaxMs: 10_000 });
  await untilReady(client);
  try {
    await oneRound(client, 0);
    const all = await rounds(ROUNDS, (index) => oneRound(client, index + 1));
    const thousands = (pick: (one: Round) => number) => `${Math.round(median(all.map(pick)) / 1000)} k/s`;
    const notes = {
      naive: thousands((one) => one.naive),
      winning: thousands((one) => one.winning),
      oneInTen: thousands((one) => one.tenth),
      losing: thousands((one) => one.losing),
      redis: redis.name,
    };
    return [
      figure(
        { id: 'P5', what: 'Redis gate, one in ten wins, users/s ÷ naive SADD+INCR', unit: '×', atLeast: 8 },
        all.map((one) => one.tenth / one.naive),
        notes,
      ),
      figure(
        { id: 'P5w', what: 'Redis gate, everybody wins ÷ the same', unit: '×', atLeast: 8 },
        all.map((one) => one.winning / one.naive),
      ),
      figure(
        { id: 'P5l', what: 'Redis gate, everybody loses ÷ the same', unit: '×', atLeast: 8 },
        all.map((one) => one.losing / one.naive),
      ),
      figure(
        {
          id: 'P9',
          what: 'Redis gate, bytes a winner leaves, its outbox entry included',
          unit: 'B',
          atMost: 120,
        },
        all.map((one) => one.winnerBytes),
      ),
      figure(
        { id: 'P9l', what: 'Redis gate, bytes a loser leaves', unit: 'B', atMost: 1 },
        all.map((one) => one.loserBytes),
      ),
    ];
  } finally {
    client.disconnect();
    await redis.stop();
  }
}
