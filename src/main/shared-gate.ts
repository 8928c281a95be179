/** The gate that many processes share, opened: connections to Redis, what it really is, and what it can keep. */

import type { Logger } from 'pino';
import type { RedisAddress, RedisClient } from '../adapters/redis/connect.ts';
import { connectRedis, parseRedisUrl, untilReady } from '../adapters/redis/connect.ts';
import { RedisFault } from '../adapters/redis/fault.ts';
import type { RedisGate } from '../adapters/redis/gate.ts';
import { makeRedisGate } from '../adapters/redis/gate.ts';
import { makeRedisLine, type RedisLine } from '../adapters/redis/line.ts';
import { probeRedis } from '../adapters/redis/probe.ts';
import { makeSharedRate } from '../adapters/redis/rate.ts';
import type { Config } from '../config/load.ts';
import type { Durability } from '../core/campaign.ts';
import { DURABILITIES } from '../core/campaign.ts';
import type { Catalog } from '../flow/catalog.ts';
import type { SharedRate } from '../http/parts.ts';
import type { System } from '../ports/system.ts';

export interface SharedGateParts {
  address: RedisAddress;
  client: RedisClient;
  gate: RedisGate;
  line: RedisLine;
  /** the same keys by a connection of its own, so that looking after the gate never waits behind those who press */
  keeper: RedisGate;
  /** set by who can do something about it */
  hears: { fault(campaignId: string, why: string): void; blockEnd(campaignId: string): void };
  durabilities: Durability[];
  /** null: presses are not limited */
  rate: SharedRate | null;
  stop(): void;
}

export interface OpenParts {
  config: Config;
  system: System;
  logger: Logger;
  catalog: Catalog;
}

/** After Redis has not answered for so long, what was asked of it counts as unknown. */
const CALL_MAX_MS = 800;
const CONNECT_PATIENCE_MS = 5_000;

/** Throws RedisFault with what to change. */
export async function openSharedGate(parts: OpenParts): Promise<SharedGateParts> {
  const { config, system, logger } = parts;
  const address = parseRedisUrl(config.redisUrl as string);
  if (address.kind === 'invalid') throw new RedisFault(`DIBS_REDIS_URL: ${address.why}`);
  const onFault = (error: Error): void => logger.debug({ err: error }, 'Redis');
  const connect = (): RedisClient => connectRedis(address, { callMaxMs: CALL_MAX_MS, onFault });
  const [client, waiting, own] = [connect(), connect(), connect()];
  const disconnect = (): void => {
    for (const one of [client, waiting, own]) one.disconnect();
  };
  try {
    const patience = { system, maxMs: CONNECT_PATIENCE_MS };
    await Promise.all([client, waiting, own].map((one) => untilReady(one, patience)));
    const durabilities = await checked(own, parts);
    return assemble(parts, { address, client, waiting, own, durabilities, disconnect });
  } catch (error) {
    disconnect();
    throw error;
  }
}

interface Opened {
  address: RedisAddress;
  client: RedisClient;
  /** where a wait for a replica holds nobody else up */
  waiting: RedisClient;
  own: RedisClient;
  durabilities: Durability[];
  disconnect(): void;
}

function assemble({ config, system, catalog }: OpenParts, opened: Opened): SharedGateParts {
  const { address, client, waiting, own, durabilities, disconnect } = opened;
  const prefix = config.redisPrefix ?? '';
  const hears: SharedGateParts['hears'] = { fault: () => undefined, blockEnd: () => undefined };
  const gate = makeRedisGate({
    client,
    waitingClient: waiting,
    system,
    prefix,
    levelOf: (campaignId) => catalog.get(campaignId)?.campaign.durability,
    onFault: (campaignId, why) => hears.fault(campaignId, why),
    onBlockEnd: (campaignId) => hears.blockEnd(campaignId),
  });
  const { user } = config.rateLimit;
  const rate = user === undefined ? null : makeSharedRate({ client: own, system, rate: user, prefix });
  return {
    address,
    client,
    gate,
    line: makeRedisLine({
      client,
      system,
      prefix,
      onFault: (campaignId, why) => hears.fault(campaignId, why),
    }),
    keeper: makeRedisGate({ client: own, system, prefix }),
    hears,
    durabilities,
    rate: rate && { allow: (userId) => rate.allow(userId, system.now()) },
    stop() {
      rate?.stop();
      disconnect();
    },
  };
}

/** The levels that it can keep. A Redis that the gate cannot be in stops the start. */
async function checked(client: RedisClient, { config, system, logger }: OpenParts): Promise<Durability[]> {
  const probe = await probeRedis(client, system, config.redisPrefix ?? '');
  if (probe.problems.length > 0) throw new RedisFault(probe.problems.join('\n'));
  for (const warning of probe.warnings) logger.warn(warning);
  return DURABILITIES.filter((level) => probe.levels[level].holds === true || level === 'logged');
}
