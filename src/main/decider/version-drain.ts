/** Closes a version of the topic of requests when it is drained. Every process that decides looks; one of them does it. */

import type { Logger } from 'pino';
import type { KafkaEnds } from '../../adapters/kafka/ends.ts';
import type { Config } from '../../config/load.ts';
import type { TopicVersion } from '../../core/topic-version.ts';
import { drainingOf } from '../../core/topic-version.ts';
import type { DrainParts } from '../../flow/drain-version.ts';
import { drainVersion } from '../../flow/drain-version.ts';
import type { System } from '../../ports/system.ts';
import { kafkaConnection } from '../shared-log.ts';

export interface VersionDrainParts extends Omit<DrainParts, 'ends' | 'system'> {
  config: Config;
  system: System;
  logger: Pick<Logger, 'info'>;
  topicOf(version: number): string;
}

export interface VersionDrain {
  /** One look at the version that drains, unless one is under way. */
  look(versions: readonly TopicVersion[]): void;
  /** why it cannot be found out whether it is drained; null: it can */
  fault(): string | null;
  stop(): Promise<void>;
}

export function makeVersionDrain(parts: VersionDrainParts): VersionDrain {
  const ends = openVersionEnds(parts);
  let looking: Promise<void> | null = null;
  let fault: string | null = null;
  const look = async (versions: readonly TopicVersion[]): Promise<void> => {
    try {
      const drain = await drainVersion({ ...parts, ends: (version) => ends.of(version) }, versions);
      fault = null;
      if (drain.kind === 'closed') {
        parts.logger.info({ version: drain.version }, 'this version of the topic of requests is drained');
      }
    } catch (error) {
      fault = (error as Error).message;
    }
  };
  return {
    look(versions) {
      if (drainingOf(versions) === null) {
        fault = null;
        return;
      }
      looking ??= look(versions).finally(() => {
        looking = null;
      });
    },
    fault: () => fault,
    async stop() {
      await looking;
      await ends.close();
    },
  };
}

/** Where the partitions of a version end, by a client that is there while it is needed. */
export function openVersionEnds({
  config,
  system,
  topicOf,
}: Pick<VersionDrainParts, 'config' | 'system' | 'topicOf'>) {
  let open: { version: number; ends: KafkaEnds } | null = null;
  const close = async (): Promise<void> => {
    const old = open;
    open = null;
    await old?.ends.close();
  };
  return {
    async of({ version, partitions }: TopicVersion): Promise<ReadonlyMap<string, number>> {
      if (open?.version !== version) {
        await close();
        const { openKafkaEnds } = await import('../../adapters/kafka/ends.ts');
        const topic = topicOf(version);
        open = {
          version,
          ends: openKafkaEnds({ connection: kafkaConnection(config), topic, partitions, system }),
        };
      }
      return open.ends.ends();
    },
    close,
  };
}
