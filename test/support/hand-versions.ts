// Versions of the topic of requests in an array, with the log of each, for those who write, drain and close them. What
// is asked and what is told takes as long as the test says.

import type { Request } from '../../src/core/request.ts';
import { placeOf } from '../../src/core/request.ts';
import type { TopicVersion } from '../../src/core/topic-version.ts';
import { currentOf, drainingOf, FIRST_VERSION } from '../../src/core/topic-version.ts';
import type { LogState } from '../../src/ports/log.ts';
import type { RequestPlace, Requests } from '../../src/ports/requests.ts';
import type { TopicVersions } from '../../src/ports/topic-versions.ts';

export interface HandVersions extends TopicVersions {
  stored: TopicVersion[];
  /** while this is set, nothing can be asked */
  fault: string | null;
  /** version → messages in its only partition */
  readonly ends: Map<number, number>;
  /** version → what its decider has decided; whoever closes it finds all of it */
  readonly nexts: Map<number, number>;
  /** version → where it was closed */
  readonly closed: Map<number, number>;
}

export const sourceOf = (version: number): string => `v${version}/0`;

export function makeHandVersions(): HandVersions {
  const versions: HandVersions = {
    stored: [FIRST_VERSION],
    fault: null,
    ends: new Map(),
    nexts: new Map(),
    closed: new Map(),
    async all() {
      if (versions.fault !== null) throw new Error(versions.fault);
      return versions.stored;
    },
    async begin({ version, partitions }, now) {
      if (drainingOf(versions.stored) !== null || currentOf(versions.stored).version !== version - 1)
        return false;
      const older = versions.stored.map(
        (one): TopicVersion => (one.state === 'current' ? { ...one, state: 'draining', since: now } : one),
      );
      versions.stored = [...older, { version, partitions, state: 'current', since: now }];
      return true;
    },
    async close(version, stands, now) {
      const next = stands[0]?.next ?? 0;
      if (drainingOf(versions.stored)?.version !== version) return false;
      if (next !== (versions.nexts.get(version) ?? 0)) return false;
      versions.closed.set(version, next);
      versions.stored = versions.stored.map(
        (one): TopicVersion => (one.version === version ? { ...one, state: 'drained', since: now } : one),
      );
      return true;
    },
  };
  return versions;
}

type Done = (error: Error | null, at: RequestPlace | null) => void;

export interface HandLog extends Requests {
  version: number;
  closed: boolean;
}

/** Appends to a version after `sent` and tells it after `told`. */
export function makeHandLog(
  versions: HandVersions,
  version: number,
  sent: (run: () => void) => void,
  told: (run: () => void) => void,
): HandLog {
  const state: LogState = { waiting: 0, end: 0, fault: null };
  const log: HandLog = {
    version,
    closed: false,
    state: () => state,
    append(_request: Request, done: Done) {
      sent(() => {
        const offset = versions.ends.get(version) ?? 0;
        versions.ends.set(version, offset + 1);
        told(() => done(null, { topicVersion: version, partition: 0, place: placeOf(offset, 0) }));
      });
    },
    async close() {
      log.closed = true;
    },
  };
  return log;
}
