/** The topics as they are, next to what they must be; and their end. For operators, never on the way of a claim. */

import { Admin } from '@platformatic/kafka';
import type { System } from '../../ports/system.ts';
import { clientOptions, closeClient, type KafkaConnection, kafkaFault, within } from './connect.ts';
import { countMessages } from './ends.ts';
import { findTopic, type TopicFound, type TopicPlan, topicProblems } from './topics.ts';

export interface TopicReport {
  name: string;
  plan: TopicPlan;
  /** null: it is not there */
  found: TopicFound | null;
  /** messages in it, at most; null: it is not there */
  messages: number | null;
  /** what is not as it must be, and what to change */
  problems: string[];
}

const CALL_MAX_MS = 10_000;

type Ask = <T>(what: string, asked: Promise<T>) => Promise<T>;

/** Runs `ask` with a client that ends with it. Every fault is a KafkaFault. */
export async function withAdmin<T>(
  connection: KafkaConnection,
  system: System,
  use: (admin: Admin, ask: Ask) => Promise<T>,
): Promise<T> {
  const admin = new Admin(clientOptions(connection, CALL_MAX_MS, 1));
  try {
    return await use(admin, (what, asked) => within(system, CALL_MAX_MS, what, asked));
  } catch (error) {
    throw kafkaFault(error);
  } finally {
    await closeClient(system, admin, CALL_MAX_MS);
  }
}

/** Each planned topic as it is, in the order of the plans. Rejects with a KafkaFault when Kafka cannot be asked. */
export function reportTopics(
  connection: KafkaConnection,
  system: System,
  plans: readonly TopicPlan[],
): Promise<TopicReport[]> {
  return withAdmin(connection, system, async (admin, ask) => {
    const present = new Set(await ask('listing topics', admin.listTopics()));
    const reports: TopicReport[] = [];
    for (const plan of plans) {
      const { name } = plan;
      if (!present.has(name)) {
        reports.push({ name, plan, found: null, messages: null, problems: [`${name} is not there.`] });
        continue;
      }
      const found = await ask(`looking at ${name}`, findTopic(admin, name));
      const held = { topic: name, partitions: found.partitions };
      const messages = await countMessages(admin, system, held, CALL_MAX_MS);
      reports.push({ name, plan, found, messages, problems: topicProblems(plan, found) });
    }
    return reports;
  });
}

/** Deletes topics with everything in them. Rejects with a KafkaFault; then some may be gone. */
export function deleteTopics(
  connection: KafkaConnection,
  system: System,
  names: readonly string[],
): Promise<void> {
  return withAdmin(connection, system, (admin, ask) =>
    ask(`deleting ${names.join(', ')}`, admin.deleteTopics({ topics: [...names] })),
  );
}
