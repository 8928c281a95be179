/** The reading side of the log on Kafka, for the record: one reader for one partition. */

import type { Fact } from '../../core/event.ts';
import type { LineFact } from '../../core/line-fact.ts';
import type { LogReader, LogSlice } from '../../ports/log.ts';
import { unpackFacts } from './cloud-event.ts';
import {
  type KafkaEntry,
  type KafkaUnreadable,
  PartitionEntries,
  type PartitionParts,
  setAside,
} from './partition-entries.ts';

export interface KafkaSlice extends LogSlice {
  unreadable: KafkaUnreadable[];
}

export interface KafkaReader extends LogReader {
  /** what the record keeps its offset under: `topic/partition` */
  readonly source: string;
  /** Rejects with a KafkaFault when Kafka does not answer, or when it holds less than the offset says was read. */
  read(offset: number, max: number): Promise<KafkaSlice>;
  /** How many messages there were behind `offset` when Kafka was last asked; null before. */
  lag(offset: number): number | null;
  /** Ends at once; a read under way fails. */
  close(): Promise<void>;
}

export interface KafkaReaderParts extends PartitionParts {
  /** told of each message as it is read, with the facts in it; none when it is unreadable */
  onEntry?: (entry: KafkaEntry, facts: readonly Fact[]) => void;
}

export function openKafkaReader(parts: KafkaReaderParts): KafkaReader {
  const partition = new PartitionEntries(parts);
  return {
    source: partition.source,
    async read(offset, max) {
      const facts: KafkaSlice['facts'] = [];
      const lines: LineFact[] = [];
      const unreadable: KafkaUnreadable[] = [];
      const next = await partition.read(offset, (entry) => {
        const decoded = unpackFacts(entry.value);
        if (decoded.kind === 'facts') {
          facts.push(...decoded.facts);
          lines.push(...decoded.lines);
        } else unreadable.push(setAside(entry, decoded.reason));
        parts.onEntry?.(entry, decoded.kind === 'facts' ? [...decoded.facts, ...decoded.lines] : []);
        return facts.length + lines.length + unreadable.length >= max;
      });
      return { facts, ...(lines.length === 0 ? {} : { lines }), unreadable, next };
    },
    lag: (offset) => partition.lag(offset),
    close: () => partition.close(),
  };
}
