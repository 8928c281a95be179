/**
 * The decider of this process over all versions of the topic of requests: one version at a time, the next one when the
 * one before is closed.
 */

import type { Logger } from 'pino';
import type { TopicVersion } from '../../core/topic-version.ts';
import type { PartitionProgress } from '../recorder/partition-loop.ts';
import type { RunningDecider } from './start.ts';

export interface VersionedDecider {
  /** From now on this version is decided; the same again is nothing new. */
  follow(version: TopicVersion): void;
  /** those that this process decides */
  partitions(): readonly PartitionProgress[];
  /** why something is not decided; null when all is */
  fault(): string | null;
  stop(): Promise<void>;
}

export function makeVersionedDecider(
  logger: Pick<Logger, 'info'>,
  start: (version: TopicVersion) => Promise<RunningDecider>,
): VersionedDecider {
  return new OneVersion(logger, start);
}

class OneVersion implements VersionedDecider {
  readonly #logger: Pick<Logger, 'info'>;
  readonly #start: (version: TopicVersion) => Promise<RunningDecider>;
  /** null: none, or it could not be started */
  #version: number | null = null;
  #running: RunningDecider | null = null;
  #fault: string | null = null;
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(logger: Pick<Logger, 'info'>, start: (version: TopicVersion) => Promise<RunningDecider>) {
    this.#logger = logger;
    this.#start = start;
  }

  follow(version: TopicVersion): void {
    if (this.#stopped || this.#version === version.version) return;
    this.#version = version.version;
    this.#turn = this.#turn.then(() => this.#goOver(version));
  }

  async #goOver(version: TopicVersion): Promise<void> {
    await this.#end();
    if (this.#stopped) return;
    try {
      this.#running = await this.#start(version);
      this.#fault = null;
      this.#logger.info(
        { version: version.version },
        'the decider reads this version of the topic of requests',
      );
    } catch (error) {
      this.#fault = (error as Error).message;
      // The next look at the versions tries again.
      this.#version = null;
    }
  }

  async #end(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    await running?.stop();
  }

  partitions(): readonly PartitionProgress[] {
    return this.#running?.state().partitions ?? [];
  }

  fault(): string | null {
    const state = this.#running?.state();
    return this.#fault ?? state?.fault ?? state?.partitions.find((one) => one.fault !== null)?.fault ?? null;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#turn;
    await this.#end();
  }
}
