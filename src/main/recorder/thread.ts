/**
 * The thread of the distributed recorder: from Kafka into the record in SQL, with connections of its own, so that
 * neither waits for the people who press. It records the partitions whose leases it has, see shares.ts.
 */

import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { KafkaConnection } from '../../adapters/kafka/connect.ts';
import type { KafkaEntry } from '../../adapters/kafka/partition-entries.ts';
import { type KafkaSlice, openKafkaReader } from '../../adapters/kafka/reader.ts';
import { makeMysqlLeases } from '../../adapters/mysql/leases.ts';
import { makeSystem } from '../../adapters/system/system.ts';
import type { Config } from '../../config/load.ts';
import { deriveKey } from '../../core/code.ts';
import type { Fact } from '../../core/event.ts';
import { makeHmac } from '../../core/hmac.ts';
import type { StoreResult } from '../../ports/record.ts';
import { makeLogger } from '../logger.ts';
import { makePace, makeTurns } from './pace.ts';
import { PartitionLoop } from './partition-loop.ts';
import { recording } from './recording.ts';
import { type FromThread, logTaken, runPartitions } from './run-partitions.ts';
import { openThreadStores } from './thread-stores.ts';

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
  /** how a batch is tried again after a fault that may pass */
  retry?: { max: number; baseMs: number };
  /** unlike that of every other process */
  instanceId: string;
  logLevel: Config['logLevel'];
  logFormat: Config['logFormat'];
}

/** How long Kafka holds a question to which it has no answer yet. */
const WAIT_MS = 1_000;
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
  parts: Omit<ConstructorParameters<typeof PartitionLoop<KafkaSlice>>[0], 'reader' | 'onTaken' | 'system'>,
): PartitionLoop<KafkaSlice> {
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
      logTaken(log, source, slice, result);
    },
  });
}

async function start(): Promise<void> {
  const stores = await openThreadStores({ ...data, asking: 3, system, log });
  const { mysql, letters, unsentLetters } = stores;
  const parts = {
    letters,
    unsentLetters,
    taking: recording({ ...stores.into, batchMax: data.batchMax }),
    turns: makeTurns(data.concurrency),
    pace: makePace(data.ratePerSecond, system),
  };
  const { instanceId, topic, partitions } = data;
  runPartitions({
    role: 'recorder',
    doing: 'recording',
    instanceId,
    topic,
    partitions,
    port,
    leases: makeMysqlLeases(mysql, system),
    system,
    log,
    open: (partition, holds, tell) => openLoop(partition, { ...parts, holds, tell }),
    close: stores.close,
  });
}

start().catch((error: unknown) => port.postMessage({ fatal: (error as Error).message } satisfies FromThread));
