/** The record's outbox on its way to webhooks, and to Kafka where there is Kafka, by one process at a time. */

import type { Config } from '../config/load.ts';
import type { Sink } from '../flow/announce.ts';
import { announce } from '../flow/announce.ts';
import { makeWebhookSink } from '../flow/leave-webhooks.ts';
import type { Announcements } from '../ports/announcements.ts';
import type { System } from '../ports/system.ts';
import type { AfterWinParts, Started } from './area.ts';
import { makeHeld } from './held.ts';
import { repeat } from './repeat.ts';
import { kafkaConnection } from './shared-log.ts';

const EVERY_MS = 500;
/** Where people press in this very thread, it is kept from them for less than a millisecond at a time. */
const PAGE_MAX = { alone: 200, shared: 1_000 };

/** The topics must be there. Throws a KafkaFault when Kafka cannot be asked. */
export async function startAnnouncing(parts: AfterWinParts): Promise<Started | null> {
  const { config, system, logger, stored, record, leases } = parts;
  if (!config.role.includes('relay')) return null;
  const kafka = config.kafkaBrokers.length > 0 ? await openKafka(config, system) : null;
  const webhooks = makeWebhookSink({
    ...stored,
    system,
    onDisabled: ({ id, why }) => logger.error({ webhook: id, why }, 'a webhook was disabled'),
  });
  // Leaving them twice for webhooks leaves them once, so Kafka may fail after that.
  const sinks: Sink[] = [webhooks, ...(kafka === null ? [] : [{ ...kafka, wants: () => true }])];
  const held = makeHeld(parts, 'outbox');
  const pageMax = leases === undefined ? PAGE_MAX.alone : PAGE_MAX.shared;
  let sent = 0;
  let unsent = 0;
  const round = async (): Promise<void> => {
    try {
      if (!(await held.take())) return;
      sent += await announce({ outbox: stored.outbox, sinks, record, system, pageMax, goOn: held.isHeld });
      unsent = await stored.outbox.countUnsent();
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
      const stopped = running.stop();
      await held.release();
      await stopped;
      await kafka?.close();
    },
  };
}

async function openKafka(config: Config, system: System): Promise<Announcements> {
  const [{ openKafkaAnnouncements }, { CAMPAIGNS_PARTITIONS, TOPICS }] = await Promise.all([
    import('../adapters/kafka/announcements.ts'),
    import('../adapters/kafka/topics.ts'),
  ]);
  const prefix = config.kafkaPrefix ?? '';
  return openKafkaAnnouncements({
    connection: kafkaConnection(config),
    system,
    compression: config.kafkaCompression,
    coupons: { topic: `${prefix}${TOPICS.coupons}`, partitions: config.kafkaPartitions },
    campaigns: { topic: `${prefix}${TOPICS.campaigns}`, partitions: CAMPAIGNS_PARTITIONS },
  });
}
