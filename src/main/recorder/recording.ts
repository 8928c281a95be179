/** What becomes of a partition's facts: they are recorded. */

import type { KafkaSlice } from '../../adapters/kafka/reader.ts';
import type { RecordParts } from '../../flow/record.ts';
import { makeRecorder } from '../../flow/record.ts';
import type { Taking } from './partition-loop.ts';

export function recording(
  parts: Pick<RecordParts, 'record' | 'campaigns' | 'codes' | 'batchMax' | 'system'>,
): Taking<KafkaSlice> {
  return {
    begin: (source, reader, onStored) =>
      makeRecorder({ ...parts, source, reader, onTaken: (_, result) => onStored(result) }),
    sizeOf: ({ facts, lines }) => facts.length + (lines?.length ?? 0),
    batchMax: parts.batchMax,
    nothing: (offset) => ({ facts: [], unreadable: [], next: offset }),
  };
}
