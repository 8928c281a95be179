/**
 * Who takes which partition: a lease for each, and a lease for each of those that are there. Everybody knows from the
 * list of members how many are his, gives up what is too much, and takes what is free. Two that see different lists
 * for a moment do no harm: a partition has one lease, and behind it the offset in the record.
 */

import type { Leases } from '../../ports/leases.ts';
import type { System } from '../../ports/system.ts';

export interface ShareParts {
  leases: Leases;
  system: System;
  instanceId: string;
  /** those that share the partitions */
  role: 'recorder' | 'decider';
  topic: string;
  partitions: number;
  /** a partition is ours now */
  gain(partition: number): void;
  /** It is ours no longer. Resolves when nothing of ours is under way in it. */
  lose(partition: number): Promise<void>;
  /** told after each look at the leases */
  tell(fault: string | null): void;
}

export interface Shares {
  /** Whether the lease of this partition is surely in force. */
  holds(partition: number): boolean;
  /** those that are there, this one included */
  members(): number;
  /** Gives up everything. */
  stop(): Promise<void>;
}

export const LEASE_MS = 5_000;
export const RENEW_MS = 1_500;

export function startShares(parts: ShareParts): Shares {
  return new PartitionShares(parts);
}

class PartitionShares implements Shares {
  readonly #parts: ShareParts;
  readonly #prefix: string;
  readonly #membersPrefix: string;
  readonly #mine = new Set<number>();
  /** until when a partition's lease is surely in force, by the monotonic clock */
  readonly #until = new Map<number, number>();
  readonly #leaving = new Map<number, Promise<void>>();
  #members = 1;
  #stopped = false;
  #wake: () => void = () => undefined;
  readonly #done: Promise<void>;

  constructor(parts: ShareParts) {
    this.#parts = parts;
    this.#prefix = `${parts.role}/${parts.topic}/`;
    this.#membersPrefix = `member/${parts.role}/`;
    this.#done = this.#run();
  }

  holds(partition: number): boolean {
    return this.#parts.system.monotonic() < (this.#until.get(partition) ?? 0);
  }

  members(): number {
    return this.#members;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#done;
    for (const partition of [...this.#mine]) this.#giveUp(partition);
    await Promise.all(this.#leaving.values());
    const { leases, instanceId } = this.#parts;
    await leases.release(this.#membersPrefix + instanceId, instanceId).catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { system, tell } = this.#parts;
    while (!this.#stopped) {
      const began = system.monotonic();
      try {
        await this.#look();
        tell(null);
      } catch (error) {
        tell((error as Error).message);
      }
      const restMs = Math.max(0, began + RENEW_MS - system.monotonic());
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        system.after(restMs, resolve);
        if (this.#stopped) resolve();
      });
    }
  }

  async #look(): Promise<void> {
    const { leases, instanceId } = this.#parts;
    const others = [...this.#mine].map((partition) => this.#renew(partition));
    await Promise.all([leases.take(this.#membersPrefix + instanceId, instanceId, LEASE_MS), ...others]);
    const members = (await leases.held(this.#membersPrefix)).map(({ holder }) => holder).sort();
    this.#members = Math.max(1, members.length);
    const share = fairShare(this.#parts.partitions, members, instanceId);
    for (const partition of [...this.#mine].slice(share)) this.#giveUp(partition);
    if (this.#mine.size < share) await this.#takeFree(share, members.indexOf(instanceId));
  }

  async #renew(partition: number): Promise<void> {
    if (await this.#take(partition)) return;
    this.#until.delete(partition);
    this.#giveUp(partition);
  }

  async #take(partition: number): Promise<boolean> {
    const { leases, system, instanceId } = this.#parts;
    const until = system.monotonic() + LEASE_MS;
    const taken = await leases.take(this.#prefix + partition, instanceId, LEASE_MS);
    if (taken) {
      this.#mine.add(partition);
      this.#until.set(partition, until);
    }
    return taken;
  }

  /** Each begins elsewhere, so that several who start at once do not want the same. */
  async #takeFree(share: number, rank: number): Promise<void> {
    const { partitions, leases, gain } = this.#parts;
    const held = new Set((await leases.held(this.#prefix)).map(({ name }) => name));
    const first = rank * share;
    for (let at = 0; at < partitions && this.#mine.size < share && !this.#stopped; at++) {
      const partition = (first + at) % partitions;
      if (held.has(this.#prefix + partition) || this.#leaving.has(partition)) continue;
      if (await this.#take(partition)) gain(partition);
    }
  }

  /** What is under way is finished under the lease; then it goes. */
  #giveUp(partition: number): void {
    const { leases, instanceId, lose } = this.#parts;
    this.#mine.delete(partition);
    const leaving = lose(partition)
      .then(() => this.#until.delete(partition))
      .then(() => leases.release(this.#prefix + partition, instanceId))
      .catch(() => undefined)
      .finally(() => this.#leaving.delete(partition));
    this.#leaving.set(partition, leaving);
  }
}

/** How many partitions are one member's: the same for all, and the rest to the first of them. */
export function fairShare(partitions: number, members: readonly string[], me: string): number {
  const rank = members.indexOf(me);
  if (rank < 0) return 0;
  return Math.floor(partitions / members.length) + (rank < partitions % members.length ? 1 : 0);
}
