/**
 * Many processes at one gate: Redis decides, Kafka is the log, MySQL the record. Each process does what its roles say;
 * those that serve people follow what the others change.
 */

import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { openMysql } from '../adapters/mysql/open.ts';
import type { Config } from '../config/load.ts';
import type { Catalog } from '../flow/catalog.ts';
import { makeCatalog } from '../flow/catalog.ts';
import type { Codes } from '../flow/codes.ts';
import { bringFirst, makeCodes } from '../flow/codes.ts';
import { makeFollower } from '../flow/follow.ts';
import type { Tickets } from '../flow/tickets.ts';
import { makeTickets } from '../flow/tickets.ts';
import type { Epochs } from '../ports/epochs.ts';
import type { Gate } from '../ports/gate.ts';
import type { Leases } from '../ports/leases.ts';
import type { SharedGate } from '../ports/shared-gate.ts';
import { type System, wait } from '../ports/system.ts';
import { storedParts } from './distributed-record.ts';
import { makeNumberBlocks } from './number-blocks.ts';
import { PartFault } from './part-fault.ts';
import type { Parts } from './parts.ts';
import { Running } from './running.ts';
import { refuseOtherMaster } from './secrets.ts';
import { openSharedGate, type SharedGateParts } from './shared-gate.ts';
import { openSharedLog, type SharedLog } from './shared-log.ts';
import { openSharedOrdered, type SharedOrdered } from './shared-ordered.ts';
import { makeSharedQueued, type SharedQueued } from './shared-queued.ts';

export interface DistributedOptions {
  config: Config;
  master: Buffer;
  logger: Logger;
}

const FIRST_KEY_LEASE_MS = 10_000;
/** Whoever stands still in the middle of a transaction holds up whoever takes his work over no longer than this. */
const QUIET_MAX_SECONDS = 5;
const MASTER_LEASE = 'master-secret';
const FOR_EVER_MS = 100 * 365 * 86_400_000;

/** What each opened part leaves to be closed, newest first. */
type Closers = (() => Promise<unknown> | unknown)[];

/** Throws {@link PartFault} and the faults of the adapters, each with what to change. */
export async function startDistributed(
  options: DistributedOptions,
  system: System,
): Promise<DistributedParts> {
  const closers: Closers = [];
  try {
    return await assemble(options, system, closers);
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

export interface DistributedParts extends Parts {
  leases: Leases;
  instanceId: string;
  epochs: Epochs;
}

async function closeAll(closers: Closers): Promise<void> {
  for (const close of closers.reverse()) await Promise.resolve(close()).catch(() => undefined);
}

/** What the modes are made of, whichever there are. */
interface Ground {
  config: Config;
  master: Buffer;
  logger: Logger;
  system: System;
  instanceId: string;
  catalog: Catalog;
  codes: Codes;
  tickets: Tickets;
  stored: ReturnType<typeof storedParts>;
  log: SharedLog;
}

async function assemble(
  { config, master, logger }: DistributedOptions,
  system: System,
  closers: Closers,
): Promise<DistributedParts> {
  const instanceId =
    config.instanceId ?? `${hostname()}-${process.pid}-${system.randomBytes(3).toString('hex')}`;
  const mysql = await openMysql(config.databaseUrl as string, { quietMaxSeconds: QUIET_MAX_SECONDS });
  closers.push(() => mysql.close());
  const stored = storedParts(mysql, system);
  const catalog = makeCatalog();
  const redis =
    config.redisUrl === undefined ? null : await openSharedGate({ config, system, logger, catalog });
  closers.push(() => redis?.stop());
  const codes = makeCodes(master, stored.stored.codePool);
  bringFirst(codes, catalog);
  const tickets = makeTickets(master);
  const log = await openSharedLog({ ...stored, config, master, system, logger, catalog, codes, instanceId });
  closers.push(() => log.stop());
  const ground: Ground = { config, master, logger, system, instanceId, catalog, codes, tickets, stored, log };
  const modes = await openModes(ground, redis, closers);
  const follower = makeFollower({ ...stored, catalog, gate: modes.followed, system });
  await follower.look();
  refuseOtherMaster(catalog, codes);
  await refuseStranger(stored.leases, codes.keyId);
  await modes.ordered?.start();
  const running = new Running({ ...ground, ...stored, follower, redis, ordered: modes.ordered });
  closers.push(() => running.stop());
  return {
    ...stored,
    ...running.told(),
    ...modes.served,
    system,
    catalog,
    ...(redis === null ? {} : { keeper: redis.keeper }),
    log: log.log,
    codes,
    instanceId,
    shared: true,
    durabilities: redis?.durabilities ?? ['logged'],
    hasGate: redis !== null,
    ...(redis === null || redis.rate === null ? {} : { sharedRate: redis.rate }),
    caughtUp: log.caughtUp,
    async bring(live) {
      // Whoever looks after the gate sees that it is not over any more, and brings its holders there.
      live.rebuilding = live.campaign.mode !== 'ordered';
      live.atGate = true;
    },
    unloadLine: async (campaignId) => redis?.line.unload(campaignId),
    refresh: (campaignId) => follower.lookAt(campaignId),
    seek: (campaignId) => follower.seek(campaignId),
    onGateFault: (error) => logger.warn({ err: error }, 'the gate could not be told; it will be'),
    recorderState: log.recorderState,
    stop: () => closeAll(closers),
  };
}

interface Modes {
  ordered: SharedOrdered | null;
  /** told which epoch of a campaign is the right one; null: none has any but the first */
  followed: Pick<SharedGate, 'follow' | 'counts'> | null;
  served: Pick<Parts, 'gate' | 'modes' | 'tickets' | 'line'>;
}

/** Instant and queued campaigns need Redis, ordered ones Kafka. */
async function openModes(ground: Ground, redis: SharedGateParts | null, closers: Closers): Promise<Modes> {
  const { config, catalog, tickets, stored, logger } = ground;
  const blocks =
    redis && makeNumberBlocks({ ...stored, catalog, gate: redis.gate, keeper: redis.keeper, logger });
  if (redis !== null && blocks !== null) redis.hears.blockEnd = (campaignId) => void blocks.more(campaignId);
  const queued = redis && blocks && openQueued(ground, redis, blocks.gate, closers);
  const decidesAtOnce: Gate | null = blocks && queued && { ...blocks.gate, ...queued.gate };
  const hasKafka = config.kafkaBrokers.length > 0;
  const ordered = hasKafka ? await openSharedOrdered({ ...ground, ...stored, gate: decidesAtOnce }) : null;
  closers.push(() => ordered?.stop());
  return {
    ordered,
    followed: redis && {
      counts: (campaignId) => redis.gate.counts(campaignId),
      follow(campaignId, epoch, version) {
        redis.gate.follow(campaignId, epoch, version);
        queued?.follow(campaignId, epoch);
      },
    },
    served: {
      gate: ordered?.gate ?? (decidesAtOnce as Gate),
      modes: { ...(ordered && { ordered: ordered.flow }), ...(queued && { queued: queued.flow }) },
      tickets,
      ...(queued && { line: queued.public }),
    },
  };
}

function openQueued(
  { stored, log, ...ground }: Ground,
  redis: SharedGateParts,
  gate: Gate,
  closers: Closers,
): SharedQueued {
  const queued = makeSharedQueued({
    ...{ ...ground, log: log.log, caughtUp: log.caughtUp },
    gate,
    line: redis.line,
    history: stored.history,
    record: stored.record,
    leases: stored.leases,
    epochs: stored.epochs,
    paces: ground.config.role.includes('relay'),
  });
  queued.start();
  closers.push(() => queued.stop());
  return queued;
}

/** All processes at one record must derive the same codes: the first one's master secret is everybody's. */
async function refuseStranger(leases: Leases, keyId: string): Promise<void> {
  if (await leases.take(MASTER_LEASE, keyId, FOR_EVER_MS)) return;
  const [first] = await leases.held(MASTER_LEASE);
  throw new PartFault(
    `The processes at this database have the master secret ${first?.holder}, this one has ${keyId}. ` +
      'Give all of them the same DIBS_MASTER_SECRET (or the master.secret of the first one’s data folder).',
  );
}

/** Of many processes that start at once one makes the first operator key. */
export async function aloneWithKeys<T>(parts: DistributedParts, run: () => Promise<T>): Promise<T> {
  const { leases, instanceId, system } = parts;
  const until = system.monotonic() + FIRST_KEY_LEASE_MS;
  while (!(await leases.take('first-operator-key', instanceId, FIRST_KEY_LEASE_MS))) {
    if (system.monotonic() > until) break;
    await wait(system, 100);
  }
  try {
    return await run();
  } finally {
    await leases.release('first-operator-key', instanceId);
  }
}
