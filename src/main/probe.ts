/**
 * What the parts of a configuration really are, for `dibs doctor`: each is asked by its own adapter, nothing is written,
 * and from the answers follows which durability levels hold and which setting is missing.
 */

import { parseBrokers } from '../adapters/kafka/connect.ts';
import { type KafkaFinding, probeKafka } from '../adapters/kafka/probe.ts';
import { parseMysqlUrl } from '../adapters/mysql/address.ts';
import { makePool } from '../adapters/mysql/connect.ts';
import { versionProblem } from '../adapters/mysql/open.ts';
import { type MysqlState, probeMysql } from '../adapters/mysql/probe.ts';
import { connectRedis, parseRedisUrl, untilReady } from '../adapters/redis/connect.ts';
import { type LevelProbe, probeRedis, type RedisProbe, type RedisServer } from '../adapters/redis/probe.ts';
import { makeSystem } from '../adapters/system/system.ts';
import { type Config, loadConfig } from '../config/load.ts';
import { isDistributed } from '../config/rules.ts';
import type { TopicVersion } from '../core/topic-version.ts';
import { FIRST_VERSION } from '../core/topic-version.ts';
import type { System } from '../ports/system.ts';
import { kafkaConnection, topicPlans } from './shared-log.ts';
import { versionsAt } from './topic-versions.ts';

const CALL_MAX_MS = 2_000;
const CONNECT_MAX_MS = 3_000;

/** One line of a report. */
export type Finding = KafkaFinding;

export interface ProbedPart {
  part: 'Redis' | 'Kafka' | 'MySQL';
  findings: Finding[];
}

export interface Probed {
  parts: ProbedPart[];
  /** one for each durability level: `ok` when it holds */
  levels: Finding[];
}

/** Null when these settings cannot be used, or when everything is in one process. */
export async function probeParts(
  env: NodeJS.ProcessEnv,
  readFile: (path: string) => string,
): Promise<Probed | null> {
  const loaded = loadConfig(env, {}, readFile);
  if (!loaded.ok || !isDistributed(loaded.config)) return null;
  const { config } = loaded;
  const system = makeSystem();
  const hasKafka = config.kafkaBrokers.length > 0;
  const [redis, kafka, mysql] = await Promise.all([
    config.redisUrl === undefined ? null : redisFindings(config, system),
    hasKafka ? kafkaFindings(config, system) : [],
    mysqlFindings(config, system),
  ]);
  return {
    parts: [
      ...(redis === null ? [] : [{ part: 'Redis' as const, findings: redis.findings }]),
      ...(hasKafka ? [{ part: 'Kafka' as const, findings: kafka }] : []),
      { part: 'MySQL', findings: mysql },
    ],
    levels: levelsOf({ redis, kafka: hasKafka ? kafka : null, mysql }),
  };
}

interface ProbedRedis {
  findings: Finding[];
  lacks: RedisLacks;
}

async function redisFindings(config: Config, system: System): Promise<ProbedRedis> {
  const address = parseRedisUrl(config.redisUrl as string);
  if (address.kind === 'invalid') return awayRedis(address.why);
  const client = connectRedis(address, { callMaxMs: CALL_MAX_MS });
  try {
    await untilReady(client, { system, maxMs: CONNECT_MAX_MS });
    return redisLines(await probeRedis(client, system, config.redisPrefix ?? ''));
  } catch (error) {
    return awayRedis(`cannot be asked: ${(error as Error).message}`);
  } finally {
    client.disconnect();
  }
}

function awayRedis(found: string): ProbedRedis {
  const lack = 'See Redis above.';
  const todo = 'Check DIBS_REDIS_URL, TLS and login, and that Redis runs.';
  return {
    findings: [{ name: 'address', finding: 'fail', found, todo }],
    lacks: { memory: lack, disk: lack, replicated: lack },
  };
}

/** One line a server, then what is wrong and what is doubtful. */
export function redisLines({ servers, problems, warnings, levels }: RedisProbe): ProbedRedis {
  const lackOf = ({ holds, missing }: LevelProbe): string | null => {
    if (holds === true) return null;
    return holds === null
      ? `It cannot be seen whether Redis has it: ${missing}.`
      : `Redis lacks: ${missing}.`;
  };
  return {
    findings: [
      ...servers.map((server): Finding => ({ name: server.at, finding: 'ok', found: serverText(server) })),
      ...problems.map((found): Finding => ({ name: 'problem', finding: 'fail', found })),
      ...warnings.map((found): Finding => ({ name: 'warning', finding: 'warn', found })),
    ],
    lacks: {
      memory: problems.length > 0 ? 'See Redis above.' : lackOf(levels.memory),
      disk: lackOf(levels.disk),
      replicated: lackOf(levels.replicated),
    },
  };
}

function serverText(server: RedisServer): string {
  const { product, version, role, replicas, maxmemoryPolicy, appendonly, appendfsync } = server;
  const clock = `clock ${signedMs(server.clockAheadMs)}`;
  const file = appendonly === false ? 'no' : (appendfsync ?? '?');
  const kept = `maxmemory-policy ${maxmemoryPolicy ?? '?'}, appendfsync ${file}`;
  return `${product} ${version ?? '?'}, ${role ?? '?'} with ${replicas ?? '?'} replicas, ${kept}, ${clock}`;
}

const signedMs = (ms: number): string => `${ms >= 0 ? '+' : '−'}${Math.abs(ms)} ms`;

async function kafkaFindings(config: Config, system: System): Promise<Finding[]> {
  const parsed = parseBrokers(config.kafkaBrokers.join(','));
  if (parsed.kind === 'invalid') return [{ name: 'brokers', finding: 'fail', found: parsed.why }];
  try {
    const connection = { ...kafkaConnection(config), brokers: parsed.brokers };
    return await probeKafka(connection, system, await topicPlans(config, await versionsOf(config)));
  } catch (error) {
    return [{ name: 'brokers', finding: 'fail', found: (error as Error).message }];
  }
}

/** Of a database that cannot be asked its own findings say so. */
async function versionsOf({ databaseUrl = '' }: Config): Promise<TopicVersion[]> {
  return versionsAt(databaseUrl).catch(() => [FIRST_VERSION]);
}

async function mysqlFindings(config: Config, system: System): Promise<Finding[]> {
  const parsed = parseMysqlUrl(config.databaseUrl as string);
  if (parsed.kind === 'invalid') return [{ name: 'address', finding: 'fail', found: parsed.why }];
  const { address } = parsed;
  try {
    const pool = makePool(address, { connectionsMax: 1 }).promise();
    try {
      return mysqlLines(await probeMysql({ address, pool }, system));
    } finally {
      await pool.end();
    }
  } catch (error) {
    return [{ name: 'database', finding: 'fail', found: (error as Error).message }];
  }
}

/** Sentences of the probe say what is wrong and what to change in one; here they are apart only by what they weigh. */
export function mysqlLines(state: MysqlState): Finding[] {
  const old = versionProblem(state.version);
  const flavour = state.isMariaDb ? 'MariaDB' : 'MySQL';
  const clock = `clock ${signedMs(state.clockAheadMs)}`;
  const binlog = state.syncBinlog === null ? 'no binary log' : `sync_binlog ${state.syncBinlog}`;
  const settings = `innodb_flush_log_at_trx_commit ${state.flushLogAtCommit}, ${binlog}, ${state.isolation}`;
  return [
    { name: 'version', finding: old === null ? 'ok' : 'fail', found: old ?? `${flavour} ${state.version}` },
    { name: 'settings', finding: 'ok', found: settings },
    { name: 'connection', finding: 'ok', found: `${state.tls ? 'TLS' : 'not encrypted'}, ${clock}` },
    ...state.problems.map((found): Finding => ({ name: 'problem', finding: 'fail', found })),
    ...state.warnings.map((found): Finding => ({ name: 'warning', finding: 'warn', found })),
  ];
}

/** What a level asks of Redis and does not find there; null: it is there. */
export interface RedisLacks {
  memory: string | null;
  disk: string | null;
  replicated: string | null;
}

export interface LevelParts {
  /** null: there is none, and ordered campaigns alone can be run */
  redis: { findings: readonly Finding[]; lacks: RedisLacks } | null;
  /** null: the record itself is the log */
  kafka: readonly Finding[] | null;
  mysql: readonly Finding[];
}

const NO_REDIS = 'Needs DIBS_REDIS_URL.';
const WITHOUT_REDIS: RedisLacks = { memory: NO_REDIS, disk: NO_REDIS, replicated: NO_REDIS };

/** Which levels hold on these parts. A level that does not hold is no fault by itself: a campaign may not ask for it. */
export function levelsOf({ redis, kafka, mysql }: LevelParts): Finding[] {
  const lacks = redis?.lacks ?? WITHOUT_REDIS;
  const { memory } = lacks;
  return [
    level('memory', memory, 'survives nothing but is the fastest'),
    level('disk', memory ?? lacks.disk, 'survives kill -9 and loss of power'),
    level('replicated', memory ?? lacks.replicated, "survives the loss of the primary's machine"),
    // Ordered campaigns are decided without Redis.
    loggedLevel(redis?.lacks.memory ?? loggedLack(kafka, mysql), kafka ?? mysql),
  ];
}

function level(name: string, lack: string | null, survives: string): Finding {
  if (lack === null) return { name, finding: 'ok', found: `holds: ${survives}` };
  return { name, finding: 'warn', found: 'does not hold', todo: lack };
}

function loggedLack(kafka: readonly Finding[] | null, mysql: readonly Finding[]): string | null {
  const [where, findings] = kafka === null ? ['MySQL', mysql] : ['Kafka', kafka];
  const failed = findings.find(({ finding }) => finding === 'fail');
  return failed === undefined ? null : `See ${where} above: ${failed.todo ?? failed.found}`;
}

/** A log with one copy holds until its machine is lost. */
function loggedLevel(lack: string | null, log: readonly Finding[]): Finding {
  const found = level('logged', lack, 'survives the loss of Redis');
  const copies = log.find(({ name, finding }) => name === 'logged' && finding === 'warn');
  if (lack !== null || copies === undefined) return found;
  const todo = copies.todo === undefined ? {} : { todo: copies.todo };
  return { name: 'logged', finding: 'warn', found: `holds, ${copies.found}`, ...todo };
}
