/**
 * The log on Kafka (ports/log), for facts. They may be on it twice, always with the same id. What it does not take because
 * too many wait already, the gate's outbox has.
 */

import type { Fact } from '../../core/event.ts';
import type { Log } from '../../ports/log.ts';
import { packFacts } from './cloud-event.ts';
import { type LogTally, openPartitionedLog, type PartitionedLogParts } from './partitioned-log.ts';

export type KafkaLogParts = PartitionedLogParts;

export interface KafkaLog extends Log {
  tally(): LogTally;
  /** The offset after the newest durable entry of ours, partition by partition. */
  ends(): readonly number[];
  /** Lets go of the entries of one partition before `offset`. */
  trimPartition(partition: number, offset: number): Promise<void>;
}

/** A log that goes on behind what the topic holds. Rejects with a KafkaFault when Kafka cannot be asked. */
export function openKafkaLog(parts: KafkaLogParts): Promise<KafkaLog> {
  return openPartitionedLog<Fact, null>(parts, { name: 'facts', pack: packFacts, at: () => null });
}
