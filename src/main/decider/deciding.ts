/** What becomes of a partition's requests: they are decided. */

import type { KafkaRequestSlice } from '../../adapters/kafka/requests-reader.ts';
import type { DecideParts } from '../../flow/decide.ts';
import { makeDecider } from '../../flow/decide.ts';
import type { Taking } from '../recorder/partition-loop.ts';

export function deciding(
  parts: Omit<DecideParts, 'source' | 'reader' | 'onTaken'>,
): Taking<KafkaRequestSlice> {
  return {
    begin: (source, reader, onStored) =>
      makeDecider({ ...parts, source, reader, onTaken: (_, result) => onStored(result) }),
    sizeOf: ({ requests }) => requests.length,
    batchMax: parts.batchMax,
    nothing: (offset) => ({ requests: [], unreadable: [], next: offset }),
  };
}
