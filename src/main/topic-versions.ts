/**
 * The versions of the topic of requests for the commands: which there are, and how another number of partitions comes to
 * be while people press. Each step can be done again; whoever is killed between two of them runs the command again.
 */

import { openKafkaEnds } from '../adapters/kafka/ends.ts';
import { ensureTopics, requestedTopic } from '../adapters/kafka/topics.ts';
import { parseMysqlUrl } from '../adapters/mysql/address.ts';
import { makePool } from '../adapters/mysql/connect.ts';
import { makeMysqlLeases } from '../adapters/mysql/leases.ts';
import { openMysql } from '../adapters/mysql/open.ts';
import { makeMysqlRecord } from '../adapters/mysql/record.ts';
import { makeMysqlTopicVersions, readTopicVersions } from '../adapters/mysql/topic-versions.ts';
import type { Config } from '../config/load.ts';
import type { TopicVersion } from '../core/topic-version.ts';
import { currentOf, drainingOf, FIRST_VERSION } from '../core/topic-version.ts';
import type { Drain, DrainParts } from '../flow/drain-version.ts';
import { drainVersion } from '../flow/drain-version.ts';
import { type System, wait } from '../ports/system.ts';
import type { TopicVersions } from '../ports/topic-versions.ts';
import { kafkaConnection, topicPlans } from './shared-log.ts';

export type Migrated =
  /** the current version has so many partitions, and nothing drains */
  | { kind: 'nothing'; version: number }
  /** what stands against it, in sentences */
  | { kind: 'refused'; problems: string[] }
  /** the time is over; it goes on by itself, and the same command watches on */
  | { kind: 'draining'; version: number; drain: Drain }
  | { kind: 'drained'; version: number };

export interface MigrateParts {
  config: Config;
  system: System;
  partitions: number;
  /** until then the older version should be drained */
  waitMs: number;
  /** told what drains, again and again */
  tell(drain: Drain, version: number): void;
}

const NO_SUCH_TABLE = 1146;
const LOOK_MS = 300;

/** Reads and changes nothing else: the database may be one that no server was started on yet. */
export async function versionsAt(mysqlUrl: string): Promise<TopicVersion[]> {
  const parsed = parseMysqlUrl(mysqlUrl);
  if (parsed.kind === 'invalid') throw new Error(parsed.why);
  const pool = makePool(parsed.address, { connectionsMax: 1 }).promise();
  try {
    return await readTopicVersions(pool);
  } catch (error) {
    if ((error as { errno?: number }).errno === NO_SUCH_TABLE) return [FIRST_VERSION];
    throw error;
  } finally {
    await pool.end();
  }
}

/** Rejects when the database or Kafka cannot be asked. */
export async function migrateRequests(parts: MigrateParts): Promise<Migrated> {
  const { config, system } = parts;
  const mysql = await openMysql(config.databaseUrl as string);
  try {
    const versions = makeMysqlTopicVersions(mysql, system);
    const begun = await begin(parts, versions);
    if (begun.kind !== 'begun') return begun;
    const record = makeMysqlRecord({ mysql, system });
    const leases = makeMysqlLeases(mysql, system);
    const ends = (version: TopicVersion) => endsOf(parts, version);
    return await watch(parts, { versions, record, leases, system, ends }, versions, begun.version);
  } finally {
    await mysql.close();
  }
}

async function begin(
  { config, system, partitions }: MigrateParts,
  versions: TopicVersions,
): Promise<Migrated | { kind: 'begun'; version: number }> {
  const all = await versions.all();
  const current = currentOf(all);
  if (current.partitions === partitions) {
    const { version } = current;
    return { kind: drainingOf(all) === null ? 'nothing' : 'begun', version };
  }
  if (drainingOf(all) !== null) return notYet(all);
  const version = current.version + 1;
  const next: TopicVersion = { version, partitions, state: 'current', since: 0 };
  const topic = topicOf(config, version);
  const plans = (await topicPlans(config, [next])).filter(({ name }) => name.startsWith(topic));
  const made = await ensureTopics(kafkaConnection(config), system, plans);
  if (made.kind === 'refused') return made;
  if (await versions.begin(next, system.now())) return { kind: 'begun', version };
  const since = await versions.all();
  return currentOf(since).partitions === partitions ? { kind: 'begun', version } : notYet(since);
}

function notYet(all: readonly TopicVersion[]): Migrated {
  const { version, partitions } = currentOf(all);
  const before = drainingOf(all);
  const what = before === null ? 'Somebody else has just changed it' : `Version ${before.version} drains`;
  return {
    kind: 'refused',
    problems: [
      `${what}, and version ${version} with ${partitions} partitions follows it. Watch that first: dibs topics migrate --partitions ${partitions}`,
    ],
  };
}

async function watch(
  { system, waitMs, tell }: MigrateParts,
  parts: DrainParts,
  versions: TopicVersions,
  version: number,
): Promise<Migrated> {
  const until = system.monotonic() + waitMs;
  for (;;) {
    const drain = await drainVersion(parts, await versions.all());
    if (drain.kind === 'none' || drain.kind === 'closed') return { kind: 'drained', version };
    tell(drain, version);
    if (system.monotonic() > until) return { kind: 'draining', version, drain };
    await wait(system, LOOK_MS);
  }
}

async function endsOf({ config, system }: MigrateParts, { version, partitions }: TopicVersion) {
  const topic = topicOf(config, version);
  const ends = openKafkaEnds({ connection: kafkaConnection(config), topic, partitions, system });
  try {
    return await ends.ends();
  } finally {
    await ends.close();
  }
}

const topicOf = (config: Config, version: number): string =>
  `${config.kafkaPrefix ?? ''}${requestedTopic(version)}`;
