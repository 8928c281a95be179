/**
 * The topics of Dibs (contract §8): made when they are missing, and held against what they must be. Names carry a
 * version, because a key must not move to another partition: another number of partitions is another version.
 */

import { Admin, ConfigResourceTypes } from '@platformatic/kafka';
import type { TopicVersion } from '../../core/topic-version.ts';
import { FIRST_VERSION } from '../../core/topic-version.ts';
import { type System, wait } from '../../ports/system.ts';
import {
  clientOptions,
  closeClient,
  type KafkaConnection,
  KafkaFault,
  kafkaCodes,
  kafkaFault,
  within,
} from './connect.ts';
import { dlqTopic } from './dead-letters.ts';

export const TOPICS = {
  requested: 'dibs.claims.requested.v1',
  won: 'dibs.claims.won.v1',
  coupons: 'dibs.coupons.v1',
  campaigns: 'dibs.campaigns.v1',
} as const;

/** Where requests of ordered mode are, in one of its versions; of the first it is `TOPICS.requested`. */
export const requestedTopic = (version: number): string => `dibs.claims.requested.v${version}`;

/** What a topic must be. */
export interface TopicPlan {
  name: string;
  partitions: number;
  replicas: number;
  minInsyncReplicas: number;
  retentionMs: number;
  /** whose clock the messages carry: in ordered mode the broker's, because it is the same for everybody */
  time: 'CreateTime' | 'LogAppendTime';
}

export interface TopicSettings {
  /** of `won` and `coupons`; the others have few and fixed ones */
  partitions: number;
  replicas: number;
  minInsyncReplicas: number;
  retentionMs: number;
  /** the versions of the topic of requests that must be there; the first one when nothing is said */
  requested?: readonly Pick<TopicVersion, 'version' | 'partitions'>[];
}

export type TopicsResult =
  | { kind: 'ready'; made: string[] }
  /** what to change, in sentences for an operator */
  | { kind: 'refused'; problems: string[] };

const FEW = 3;
export const CAMPAIGNS_PARTITIONS = FEW;
const CALL_MAX_MS = 10_000;
const KNOWN_POLL_MS = 50;
/** What the log sends at most in a message, and room for its headers. */
const MESSAGE_BYTES_MIN = 1_000_000;

/** All topics with their dead letters. */
export function planTopics(settings: TopicSettings): TopicPlan[] {
  const plan = (name: string, partitions: number, time: TopicPlan['time'] = 'CreateTime') => {
    const { replicas, minInsyncReplicas, retentionMs } = settings;
    const common = { partitions, replicas, minInsyncReplicas, retentionMs };
    return [
      { name, time, ...common },
      { name: dlqTopic(name), time: 'CreateTime' as const, ...common },
    ];
  };
  const { requested = [FIRST_VERSION] } = settings;
  return [
    ...requested.flatMap(({ version, partitions }) =>
      plan(requestedTopic(version), partitions, 'LogAppendTime'),
    ),
    ...plan(TOPICS.won, settings.partitions),
    ...plan(TOPICS.coupons, settings.partitions),
    ...plan(TOPICS.campaigns, FEW),
  ];
}

/** Makes what is missing and checks what is there. Never changes a topic that is there. */
export async function ensureTopics(
  connection: KafkaConnection,
  system: System,
  plans: readonly TopicPlan[],
): Promise<TopicsResult> {
  const wrong = plans.filter((plan) => plan.minInsyncReplicas > plan.replicas);
  if (wrong.length > 0) return { kind: 'refused', problems: wrong.map(tooManyInsync) };
  const admin = new Admin(clientOptions(connection, CALL_MAX_MS, 2));
  const call = <T>(what: string, asked: Promise<T>) => within(system, CALL_MAX_MS, what, asked);
  try {
    const present = new Set(await call('listing topics', admin.listTopics()));
    const missing = plans.filter(({ name }) => !present.has(name));
    const made: string[] = [];
    const problems: string[] = [];
    for (const plan of missing) {
      await call(`making ${plan.name}`, make(admin, plan)).then(
        () => made.push(plan.name),
        (error: KafkaFault) => {
          // Another process that starts at the same time may have been faster.
          if (!kafkaCodes(error).includes('TOPIC_ALREADY_EXISTS'))
            problems.push(refusal('make', plan, error));
        },
      );
    }
    if (problems.length > 0) return { kind: 'refused', problems };
    if (missing.length > 0) await untilKnown(admin, system, missing);
    for (const plan of plans.filter(({ name }) => !made.includes(name))) {
      await call(`checking ${plan.name}`, check(admin, plan)).then(
        (found) => problems.push(...found),
        (error: KafkaFault) => problems.push(refusal('look at', plan, error)),
      );
    }
    return problems.length > 0 ? { kind: 'refused', problems } : { kind: 'ready', made };
  } catch (error) {
    const where = connection.brokers.join(', ');
    return {
      kind: 'refused',
      problems: [`Kafka at ${where} cannot be asked: ${kafkaFault(error).message}.`],
    };
  } finally {
    await closeClient(system, admin, CALL_MAX_MS);
  }
}

async function make(admin: Admin, plan: TopicPlan): Promise<void> {
  const configs = Object.entries({
    'cleanup.policy': 'delete',
    'retention.ms': String(plan.retentionMs),
    'min.insync.replicas': String(plan.minInsyncReplicas),
    'unclean.leader.election.enable': 'false',
    'message.timestamp.type': plan.time,
  }).map(([name, value]) => ({ name, value }));
  const { name, partitions, replicas } = plan;
  await admin.createTopics({ topics: [{ topic: name, partitions, replicas }], configs });
}

/** The brokers hear of a new topic a little after the controller has said that it is made. */
async function untilKnown(admin: Admin, system: System, plans: readonly TopicPlan[]): Promise<void> {
  const lastMs = system.monotonic() + CALL_MAX_MS;
  for (;;) {
    const known = new Set(await within(system, CALL_MAX_MS, 'listing topics', admin.listTopics()));
    const unknown = plans.filter(({ name }) => !known.has(name)).map(({ name }) => name);
    if (unknown.length === 0) return;
    if (system.monotonic() > lastMs)
      throw new KafkaFault(`${unknown.join(', ')} cannot be seen although made: grant Describe on it`);
    await wait(system, KNOWN_POLL_MS);
  }
}

async function check(admin: Admin, plan: TopicPlan): Promise<string[]> {
  return topicProblems(plan, await findTopic(admin, plan.name));
}

/** What a topic that is there really is. */
export async function findTopic(admin: Admin, topic: string): Promise<TopicFound> {
  const metadata = await admin.metadata({ topics: [topic], forceUpdate: true });
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic };
  const [described] = await admin.describeConfigs({ resources: [resource] });
  const settings = new Map(described?.configs.map(({ name, value }) => [name, value ?? null]));
  const partitions = metadata.topics.get(topic)?.partitions ?? [];
  const replicas = Math.min(...partitions.map((partition) => partition.replicas.length));
  return { partitions: partitions.length, replicas, settings };
}

/** What a topic really is. */
export interface TopicFound {
  partitions: number;
  replicas: number;
  settings: ReadonlyMap<string, string | null>;
}

/** What is wrong with a topic, and what to change; empty when it will do. More than asked for is not wrong. */
export function topicProblems(plan: TopicPlan, found: TopicFound): string[] {
  const { name } = plan;
  const text = (setting: string) => found.settings.get(setting) ?? '';
  const number = (setting: string) => Number(found.settings.get(setting) ?? Number.NaN);
  const problems: string[] = [];
  if (found.partitions !== plan.partitions) {
    problems.push(
      `${name} has ${found.partitions} partitions, and ${plan.partitions} are configured. Configure ${found.partitions}: the number must not change under a key.`,
    );
  }
  if (found.replicas < plan.replicas) {
    problems.push(`${name} has ${found.replicas} replicas; it needs ${plan.replicas}.`);
  }
  const needs = (setting: string, holds: boolean, wanted: string) => {
    if (!holds) problems.push(`${name} has ${setting}=${text(setting)}; set it to ${wanted}.`);
  };
  const retentionMs = number('retention.ms');
  needs(
    'min.insync.replicas',
    number('min.insync.replicas') >= plan.minInsyncReplicas,
    `${plan.minInsyncReplicas}`,
  );
  needs('retention.ms', retentionMs === -1 || retentionMs >= plan.retentionMs, `${plan.retentionMs} or more`);
  needs('cleanup.policy', text('cleanup.policy') === 'delete', 'delete');
  needs('unclean.leader.election.enable', text('unclean.leader.election.enable') === 'false', 'false');
  needs('message.timestamp.type', text('message.timestamp.type') === plan.time, plan.time);
  needs(
    'max.message.bytes',
    number('max.message.bytes') >= MESSAGE_BYTES_MIN,
    `${MESSAGE_BYTES_MIN} or more`,
  );
  return problems;
}

const tooManyInsync = ({ name, replicas, minInsyncReplicas }: TopicPlan): string =>
  `${name}: min.insync.replicas ${minInsyncReplicas} can never be met by ${replicas} replicas.`;

/** Why a topic could not be made or looked at, as a sentence that says what to do. */
export function refusal(act: 'make' | 'look at', plan: TopicPlan, error: KafkaFault): string {
  const codes = kafkaCodes(error);
  const { name, partitions, replicas } = plan;
  if (codes.some((code) => code.endsWith('AUTHORIZATION_FAILED'))) {
    const rights = act === 'make' ? 'Create and Describe' : 'Describe and DescribeConfigs';
    return `Kafka does not let us ${act} ${name}: grant ${rights} on it, or make it by hand with ${partitions} partitions.`;
  }
  if (codes.includes('INVALID_REPLICATION_FACTOR')) {
    return `${name} cannot have ${replicas} replicas: there are fewer brokers. Configure fewer, or start more brokers.`;
  }
  return `Kafka could not ${act} ${name}: ${error.message}.`;
}
