/**
 * The end of a version of the topic of requests: nobody writes to it any more, and everything in it is decided. It is
 * closed then, once, by whoever finds it so first; and the next version is decided.
 */

import type { TopicVersion } from '../core/topic-version.ts';
import { drainingOf } from '../core/topic-version.ts';
import type { Leases } from '../ports/leases.ts';
import type { RecordStore } from '../ports/record.ts';
import type { System } from '../ports/system.ts';
import type { TopicVersions } from '../ports/topic-versions.ts';
import { writersOf } from './versioned-requests.ts';

export interface DrainParts {
  versions: Pick<TopicVersions, 'close'>;
  leases: Pick<Leases, 'held'>;
  record: Pick<RecordStore, 'next'>;
  system: Pick<System, 'now'>;
  /** Each partition's source → the offset after its newest entry. */
  ends(version: TopicVersion): Promise<ReadonlyMap<string, number>>;
}

export type Drain =
  /** nothing drains */
  | { kind: 'none' }
  /** so many processes may still write to it */
  | { kind: 'written'; version: number; writers: number }
  /** so many messages in it are not decided */
  | { kind: 'undecided'; version: number; messages: number }
  /** somebody has moved on meanwhile: the next look says more */
  | { kind: 'moved'; version: number }
  | { kind: 'closed'; version: number };

/** One look at the version that drains; closes it when nothing is left to wait for. */
export async function drainVersion(parts: DrainParts, versions: readonly TopicVersion[]): Promise<Drain> {
  const draining = drainingOf(versions);
  if (draining === null) return { kind: 'none' };
  const { version } = draining;
  const writers = await parts.leases.held(writersOf(draining));
  if (writers.length > 0) return { kind: 'written', version, writers: writers.length };
  // Not before: whatever somebody was told to be in it lies before these.
  const ends = await parts.ends(draining);
  const stands = await Promise.all(
    [...ends.keys()].map(async (source) => ({ source, next: await parts.record.next(source) })),
  );
  const messages = stands.reduce(
    (all, { source, next }) => all + Math.max(0, (ends.get(source) ?? 0) - next),
    0,
  );
  if (messages > 0) return { kind: 'undecided', version, messages };
  const closed = await parts.versions.close(version, stands, parts.system.now());
  return { kind: closed ? 'closed' : 'moved', version };
}
