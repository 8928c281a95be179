/** The topics of an installation for the commands: listed against the plan, made, deleted. */

import { KafkaFault, parseBrokers } from '../adapters/kafka/connect.ts';
import { deleteTopics, reportTopics, type TopicReport } from '../adapters/kafka/topic-report.ts';
import { ensureTopics, type TopicPlan, type TopicsResult } from '../adapters/kafka/topics.ts';
import { makeSystem } from '../adapters/system/system.ts';
import { describeConfigErrors, loadConfig } from '../config/load.ts';
import { kafkaConnection, topicPlans } from './shared-log.ts';

export type { TopicReport } from '../adapters/kafka/topic-report.ts';

export interface Topics {
  brokers: string;
  plans: TopicPlan[];
  list(): Promise<TopicReport[]>;
  make(): Promise<TopicsResult>;
  remove(names: readonly string[]): Promise<void>;
}

/** The settings cannot be used; the message says which and what is allowed. */
export class TopicsRefused extends Error {
  override name = 'TopicsRefused';
}

/** Kafka cannot be asked, or did not do it. */
export class KafkaAway extends Error {
  override name = 'KafkaAway';
}

/** What a start asks for beside Kafka, and what has nothing to do with topics. */
const ELSEWHERE = { DIBS_REDIS_URL: 'redis://127.0.0.1', DIBS_DATABASE_URL: 'mysql://nobody@127.0.0.1/none' };

/** Reads the settings of Kafka as `dibs serve` reads them, and no others. Throws TopicsRefused. */
export async function openTopics(
  env: NodeJS.ProcessEnv,
  flags: Readonly<Record<string, unknown>>,
  readFile: (path: string) => string,
): Promise<Topics> {
  const ours = Object.entries(env).filter(([name]) => name.startsWith('DIBS_KAFKA_'));
  const loaded = loadConfig({ ...Object.fromEntries(ours), ...ELSEWHERE }, flags, readFile);
  if (!loaded.ok) throw new TopicsRefused(describeConfigErrors(loaded.errors));
  const { config } = loaded;
  const brokers = config.kafkaBrokers.join(',');
  if (brokers === '') throw new TopicsRefused('DIBS_KAFKA_BROKERS is not set: name the brokers, host:port,…');
  const parsed = parseBrokers(brokers);
  if (parsed.kind === 'invalid') throw new TopicsRefused(`DIBS_KAFKA_BROKERS: ${parsed.why}`);
  const connection = { ...kafkaConnection(config), brokers: parsed.brokers };
  const plans = await topicPlans(config);
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
    plans,
    list: () => asked(reportTopics(connection, system, plans)),
    async make() {
      // First a question that only fails when nobody answers.
      await asked(reportTopics(connection, system, plans));
      return ensureTopics(connection, system, plans);
    },
    remove: (names) => asked(deleteTopics(connection, system, names)),
  };
}
