/**
 * The thread of the distributed decider: requests from Kafka, decided in the order of their partition, into the record in
 * SQL. It decides the partitions whose leases it has (main/recorder/shares), each with a state of its own, and at once:
 * people wait for it.
 */

import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import type { KafkaConnection } from '../../adapters/kafka/connect.ts';
import { type KafkaRequestSlice, openKafkaRequestReader } from '../../adapters/kafka/requests-reader.ts';
import { requestedTopic } from '../../adapters/kafka/topics.ts';
import { makeMysqlLeases } from '../../adapters/mysql/leases.ts';
import { steady } from '../../adapters/mysql/steady.ts';
import { makeSqlRulings } from '../../adapters/sql/rulings.ts';
import { makeSystem } from '../../adapters/system/system.ts';
import type { Config } from '../../config/load.ts';
import { makeLogger } from '../logger.ts';
import { makePace, makeTurns } from '../recorder/pace.ts';
import { PartitionLoop, type PartitionParts } from '../recorder/partition-loop.ts';
import { type FromThread, logTaken, runPartitions } from '../recorder/run-partitions.ts';
import { openThreadStores } from '../recorder/thread-stores.ts';
import { deciding } from './deciding.ts';

export interface DeciderThreadData {
  kafka: KafkaConnection;
  /** what every topic's name begins with in this installation */
  prefix: string;
  /** which version of the topic of requests is read */
  topicVersion: number;
  /** as many as the topic has */
  partitions: number;
  mysqlUrl: string;
  master: Uint8Array;
  /** requests in one transaction, at most; a message of the log is never cut in two */
  batchMax: number;
  /** unlike that of every other process */
  instanceId: string;
  logLevel: Config['logLevel'];
  logFormat: Config['logFormat'];
}

/** How long Kafka holds a question to which it has no answer yet. */
const WAIT_MS = 1_000;

const data = workerData as DeciderThreadData;
const port = parentPort as MessagePort;
const system = makeSystem();
const log = makeLogger(data);

function openLoop(
  partition: number,
  parts: Omit<PartitionParts<KafkaRequestSlice>, 'reader' | 'onTaken' | 'system'>,
): PartitionLoop<KafkaRequestSlice> {
  const reader = openKafkaRequestReader({
    connection: data.kafka,
    system,
    prefix: data.prefix,
    topicVersion: data.topicVersion,
    partition,
    waitMs: WAIT_MS,
    onGap: (gap) => log.error(gap, 'requests are gone that were never decided'),
  });
  const { source } = reader;
  return new PartitionLoop({
    ...parts,
    reader,
    system,
    onTaken: (slice, result) => logTaken(log, source, slice, result),
  });
}

async function start(): Promise<void> {
  const { instanceId, partitions } = data;
  const stores = await openThreadStores({ ...data, concurrency: partitions, asking: 5, system, log });
  const { mysql, letters, unsentLetters } = stores;
  const parts = {
    letters,
    unsentLetters,
    taking: deciding({
      ...stores.into,
      rulings: steady(makeSqlRulings(mysql.db), mysql.address, system),
      batchMax: data.batchMax,
    }),
    turns: makeTurns(partitions),
    pace: makePace(0, system),
    gatherMs: 0,
  };
  runPartitions({
    role: 'decider',
    doing: 'deciding',
    instanceId,
    topic: `${data.prefix}${requestedTopic(data.topicVersion)}`,
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
