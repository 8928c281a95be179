/**
 * The versions of the topic of requests. A key must not move to another partition, so another number of partitions is
 * another version: it is written from then on, and decided when all that was told to be in the one before is.
 */

/** `current` is written; `draining` is not, and is not decided to its end; `drained` is closed for ever. */
export const VERSION_STATES = ['current', 'draining', 'drained'] as const;
export type VersionState = (typeof VERSION_STATES)[number];

export interface TopicVersion {
  /** from 1 on, without gaps */
  version: number;
  partitions: number;
  state: VersionState;
  /** since when it is in this state, epoch ms; 0: from the beginning */
  since: number;
}

/** Before there was another. */
export const FIRST_VERSION: TopicVersion = { version: 1, partitions: 3, state: 'current', since: 0 };

/**
 * Where the decider of a partition stands that is closed: everything in it counts as decided, and whoever would still
 * decide something is refused by his offset. Far behind every real one, and as a place still a safe integer.
 */
export const CLOSED_AT = 2 ** 40;

/** The one that is written: the last. */
export function currentOf(versions: readonly TopicVersion[]): TopicVersion {
  return versions.at(-1) as TopicVersion;
}

/** The one that is decided: the oldest that is not drained. Never two at once, so the order of a campaign is one. */
export function decidedOf(versions: readonly TopicVersion[]): TopicVersion {
  return versions.find(({ state }) => state !== 'drained') as TopicVersion;
}

export function drainingOf(versions: readonly TopicVersion[]): TopicVersion | null {
  return versions.find(({ state }) => state === 'draining') ?? null;
}

/** What is wrong with stored versions, oldest first; null when they can be. */
export function versionsProblem(versions: readonly TopicVersion[]): string | null {
  if (versions.length === 0) return 'there is none';
  for (const [at, { version, partitions, state }] of versions.entries()) {
    if (version !== at + 1) return `version ${at + 1} is missing`;
    if (!VERSION_STATES.includes(state)) return `version ${version} is ${JSON.stringify(state)}`;
    if (!Number.isSafeInteger(partitions) || partitions < 1) {
      return `version ${version} has ${partitions} partitions`;
    }
    const isLast = version === versions.length;
    if (isLast !== (state === 'current')) {
      return `version ${version} is ${state}, and ${isLast ? 'none is current' : `there is version ${version + 1}`}`;
    }
    if (state === 'draining' && !isLast && version !== versions.length - 1) {
      return `version ${version} is draining, and version ${version + 1} is not the last`;
    }
  }
  return null;
}
