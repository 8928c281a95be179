/**
 * What a thread does that takes partitions into the record: it opens a loop for each whose lease it gets, closes it when
 * the lease goes, tells how far all of them are, and lets go of everything when it is asked to stop.
 */

import type { MessagePort } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { Leases } from '../../ports/leases.ts';
import type { StoreResult } from '../../ports/record.ts';
import type { System } from '../../ports/system.ts';
import type { PartitionProgress, PartitionSlice } from './partition-loop.ts';
import { type ShareParts, type Shares, startShares } from './shares.ts';

export interface ThreadProgress {
  /** those that this process takes, in order */
  partitions: PartitionProgress[];
  /** threads of the same role that are there, this one included */
  members: number;
  /** why the leases could not be looked after; null when they could */
  fault: string | null;
}

export type FromThread = { ready: true } | { fatal: string } | { stopped: true } | ThreadProgress;

interface RunningPartition {
  progress: PartitionProgress;
  stop(): Promise<void>;
}

export interface PartitionsParts extends Pick<ShareParts, 'role' | 'instanceId' | 'topic' | 'partitions'> {
  port: MessagePort;
  leases: Leases;
  system: System;
  log: Logger;
  /** what is done to a partition, for the log: `recording` */
  doing: string;
  open(partition: number, holds: () => boolean, tell: () => void): RunningPartition;
  /** Closes what the loops have used. */
  close(): Promise<unknown>;
}

/** Progress is told at most so often. */
const TELL_MS = 100;

/** Runs until the main thread says anything; that is a request to stop. */
export function runPartitions(parts: PartitionsParts): void {
  const { port, log, topic, doing } = parts;
  const loops = new Map<number, RunningPartition>();
  let fault: string | null = null;
  const tell = makeTeller(parts, () => ({
    partitions: [...loops].sort(([a], [b]) => a - b).map(([, { progress }]) => progress),
    members: shares.members(),
    fault,
  }));
  const shares: Shares = startShares({
    ...parts,
    gain(partition) {
      log.info({ topic, partition }, doing);
      loops.set(
        partition,
        parts.open(partition, () => shares.holds(partition), tell),
      );
    },
    async lose(partition) {
      const loop = loops.get(partition);
      loops.delete(partition);
      await loop?.stop();
      log.info({ topic, partition }, `${doing} no longer`);
      tell();
    },
    tell(why) {
      if (why !== null && fault === null) log.error({ fault: why }, 'the leases cannot be looked after');
      fault = why;
      tell();
    },
  });
  const stop = async (): Promise<void> => {
    await shares.stop();
    await parts.close().catch(() => undefined);
    port.postMessage({ stopped: true } satisfies FromThread);
  };
  port.once('message', () => void stop());
  port.postMessage({ ready: true } satisfies FromThread);
}

/** What has become of a slice, as far as an operator must know of it. */
export function logTaken(log: Logger, source: string, slice: PartitionSlice, result: StoreResult): void {
  for (const { at, reason } of slice.unreadable) log.warn({ at, reason }, 'set aside: cannot be read');
  if (result.kind === 'zombie') log.warn({ source, next: result.next }, 'somebody else has moved on');
  else if (result.conflicts > slice.unreadable.length) {
    log.error({ source, conflicts: result.conflicts }, 'set aside: see the dead letters');
  }
}

/** Tells the main thread how far we are, soon but not for each step. */
function makeTeller({ port, system }: PartitionsParts, progress: () => ThreadProgress): () => void {
  let pending = false;
  return () => {
    if (pending) return;
    pending = true;
    system.after(TELL_MS, () => {
      pending = false;
      port.postMessage(progress() satisfies FromThread);
    });
  };
}
