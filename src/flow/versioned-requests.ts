/**
 * The log of requests over all versions of its topic: whoever appends writes the current one. He may do so while a lease
 * of his says so, and only what is told under it counts as told. So when an older version has no such lease left,
 * everything that anybody was told to be in it is in it, however long somebody was stopped or cut off.
 */

import { said } from '../core/said.ts';
import type { TopicVersion } from '../core/topic-version.ts';
import { currentOf, drainingOf } from '../core/topic-version.ts';
import type { Leases } from '../ports/leases.ts';
import type { LogState } from '../ports/log.ts';
import type { Requests } from '../ports/requests.ts';
import type { System, Timer } from '../ports/system.ts';
import type { TopicVersions } from '../ports/topic-versions.ts';

export interface VersionedParts<Log extends Requests> {
  versions: Pick<TopicVersions, 'all'>;
  leases: Leases;
  system: Pick<System, 'monotonic' | 'after'>;
  /** who this process is, for the leases */
  instanceId: string;
  /** Opens the log of one version. */
  open(version: TopicVersion): Promise<Log>;
  /** told the versions after each look at them, oldest first */
  onLook?: (versions: readonly TopicVersion[]) => void;
}

export interface VersionedRequests<Log extends Requests> extends Requests {
  /** the log that is written now; null before the first look */
  log(): Log | null;
}

/** Leases of those who may write to a version begin so. */
export const writersOf = ({ version }: TopicVersion): string => `writes/requests/${version}/`;

/** So long a process goes on without the database; so long a version stays open for one that is cut off. */
export const WRITE_LEASE_MS = 10_000;
const LOOK_MS = 1_000;
/** While a version drains people wait for the next one. */
const LOOK_SOON_MS = 200;

interface Writing<Log> {
  version: TopicVersion;
  log: Log;
  /** the lease is surely in force until then, `system.monotonic()` */
  until: number;
  /** another version is current: the lease is not renewed any more */
  over: boolean;
}

/** Resolves when the current version can be written; it follows the versions until it is closed. */
export async function openVersionedRequests<Log extends Requests>(
  parts: VersionedParts<Log>,
): Promise<VersionedRequests<Log>> {
  const requests = new Versioned(parts);
  try {
    await requests.start();
    return requests;
  } catch (error) {
    await requests.close();
    throw error;
  }
}

class Versioned<Log extends Requests> implements VersionedRequests<Log> {
  readonly #parts: VersionedParts<Log>;
  #writing: Writing<Log> | null = null;
  readonly #leaving = new Set<Promise<void>>();
  #fault: string | null = null;
  #timer: Timer | null = null;
  #closed = false;
  #looking: Promise<unknown> = Promise.resolve();

  constructor(parts: VersionedParts<Log>) {
    this.#parts = parts;
  }

  log(): Log | null {
    return this.#writing?.log ?? null;
  }

  append(...[request, done]: Parameters<Requests['append']>): void {
    const writing = this.#writing;
    if (writing === null || !this.#holds(writing)) return done(new Error(this.#why()), null);
    writing.log.append(request, (error, at) => {
      // Told later than that it may be where nobody decides any more.
      if (error === null && !this.#holds(writing)) done(new Error(this.#why()), null);
      else done(error, at);
    });
  }

  state(): LogState {
    const writing = this.#writing;
    if (writing === null) return { waiting: 0, end: 0, fault: this.#why() };
    const state = writing.log.state();
    return this.#holds(writing) ? state : { ...state, fault: this.#why() };
  }

  #holds({ until }: Writing<Log>): boolean {
    return this.#parts.system.monotonic() < until;
  }

  #why(): string {
    return this.#fault ?? said('right_not_renewed');
  }

  async start(): Promise<void> {
    this.#plan(await this.#look());
  }

  #plan(versions: readonly TopicVersion[] | null): void {
    if (this.#closed) return;
    const soon = versions !== null && drainingOf(versions) !== null;
    this.#timer = this.#parts.system.after(soon ? LOOK_SOON_MS : LOOK_MS, () => {
      this.#looking = this.#look().then(
        (all) => {
          this.#fault = null;
          this.#plan(all);
        },
        (error: Error) => {
          this.#fault = error.message;
          this.#plan(null);
        },
      );
    });
  }

  async #look(): Promise<readonly TopicVersion[]> {
    const { versions, onLook } = this.#parts;
    const writing = this.#writing;
    const until = writing === null || writing.over ? 0 : await this.#take(writing.version);
    const all = await versions.all();
    const current = currentOf(all);
    if (writing !== null && current.version < writing.version.version) {
      throw new Error(
        `version ${writing.version.version} of the topic of requests was current, and now version ${current.version} is: see docs/operating.md`,
      );
    }
    if (writing?.version.version === current.version) writing.until = until;
    else await this.#goOver(current);
    onLook?.(all);
    return all;
  }

  /** The lease is there before the version is read to be the current one: whoever closes it sees one of both. */
  async #goOver(current: TopicVersion): Promise<void> {
    const { open, versions } = this.#parts;
    const before = this.#writing;
    if (before !== null) before.over = true;
    const log = await open(current);
    try {
      const until = await this.#take(current);
      const { version } = currentOf(await versions.all());
      if (version !== current.version) throw new Error(`version ${version} of the topic has just begun`);
      this.#writing = { version: current, log, until, over: false };
    } catch (error) {
      await log.close();
      throw error;
    }
    if (before !== null) this.#leave(before);
  }

  /** Returns until when it is surely in force. */
  async #take(version: TopicVersion): Promise<number> {
    const { leases, system, instanceId } = this.#parts;
    const until = system.monotonic() + WRITE_LEASE_MS;
    if (await leases.take(writersOf(version) + instanceId, instanceId, WRITE_LEASE_MS)) return until;
    throw new Error(`somebody else is called ${instanceId}: every process needs another DIBS_INSTANCE_ID`);
  }

  /** What is under way is told first. */
  #leave(writing: Writing<Log>): void {
    const { leases, instanceId } = this.#parts;
    const leaving = writing.log
      .close()
      .then(() => {
        writing.until = Number.NEGATIVE_INFINITY;
        return leases.release(writersOf(writing.version) + instanceId, instanceId);
      })
      // Then it runs out.
      .catch(() => undefined)
      .finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.stop();
    await this.#looking;
    if (this.#writing !== null) this.#leave(this.#writing);
    await Promise.all(this.#leaving);
  }
}
