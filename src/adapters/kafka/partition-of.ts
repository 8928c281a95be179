/** Which partition a message belongs to: the same for every client that sends with the same key. */

import { compatibilityPartitioner } from '@platformatic/kafka';
import type { Envelope } from './envelope.ts';

/** As Java's clients do it: murmur2 of the key. */
export function partitionOf(key: Buffer, partitions: number): number {
  return compatibilityPartitioner({ topic: '', key }, key) % partitions;
}

/** Of a message, beside its value. */
const AROUND_BYTES = 600;

/** About how many bytes go to one partition, at most. */
export function bytesToOne(envelopes: readonly Envelope[], partitions: number): number {
  const bytes = new Map<number, number>();
  for (const { key, value } of envelopes) {
    const partition = partitionOf(key, partitions);
    bytes.set(partition, (bytes.get(partition) ?? 0) + value.length + AROUND_BYTES);
  }
  return Math.max(0, ...bytes.values());
}
