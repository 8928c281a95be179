/** The log of a setup with several processes: Kafka, or without it the record itself; and who brings it into the record. */

import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import type { KafkaConnection } from '../adapters/kafka/connect.ts';
import type { KafkaLog } from '../adapters/kafka/log.ts';
import type { TopicPlan } from '../adapters/kafka/topics.ts';
import type { Config } from '../config/load.ts';
import type { Campaign } from '../core/campaign.ts';
import type { ClaimWon } from '../core/event.ts';
import type { TopicVersion } from '../core/topic-version.ts';
import { FIRST_VERSION } from '../core/topic-version.ts';
import type { Catalog } from '../flow/catalog.ts';
import { type CatchUp, sharedCatchUp } from '../flow/catch-up.ts';
import type { Codes } from '../flow/codes.ts';
import { ensureCodes, recordedWin } from '../flow/codes.ts';
import { makeRecordLog } from '../flow/record-log.ts';
import type { GaugeReading, RecorderState } from '../http/parts.ts';
import type { Log } from '../ports/log.ts';
import type { RecordStore, Win } from '../ports/record.ts';
import { type System, wait } from '../ports/system.ts';
import type { TopicVersions } from '../ports/topic-versions.ts';
import { PartFault } from './part-fault.ts';
import type { RunningRecorder } from './recorder/start.ts';

export interface SharedLog {
  log: Log;
  caughtUp: CatchUp;
  recorderState(): RecorderState;
  /** what it does: `ready`, or why it does not; null: no recorder in this process */
  recorderRole(): string | null;
  gauges(): GaugeReading[];
  name: string;
  kind: 'kafka' | 'record';
  stop(): Promise<void>;
}

export interface SharedLogParts {
  config: Config;
  master: Buffer;
  system: System;
  logger: Logger;
  record: RecordStore;
  versions: Pick<TopicVersions, 'all'>;
  catalog: Catalog;
  codes: Codes;
  instanceId: string;
}

/** Throws {@link PartFault} with what to change. */
export function openSharedLog(parts: SharedLogParts): Promise<SharedLog> {
  return parts.config.kafkaBrokers.length === 0 ? openRecordAsLog(parts) : openKafka(parts);
}

async function openRecordAsLog(parts: SharedLogParts): Promise<SharedLog> {
  const { record, system, catalog, codes, instanceId } = parts;
  const winsOf = async (facts: readonly ClaimWon[]): Promise<Win[]> => {
    const campaignOf = (id: string): Campaign | null => catalog.get(id)?.campaign ?? null;
    await ensureCodes(codes, facts, campaignOf);
    return facts.map((fact) => recordedWin(codes, campaignOf(fact.campaignId), fact));
  };
  const log = await makeRecordLog({ record, system, source: `direct/${instanceId}`, winsOf });
  const state = log.state();
  return {
    log,
    // What is on this log is in the record.
    caughtUp: async () => state.fault === null,
    recorderState: () => ({ next: state.end, end: state.end, lagMs: 0 }),
    recorderRole: () => null,
    gauges: () => [],
    name: 'the record itself as log',
    kind: 'record',
    stop: () => log.close(),
  };
}

export function kafkaConnection(config: Config): KafkaConnection {
  const { kafkaBrokers: brokers, kafkaTls, kafkaCaFile, kafkaSasl, kafkaUser, kafkaPassword } = config;
  const ca = kafkaCaFile === undefined ? {} : { ca: readFileSync(kafkaCaFile, 'utf8') };
  const login = { username: kafkaUser ?? '', password: kafkaPassword ?? '' };
  return {
    brokers,
    clientId: 'dibs',
    ...(kafkaTls ? { tls: ca } : {}),
    ...(kafkaSasl === 'none' ? {} : { sasl: { mechanism: MECHANISMS[kafkaSasl], ...login } }),
  };
}

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const;

const HOUR_MS = 3_600_000;
const REPLICAS_MAX = 3;

/** What the topics of this installation must be. A version that is drained may be gone: nobody reads it. */
export async function topicPlans(
  config: Config,
  versions: readonly TopicVersion[] = [FIRST_VERSION],
): Promise<TopicPlan[]> {
  const { planTopics } = await import('../adapters/kafka/topics.ts');
  const replicas = config.kafkaReplicas ?? Math.min(REPLICAS_MAX, config.kafkaBrokers.length);
  const plans = planTopics({
    partitions: config.kafkaPartitions,
    replicas,
    minInsyncReplicas: config.kafkaMinInsync ?? (replicas >= REPLICAS_MAX ? 2 : 1),
    retentionMs: config.kafkaRetentionHours * HOUR_MS,
    requested: versions.filter(({ state }) => state !== 'drained'),
  });
  return plans.map((plan) => ({ ...plan, name: `${config.kafkaPrefix ?? ''}${plan.name}` }));
}

async function openKafka(parts: SharedLogParts): Promise<SharedLog> {
  const { config, system, logger } = parts;
  const [{ ensureTopics, TOPICS }, { openKafkaLog }] = await Promise.all([
    import('../adapters/kafka/topics.ts'),
    import('../adapters/kafka/log.ts'),
  ]);
  const connection = kafkaConnection(config);
  const topics = await ensureTopics(connection, system, await topicPlans(config, await parts.versions.all()));
  if (topics.kind === 'refused') throw new PartFault(topics.problems.join('\n'));
  if (topics.made.length > 0) logger.info({ topics: topics.made }, 'topics made');
  const topic = `${config.kafkaPrefix ?? ''}${TOPICS.won}`;
  const partitions = config.kafkaPartitions;
  const log = await openKafkaLog({
    connection,
    system,
    topic,
    partitions,
    compression: config.kafkaCompression,
    onDelivered: (delivery) => logger.debug(delivery, 'delivered'),
  });
  try {
    return await withRecorder(parts, { connection, topic, partitions, log });
  } catch (error) {
    await log.close();
    throw error;
  }
}

interface OpenKafka {
  connection: KafkaConnection;
  topic: string;
  partitions: number;
  log: KafkaLog;
}

async function withRecorder(parts: SharedLogParts, kafka: OpenKafka): Promise<SharedLog> {
  const { system, record } = parts;
  const { connection, topic, partitions, log } = kafka;
  const recorder = parts.config.role.includes('recorder') ? await runRecorder(parts, kafka) : null;
  const [{ caughtUp }, { openKafkaEnds }] = await Promise.all([
    import('./recorder/caught-up.ts'),
    import('../adapters/kafka/ends.ts'),
  ]);
  const ends = openKafkaEnds({ connection, topic, partitions, system });
  const logState = log.state();
  return {
    log,
    caughtUp: sharedCatchUp(async (patienceMs) => {
      if (logState.fault !== null) return false;
      const flushed = log.flush().catch(() => null);
      const tooLong = wait(system, patienceMs).then(() => null);
      if ((await Promise.race([flushed, tooLong])) === null) return false;
      return caughtUp({ kafka: ends, record, system }, patienceMs);
    }, system),
    recorderState: () => recorderState(recorder, system),
    recorderRole: () => recorder && recorderFault(recorder),
    gauges: () => [...deliveries(log), ...lags(recorder)],
    name: 'log in Kafka',
    kind: 'kafka',
    async stop() {
      await log.close();
      await recorder?.stop();
      await ends.close();
    },
  };
}

async function runRecorder(parts: SharedLogParts, kafka: OpenKafka): Promise<RunningRecorder> {
  const { config, master, system, instanceId } = parts;
  const { startRecorder } = await import('./recorder/start.ts');
  const { connection, topic, partitions } = kafka;
  return startRecorder(
    {
      kafka: connection,
      topic,
      partitions,
      mysqlUrl: config.databaseUrl as string,
      master,
      batchMax: config.recorderBatch,
      ratePerSecond: config.recorderRatePerSecond,
      concurrency: config.recorderConcurrency,
      retry: { max: config.retryMax, baseMs: config.retryBaseMs },
      instanceId,
      logLevel: config.logLevel,
      logFormat: config.logFormat,
    },
    system,
  );
}

/** Entries that are not in the record, for each partition that this process records. */
function lags(recorder: RunningRecorder | null): GaugeReading[] {
  return (recorder?.state().partitions ?? []).map(({ source, lag }) => ({
    name: 'dibs_recorder_partition_lag',
    help: 'Entries of a partition that are not in the record.',
    labels: { source },
    value: lag ?? 0,
  }));
}

function deliveries(log: KafkaLog): GaugeReading[] {
  const { facts, sends, failures, oldestMs } = log.tally();
  return [
    { name: 'dibs_log_facts_total', help: 'Facts that Kafka has acknowledged.', value: facts },
    { name: 'dibs_log_sends_total', help: 'Sends to Kafka.', value: sends },
    {
      name: 'dibs_log_send_failures_total',
      help: 'Sends that failed or were not answered.',
      value: failures,
    },
    {
      name: 'dibs_log_oldest_wait_ms',
      help: 'How long the oldest fact has waited for Kafka.',
      value: oldestMs,
    },
  ];
}

function recorderFault(recorder: RunningRecorder): string {
  const { fault, partitions } = recorder.state();
  return fault ?? partitions.find((one) => one.fault !== null)?.fault ?? 'ready';
}

function recorderState(recorder: RunningRecorder | null, system: System): RecorderState {
  const partitions = recorder?.state().partitions ?? [];
  const next = partitions.reduce((all, one) => all + one.next, 0);
  const end = partitions.reduce((all, one) => all + Math.max(one.next, one.end ?? 0), 0);
  const behind = partitions.filter((one) => one.next < (one.end ?? 0));
  const since = behind.map((one) => one.caughtUpAt ?? system.now());
  return { next, end, lagMs: since.length === 0 ? 0 : system.now() - Math.min(...since) };
}
