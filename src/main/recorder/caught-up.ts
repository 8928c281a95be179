/** Whether the record has what the log had: asked of Kafka and of SQL, so that it does not matter who records. */

import type { KafkaEnds } from '../../adapters/kafka/ends.ts';
import type { RecordStore } from '../../ports/record.ts';
import { type System, wait } from '../../ports/system.ts';

export interface CaughtUpParts {
  kafka: Pick<KafkaEnds, 'ends'>;
  record: Pick<RecordStore, 'next'>;
  system: System;
}

const POLL_MS = 50;

/**
 * True as soon as the record has everything that the log had at the call; false when that is not so, or cannot be
 * known, after `patienceMs`. What could not be asked is asked again until then.
 */
export async function caughtUp(parts: CaughtUpParts, patienceMs: number): Promise<boolean> {
  const { system } = parts;
  let patient = true;
  const expired = wait(system, patienceMs).then(() => {
    patient = false;
    return false;
  });
  return await Promise.race([reach(parts, () => patient), expired]);
}

async function reach({ kafka, record, system }: CaughtUpParts, patient: () => boolean): Promise<boolean> {
  let behind: [source: string, end: number][] | null = null;
  while (patient()) {
    try {
      behind ??= [...(await kafka.ends())];
      const next: number[] = await Promise.all(behind.map(([source]) => record.next(source)));
      behind = behind.filter(([, end], at) => (next[at] ?? 0) < end);
      if (behind.length === 0) return true;
    } catch {
      // One of the two is away. Whoever asked learns in time that it is not known.
    }
    await wait(system, POLL_MS);
  }
  return false;
}
