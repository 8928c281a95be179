/** The topics of an installation for the commands: listed against the plan, made, deleted, brought to more partitions. */

import { KafkaFault, parseBrokers } from '../adapters/kafka/connect.ts';
import { deleteTopics, reportTopics, type TopicReport } from '../adapters/kafka/topic-report.ts';
import { ensureTopics, type TopicPlan, type TopicsResult } from '../adapters/kafka/topics.ts';
import { makeSystem } from '../adapters/system/system.ts';
import { type Config, describeConfigErrors, loadConfig } from '../config/load.ts';
import type { TopicVersion } from '../core/topic-version.ts';
import { FIRST_VERSION } from '../core/topic-version.ts';
import type { System } from '../ports/system.ts';
import { kafkaConnection, topicPlans } from './shared-log.ts';
import type { Migrated, MigrateParts } from './topic-versions.ts';

export type { TopicReport } from '../adapters/kafka/topic-report.ts';
export type { TopicVersion } from '../core/topic-version.ts';
export type { Drain } from '../flow/drain-version.ts';

export interface Topics {
  brokers: string;
  /** of the topic of requests; null: no database is named, so nobody knows whether there is more than the first */
  versions: TopicVersion[] | null;
  plans: TopicPlan[];
  /** of versions that are drained: nobody reads them, and they may be gone */
  past: TopicPlan[];
  /** What is planned, and then what is there of the past. */
  list(): Promise<TopicReport[]>;
  make(): Promise<TopicsResult>;
  remove(names: readonly string[]): Promise<void>;
  /** Throws TopicsRefused when no database is named. */
  migrate(how: Pick<MigrateParts, 'partitions' | 'waitMs' | 'tell'>): Promise<Migrated>;
}

/** The settings cannot be used; the message says which and what is allowed. */
export class TopicsRefused extends Error {
  override name = 'TopicsRefused';
}

/** Kafka cannot be asked, or did not do it. */
export class KafkaAway extends Error {
  override name = 'KafkaAway';
}

/** The database cannot be asked, or what it says of the versions cannot be. */
export class DatabaseAway extends Error {
  override name = 'DatabaseAway';
}

const DATABASE = 'DIBS_DATABASE_URL';
const NO_DATABASE = 'mysql://nobody@127.0.0.1/none';
/** What a start asks for beside Kafka, and what has nothing to do with topics. */
const ELSEWHERE = { DIBS_REDIS_URL: 'redis://127.0.0.1', [DATABASE]: NO_DATABASE };

/**
 * Reads the settings of Kafka and of the database as `dibs serve` reads them, and no others. Throws TopicsRefused and
 * DatabaseAway.
 */
export async function openTopics(
  env: NodeJS.ProcessEnv,
  flags: Readonly<Record<string, unknown>>,
  readFile: (path: string) => string,
): Promise<Topics> {
  const loaded = loadConfig(settingsIn(env), flags, readFile);
  if (!loaded.ok) throw new TopicsRefused(describeConfigErrors(loaded.errors));
  const { config } = loaded;
  const brokers = config.kafkaBrokers.join(',');
  if (brokers === '') throw new TopicsRefused('DIBS_KAFKA_BROKERS is not set: name the brokers, host:port,…');
  const parsed = parseBrokers(brokers);
  if (parsed.kind === 'invalid') throw new TopicsRefused(`DIBS_KAFKA_BROKERS: ${parsed.why}`);
  const connection = { ...kafkaConnection(config), brokers: parsed.brokers };
  const versions = config.databaseUrl === NO_DATABASE ? null : await askVersions(config);
  const [plans, past] = await plansOf(config, versions ?? [FIRST_VERSION]);
  const system = makeSystem();
  const asked = async <T>(promise: Promise<T>): Promise<T> => {
    try {
      return await promise;
    } catch (error) {
      if (!(error instanceof KafkaFault)) throw error;
      throw new KafkaAway(`Kafka at ${brokers} did not do it: ${error.message}.`);
    }
  };
  return {
    brokers,
    versions,
    plans,
    past,
    async list() {
      const all = await asked(reportTopics(connection, system, [...plans, ...past]));
      return all.filter(({ plan, found }) => found !== null || plans.includes(plan));
    },
    async make() {
      // First a question that only fails when nobody answers.
      await asked(reportTopics(connection, system, plans));
      return ensureTopics(connection, system, plans);
    },
    remove: (names) => asked(deleteTopics(connection, system, names)),
    async migrate(how) {
      if (versions === null) {
        throw new TopicsRefused(`${DATABASE} is not set: the versions are kept there, mysql://…`);
      }
      await asked(reportTopics(connection, system, plans));
      return migrate(config, system, how);
    },
  };
}

/** Kafka's, and the database when it is one that several processes share. */
function settingsIn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours = Object.entries(env).filter(
    ([name, value]) =>
      name.startsWith('DIBS_KAFKA_') ||
      name === `${DATABASE}_FILE` ||
      (name === DATABASE && value?.startsWith('mysql') === true),
  );
  const given = Object.fromEntries(ours);
  const { [DATABASE]: none, ...elsewhere } = ELSEWHERE;
  const hasDatabase = DATABASE in given || `${DATABASE}_FILE` in given;
  return { ...given, ...elsewhere, ...(hasDatabase ? {} : { [DATABASE]: none }) };
}

async function askVersions({ databaseUrl = '' }: Config): Promise<TopicVersion[]> {
  const { versionsAt } = await import('./topic-versions.ts');
  return versionsAt(databaseUrl).catch((error: Error) => {
    throw new DatabaseAway(error.message);
  });
}

/** What must be there, and what may be gone. */
async function plansOf(
  config: Config,
  versions: readonly TopicVersion[],
): Promise<[TopicPlan[], TopicPlan[]]> {
  const plans = await topicPlans(config, versions);
  const undrained = versions.map((version): TopicVersion => ({ ...version, state: 'current' }));
  const all = await topicPlans(config, undrained);
  return [plans, all.filter(({ name }) => !plans.some((plan) => plan.name === name))];
}

async function migrate(
  config: Config,
  system: System,
  how: Pick<MigrateParts, 'partitions' | 'waitMs' | 'tell'>,
): Promise<Migrated> {
  const { migrateRequests } = await import('./topic-versions.ts');
  try {
    return await migrateRequests({ config, system, ...how });
  } catch (error) {
    const { message } = error as Error;
    throw error instanceof KafkaFault ? new KafkaAway(message) : new DatabaseAway(message);
  }
}
