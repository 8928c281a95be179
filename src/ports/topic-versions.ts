/** Which versions of the topic of requests there are. Kept where the deciders' offsets are, so that both change at once. */

import type { TopicVersion } from '../core/topic-version.ts';

export interface TopicVersions {
  /** Oldest first, never empty. Rejects with a sentence that says what to do when what is stored cannot be. */
  all(): Promise<TopicVersion[]>;
  /**
   * From now on `next` is written, and the one before it drains. False, and nothing done: `next` does not follow the
   * current one, or an older one is not drained yet.
   */
  begin(next: Pick<TopicVersion, 'version' | 'partitions'>, now: number): Promise<boolean>;
  /**
   * Closes the version that drains, with all of its partitions where their deciders stand. False, and nothing done: it
   * does not drain any more, or one of them has moved on.
   */
  close(version: number, stands: readonly { source: string; next: number }[], now: number): Promise<boolean>;
}
