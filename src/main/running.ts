/** What goes on by itself in each of many processes: following what the others change, and looking after the gate. */

import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import { said } from '../core/said.ts';
import type { Catalog } from '../flow/catalog.ts';
import type { Follower } from '../flow/follow.ts';
import type { Supervision, Supervisor } from '../flow/supervise.ts';
import { makeSupervisor } from '../flow/supervise.ts';
import type { GaugeReading } from '../http/parts.ts';
import type { System } from '../ports/system.ts';
import type { storedParts } from './distributed-record.ts';
import type { Parts } from './parts.ts';
import { type Repeated, repeat } from './repeat.ts';
import type { SharedGateParts } from './shared-gate.ts';
import type { SharedLog } from './shared-log.ts';
import type { SharedOrdered } from './shared-ordered.ts';

const FOLLOW_MS = 500;
const SUPERVISE_MS = 500;
const GATE_LEASE_MS = 2_000;

export interface RunningParts extends ReturnType<typeof storedParts> {
  config: Config;
  system: System;
  logger: Logger;
  instanceId: string;
  catalog: Catalog;
  follower: Follower;
  log: SharedLog;
  /** null: ordered campaigns alone are run */
  redis: SharedGateParts | null;
  /** null: there are no ordered campaigns */
  ordered: Pick<SharedOrdered, 'gauges' | 'roles'> | null;
}

export class Running {
  readonly #parts: RunningParts;
  readonly #following: Repeated;
  readonly #supervisor: Supervisor | null;
  readonly #supervising: Repeated | null;
  readonly #keeping: Repeated | null;
  #followFault: string | null = null;

  constructor(parts: RunningParts) {
    this.#parts = parts;
    const { system, follower, config, redis } = parts;
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
    const supervisor = redis !== null && config.role.includes('relay') ? this.#makeSupervisor(redis) : null;
    this.#supervisor = supervisor;
    this.#supervising = supervisor && repeat(system, SUPERVISE_MS, () => supervisor.round());
    this.#keeping = supervisor && repeat(system, SUPERVISE_MS, () => supervisor.keepUp());
    if (redis !== null) redis.hears.fault = (campaignId, why) => this.#hearFault(campaignId, why);
  }

  #makeSupervisor({ keeper, address }: SharedGateParts): Supervisor {
    const { log, instanceId, logger } = this.#parts;
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

  told(): Pick<Parts, 'roles' | 'runsOn' | 'on'> & { gauges: () => GaugeReading[] } {
    const { redis, log, ordered } = this.#parts;
    const logState = log.log.state();
    return {
      runsOn: `${redis === null ? '' : `gate in Redis (${redis.address.kind}), `}${log.name}, record in MySQL`,
      on: { gate: redis === null ? 'none' : GATES[redis.address.kind], log: log.kind, record: 'mysql' },
      roles: () => {
        const recorder = log.recorderRole();
        const supervision = this.#supervisor?.state();
        return {
          ...(redis === null ? {} : { gate: gateRole(redis) }),
          log: logState.fault ?? 'ready',
          record: this.#followFault ?? 'ready',
          ...(recorder === null ? {} : { recorder }),
          ...(supervision ? { relay: supervision.fault ?? 'ready' } : {}),
          ...ordered?.roles(),
        };
      },
      gauges: () => this.#gauges(),
    };
  }

  #gauges(): GaugeReading[] {
    const { log, catalog, follower, ordered } = this.#parts;
    const reserved = [...catalog.all()].flatMap(({ campaign: { id } }): GaugeReading[] => {
      const value = follower.epochOf(id)?.reserved ?? 0;
      const help = 'Units that count as given although nobody is known to hold them.';
      return value === 0 ? [] : [{ name: 'dibs_gate_reserved_units', help, labels: { campaign: id }, value }];
    });
    const supervision = this.#supervisor?.state();
    return [
      ...log.gauges(),
      ...(ordered?.gauges() ?? []),
      ...reserved,
      ...(supervision ? supervisionGauges(supervision) : []),
    ];
  }

  async stop(): Promise<void> {
    await this.#following.stop();
    await Promise.all([this.#supervising?.stop(), this.#keeping?.stop()]);
    await this.#supervisor?.stop();
  }
}

const GATES = { single: 'redis', cluster: 'redis_cluster', sentinel: 'redis_sentinel' } as const;

function gateRole({ client }: SharedGateParts): string {
  return client.status === 'ready' ? 'ready' : said('redis_silent');
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
