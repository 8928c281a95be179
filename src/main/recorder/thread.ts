/**
 * The thread of the distributed recorder: from Kafka into the record in SQL, with connections of its own, so that
 * neither waits for the people who press. It records the partitions whose leases it has, see shares.ts.
 */

import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { KafkaConnection } from '../../adapters/kafka/connect.ts';
import { openDeadLetters } from '../../adapters/kafka/dead-letters.ts';
import type { KafkaEntry } from '../../adapters/kafka/partition-entries.ts';
import { openKafkaReader } from '../../adapters/kafka/reader.ts';
import { makeMysqlLeases } from '../../adapters/mysql/leases.ts';
import { openMysql } from '../../adapters/mysql/open.ts';
import { makeMysqlRecord } from '../../adapters/mysql/record.ts';
import { steady } from '../../adapters/mysql/steady.ts';
import { makeSqlCampaigns } from '../../adapters/sql/campaigns.ts';
import { makeSystem } from '../../adapters/system/system.ts';
import type { Config } from '../../config/load.ts';
import { deriveKey } from '../../core/code.ts';
import type { Fact } from '../../core/event.ts';
import { makeHmac } from '../../core/hmac.ts';
import { makeCodes } from '../../flow/codes.ts';
import type { StoreResult } from '../../ports/record.ts';
import { makeLogger } from '../logger.ts';
import { makePace, makeTurns } from './pace.ts';
import { PartitionLoop, type PartitionProgress } from './partition-loop.ts';
import { type Shares, startShares } from './shares.ts';

export interface RecorderThreadData {
  kafka: KafkaConnection;
  topic: string;
  /** as many as the topic has */
  partitions: number;
  mysqlUrl: string;
  master: Uint8Array;
  /** facts in one transaction, at most; a message of the log is never cut in two */
  batchMax: number;
  /** facts a second at most, over all partitions of this process; 0: no limit */
  ratePerSecond: number;
  /** transactions at once, at most */
  concurrency: number;
  /** unlike that of every other process */
  instanceId: string;
  logLevel: Config['logLevel'];
  logFormat: Config['logFormat'];
}

export interface RecorderProgress {
  /** those that this process records, in order */
  partitions: PartitionProgress[];
  /** recorders that are there, this one included */
  members: number;
  /** why the leases could not be looked after; null when they could */
  fault: string | null;
}

export type FromThread = { ready: true } | { fatal: string } | { stopped: true } | RecorderProgress;

/** How long Kafka holds a question to which it has no answer yet. */
const WAIT_MS = 1_000;
/** Progress is told at most so often. */
const TELL_MS = 100;
const HASH_DIGITS = 12;

const data = workerData as RecorderThreadData;
const port = parentPort as MessagePort;
const system = makeSystem();
const log = makeLogger(data);

/** One line for each fact, when somebody wants to see them: who it was only as a keyed hash. */
function makeFactLines(logger: Logger) {
  if (!logger.isLevelEnabled('debug')) return null;
  const hash = makeHmac(deriveKey(Buffer.from(data.master), 'log-user'));
  let read: [KafkaEntry, readonly Fact[]][] = [];
  return {
    onEntry(entry: KafkaEntry, facts: readonly Fact[]): void {
      // Read once more after a batch that was not stored.
      if (entry.offset <= (read.at(-1)?.[0].offset ?? -1)) read = [];
      read.push([entry, facts]);
    },
    onTaken(result: StoreResult): void {
      const taken = read;
      read = [];
      if (result.kind === 'zombie') return;
      for (const [{ partition, offset }, facts] of taken) {
        for (const fact of facts) {
          if (fact.type !== 'claim.won') continue;
          const { campaignId, seq, userId, wonAt } = fact;
          const user = hash(userId).slice(0, HASH_DIGITS);
          logger.debug({ partition, offset, user, campaignId, seq, wonAt }, 'recorded');
        }
      }
    },
  };
}

function openLoop(
  partition: number,
  parts: Omit<ConstructorParameters<typeof PartitionLoop>[0], 'reader' | 'onTaken' | 'system'>,
): PartitionLoop {
  const lines = makeFactLines(log);
  const reader = openKafkaReader({
    connection: data.kafka,
    system,
    topic: data.topic,
    partition,
    waitMs: WAIT_MS,
    onGap: (gap) => log.error(gap, 'entries of the log are gone that were never read'),
    ...(lines === null ? {} : { onEntry: lines.onEntry }),
  });
  const { source } = reader;
  return new PartitionLoop({
    ...parts,
    reader,
    system,
    onTaken(slice, result) {
      lines?.onTaken(result);
      for (const { at, reason } of slice.unreadable) log.warn({ at, reason }, 'set aside: cannot be read');
      if (result.kind === 'zombie') log.warn({ source, next: result.next }, 'somebody else has moved on');
      else if (result.conflicts > slice.unreadable.length) {
        log.error({ source, conflicts: result.conflicts }, 'set aside: see the dead letters');
      }
    },
  });
}

/** Tells the main thread how far we are, soon but not for each step. */
function makeTeller(progress: () => RecorderProgress): () => void {
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

async function start(): Promise<void> {
  // One for each transaction under way, and some for leases and campaigns, which must not wait for them.
  const mysql = await openMysql(data.mysqlUrl, { connectionsMax: data.concurrency + 3 });
  const letters = openDeadLetters({ connection: data.kafka, system });
  const loops = new Map<number, PartitionLoop>();
  let fault: string | null = null;
  const tell = makeTeller(() => ({
    partitions: [...loops].sort(([a], [b]) => a - b).map(([, { progress }]) => progress),
    members: shares.members(),
    fault,
  }));
  const parts = {
    letters,
    flow: {
      record: makeMysqlRecord({ mysql, system, onRetry: (err) => log.warn({ err }, 'the record: again') }),
      campaigns: steady(makeSqlCampaigns(mysql.db), mysql.address, system),
      codes: makeCodes(Buffer.from(data.master)),
      batchMax: data.batchMax,
    },
    turns: makeTurns(data.concurrency),
    pace: makePace(data.ratePerSecond, system),
    tell,
  };
  const { instanceId, topic, partitions } = data;
  const shares: Shares = startShares({
    leases: makeMysqlLeases(mysql, system),
    system,
    instanceId,
    topic,
    partitions,
    gain(partition) {
      log.info({ topic, partition }, 'recording');
      loops.set(partition, openLoop(partition, { ...parts, holds: () => shares.holds(partition) }));
    },
    async lose(partition) {
      const loop = loops.get(partition);
      loops.delete(partition);
      await loop?.stop();
      log.info({ topic, partition }, 'recording no longer');
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
    await Promise.all([letters.close(), mysql.close()]).catch(() => undefined);
    port.postMessage({ stopped: true } satisfies FromThread);
  };
  port.once('message', () => void stop());
  port.postMessage({ ready: true } satisfies FromThread);
}

start().catch((error: unknown) => port.postMessage({ fatal: (error as Error).message } satisfies FromThread));
