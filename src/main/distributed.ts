/**
 * Many processes at one gate: Redis decides, Kafka is the log, MySQL the record. Each process does what its roles say;
 * those that serve people follow what the others change.
 */

import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { makeMysqlEpochs } from '../adapters/mysql/epochs.ts';
import { makeMysqlLeases } from '../adapters/mysql/leases.ts';
import type { Mysql } from '../adapters/mysql/open.ts';
import { openMysql } from '../adapters/mysql/open.ts';
import { makeMysqlRecord } from '../adapters/mysql/record.ts';
import { steady } from '../adapters/mysql/steady.ts';
import { makeSqlCampaigns } from '../adapters/sql/campaigns.ts';
import { makeSqlOperators } from '../adapters/sql/operators.ts';
import { makeSqlSettled } from '../adapters/sql/settled.ts';
import type { Config } from '../config/load.ts';
import type { Catalog } from '../flow/catalog.ts';
import { makeCatalog } from '../flow/catalog.ts';
import { makeCodes } from '../flow/codes.ts';
import type { Follower } from '../flow/follow.ts';
import { makeFollower } from '../flow/follow.ts';
import type { Supervision, Supervisor } from '../flow/supervise.ts';
import { makeSupervisor } from '../flow/supervise.ts';
import type { GaugeReading } from '../http/parts.ts';
import type { Epochs } from '../ports/epochs.ts';
import type { Leases } from '../ports/leases.ts';
import type { System } from '../ports/system.ts';
import { makeNumberBlocks } from './number-blocks.ts';
import { PartFault } from './part-fault.ts';
import type { Parts } from './parts.ts';
import { type Repeated, repeat } from './repeat.ts';
import { refuseOtherMaster } from './secrets.ts';
import { openSharedGate, type SharedGateParts } from './shared-gate.ts';
import { openSharedLog, type SharedLog } from './shared-log.ts';

export interface DistributedOptions {
  config: Config;
  master: Buffer;
  logger: Logger;
}

const FOLLOW_MS = 500;
const SUPERVISE_MS = 500;
const GATE_LEASE_MS = 2_000;
const FIRST_KEY_LEASE_MS = 10_000;
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

async function assemble(
  { config, master, logger }: DistributedOptions,
  system: System,
  closers: Closers,
): Promise<DistributedParts> {
  const instanceId =
    config.instanceId ?? `${hostname()}-${process.pid}-${system.randomBytes(3).toString('hex')}`;
  const mysql = await openMysql(config.databaseUrl as string);
  closers.push(() => mysql.close());
  const stored = storedParts(mysql, system);
  const catalog = makeCatalog();
  const redis = await openSharedGate({ config, system, logger, catalog });
  closers.push(() => redis.stop());
  const codes = makeCodes(master);
  const log = await openSharedLog({ ...stored, config, master, system, logger, catalog, codes, instanceId });
  closers.push(() => log.stop());
  const follower = makeFollower({ ...stored, catalog, gate: redis.gate, system });
  await follower.look();
  refuseOtherMaster(catalog, codes);
  await refuseStranger(stored.leases, codes.keyId);
  const blocks = makeNumberBlocks({ ...stored, catalog, gate: redis.gate, keeper: redis.keeper, logger });
  redis.hears.blockEnd = (campaignId) => void blocks.more(campaignId);
  const running = new Running({
    config,
    system,
    logger,
    instanceId,
    catalog,
    follower,
    log,
    ...stored,
    ...redis,
  });
  closers.push(() => running.stop());
  return {
    ...stored,
    ...running.told(),
    system,
    catalog,
    gate: blocks.gate,
    keeper: redis.keeper,
    log: log.log,
    codes,
    instanceId,
    shared: true,
    durabilities: redis.durabilities,
    ...(redis.rate === null ? {} : { sharedRate: redis.rate }),
    caughtUp: log.caughtUp,
    async bring(live) {
      // Whoever looks after the gate sees that it is not over any more, and brings its holders there.
      live.rebuilding = true;
      live.atGate = true;
    },
    refresh: (campaignId) => follower.lookAt(campaignId),
    seek: (campaignId) => follower.seek(campaignId),
    onGateFault: (error) => logger.warn({ err: error }, 'the gate could not be told; it will be'),
    recorderState: log.recorderState,
    stop: () => closeAll(closers),
  };
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

/** The record's side, all of one database. */
function storedParts(mysql: Mysql, system: System) {
  return {
    record: makeMysqlRecord({ mysql, system }),
    campaigns: steady(makeSqlCampaigns(mysql.db), mysql.address, system),
    operators: steady(makeSqlOperators(mysql.db), mysql.address, system),
    epochs: makeMysqlEpochs(mysql, system),
    leases: makeMysqlLeases(mysql, system),
    settled: steady(makeSqlSettled(mysql.db), mysql.address, system),
  };
}

interface RunningParts extends SharedGateParts, ReturnType<typeof storedParts> {
  config: Config;
  system: System;
  logger: Logger;
  instanceId: string;
  catalog: Catalog;
  follower: Follower;
  log: SharedLog;
}

/** What goes on by itself in this process. */
class Running {
  readonly #parts: RunningParts;
  readonly #following: Repeated;
  readonly #supervisor: Supervisor | null;
  readonly #supervising: Repeated | null;
  readonly #keeping: Repeated | null;
  #followFault: string | null = null;

  constructor(parts: RunningParts) {
    this.#parts = parts;
    const { system, follower, config, hears } = parts;
    this.#following = repeat(system, FOLLOW_MS, () =>
      follower.look().then(
        () => {
          this.#followFault = null;
        },
        (error: Error) => {
          this.#followFault = error.message;
        },
      ),
    );
    const supervisor = config.role.includes('relay') ? this.#makeSupervisor() : null;
    this.#supervisor = supervisor;
    this.#supervising = supervisor && repeat(system, SUPERVISE_MS, () => supervisor.round());
    this.#keeping = supervisor && repeat(system, SUPERVISE_MS, () => supervisor.keepUp());
    hears.fault = (campaignId, why) => this.#hearFault(campaignId, why);
  }

  #makeSupervisor(): Supervisor {
    const { keeper, log, address, instanceId, logger } = this.#parts;
    return makeSupervisor({
      ...this.#parts,
      gate: keeper,
      keeper,
      log: log.log,
      caughtUp: log.caughtUp,
      leaseMs: GATE_LEASE_MS,
      oneServer: address.kind === 'single',
      holder: instanceId,
      onStep: (campaignId, step, detail) => logger.info({ campaignId, ...detail }, `gate: ${step}`),
    });
  }

  #hearFault(campaignId: string, why: string): void {
    this.#parts.logger.debug({ campaignId, why }, 'the gate did not decide');
    this.#following.poke();
    this.#supervising?.poke();
  }

  told(): Pick<Parts, 'roles' | 'runsOn'> & { gauges: () => GaugeReading[] } {
    const { client, log, address } = this.#parts;
    const logState = log.log.state();
    return {
      runsOn: `gate in Redis (${address.kind}), ${log.name}, record in MySQL`,
      roles: () => {
        const recorder = log.recorderRole();
        const supervision = this.#supervisor?.state();
        return {
          gate: client.status === 'ready' ? 'ready' : 'Redis does not answer',
          log: logState.fault ?? 'ready',
          record: this.#followFault ?? 'ready',
          ...(recorder === null ? {} : { recorder }),
          ...(supervision ? { relay: supervision.fault ?? 'ready' } : {}),
        };
      },
      gauges: () => this.#gauges(),
    };
  }

  #gauges(): GaugeReading[] {
    const { log, catalog, follower } = this.#parts;
    const reserved = [...catalog.all()].flatMap(({ campaign: { id } }): GaugeReading[] => {
      const value = follower.epochOf(id)?.reserved ?? 0;
      const help = 'Units that count as given although nobody is known to hold them.';
      return value === 0 ? [] : [{ name: 'dibs_gate_reserved_units', help, labels: { campaign: id }, value }];
    });
    const supervision = this.#supervisor?.state();
    return [...log.gauges(), ...reserved, ...(supervision ? supervisionGauges(supervision) : [])];
  }

  async stop(): Promise<void> {
    await this.#following.stop();
    await Promise.all([this.#supervising?.stop(), this.#keeping?.stop()]);
    await this.#supervisor?.stop();
  }
}

function supervisionGauges({ leading, backlog, relayed }: Supervision): GaugeReading[] {
  return [
    {
      name: 'dibs_supervisor_leading',
      help: 'Whether this process looks after the gate.',
      value: leading ? 1 : 0,
    },
    { name: 'dibs_relay_backlog_batches', help: 'Batches in the outbox of the gate.', value: backlog },
    { name: 'dibs_relay_sent_total', help: 'Facts that others had not brought to the log.', value: relayed },
  ];
}

/** Of many processes that start at once one makes the first operator key. */
export async function aloneWithKeys<T>(parts: DistributedParts, run: () => Promise<T>): Promise<T> {
  const { leases, instanceId, system } = parts;
  const until = system.monotonic() + FIRST_KEY_LEASE_MS;
  while (!(await leases.take('first-operator-key', instanceId, FIRST_KEY_LEASE_MS))) {
    if (system.monotonic() > until) break;
    await new Promise<void>((resume) => void system.after(100, resume));
  }
  try {
    return await run();
  } finally {
    await leases.release('first-operator-key', instanceId);
  }
}
