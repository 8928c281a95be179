/** The record's outbox on its way to Kafka, by one process at a time. */

import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import { announce } from '../flow/announce.ts';
import type { GaugeReading } from '../http/parts.ts';
import type { Leases } from '../ports/leases.ts';
import type { RecordStore } from '../ports/record.ts';
import type { StoredPorts } from '../ports/stored.ts';
import type { System } from '../ports/system.ts';
import { repeat } from './repeat.ts';
import { kafkaConnection } from './shared-log.ts';

export interface AnnouncingParts {
  config: Config;
  system: System;
  logger: Logger;
  stored: Pick<StoredPorts, 'outbox'>;
  record: RecordStore;
  leases: Leases;
  instanceId: string;
}

export interface Announcing {
  gauges(): GaugeReading[];
  stop(): Promise<void>;
}

const LEASE = 'outbox';
const LEASE_MS = 5_000;
const EVERY_MS = 500;

/** The topics must be there. Throws a KafkaFault when Kafka cannot be asked. */
export async function startAnnouncing(parts: AnnouncingParts): Promise<Announcing> {
  const { config, system, logger, leases, instanceId } = parts;
  const { outbox } = parts.stored;
  const [{ openKafkaAnnouncements }, { CAMPAIGNS_PARTITIONS, TOPICS }] = await Promise.all([
    import('../adapters/kafka/announcements.ts'),
    import('../adapters/kafka/topics.ts'),
  ]);
  const prefix = config.kafkaPrefix ?? '';
  const announcements = await openKafkaAnnouncements({
    connection: kafkaConnection(config),
    system,
    compression: config.kafkaCompression,
    coupons: { topic: `${prefix}${TOPICS.coupons}`, partitions: config.kafkaPartitions },
    campaigns: { topic: `${prefix}${TOPICS.campaigns}`, partitions: CAMPAIGNS_PARTITIONS },
  });
  let sent = 0;
  let unsent = 0;
  let stopped = false;
  let heldUntil = 0;
  const take = async (): Promise<boolean> => {
    const asked = system.monotonic();
    const held = !stopped && (await leases.take(LEASE, instanceId, LEASE_MS));
    if (held) heldUntil = asked + LEASE_MS / 2;
    return held;
  };
  const round = async (): Promise<void> => {
    try {
      if (!(await take())) return;
      sent += await announce({
        ...parts,
        outbox,
        announcements,
        goOn: () => !stopped && system.monotonic() < heldUntil,
      });
      unsent = await outbox.countUnsent();
    } catch (error) {
      logger.debug({ err: error }, 'the outbox waits');
    }
  };
  const running = repeat(system, EVERY_MS, round);
  return {
    gauges: () => [
      { name: 'dibs_outbox_sent_total', help: 'Facts sent on from the outbox of the record.', value: sent },
      {
        name: 'dibs_outbox_unsent',
        help: 'Rows in the outbox of the record that were not sent on.',
        value: unsent,
      },
    ],
    async stop() {
      stopped = true;
      await running.stop();
      await announcements.close();
      await leases.release(LEASE, instanceId).catch(() => undefined);
    },
  };
}
