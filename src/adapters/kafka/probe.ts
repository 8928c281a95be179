/** What this Kafka really is, held against what level `logged` promises. Nothing is written and nothing is changed. */

import { type Admin, apiVersionsV4, metadataV12 } from '@platformatic/kafka';
import type { System } from '../../ports/system.ts';
import { type KafkaConnection, KafkaFault, kafkaFault } from './connect.ts';
import { reportTopics, type TopicReport, withAdmin } from './topic-report.ts';
import type { TopicPlan } from './topics.ts';

export interface KafkaFinding {
  name: string;
  finding: 'ok' | 'warn' | 'fail';
  found: string;
  /** absent when nothing has to be done */
  todo?: string;
}

/** Bits of Kafka's AclOperation in what it says we may do with a topic. */
const RIGHTS = { Read: 3, Write: 4, Delete: 6, Describe: 8, DescribeConfigs: 10 } as const;
/** Without these nothing works; `Delete` only lets go of records before their time. */
const NEEDED = ['Read', 'Write', 'Describe', 'DescribeConfigs'] as const;
/** What Kafka says when it was not asked, or does not know. */
const UNKNOWN_RIGHTS = -2_147_483_648;
const HOUR_MS = 3_600_000;

/** Looks at brokers, topics and rights. Never rejects: a Kafka that cannot be asked is a finding. */
export async function probeKafka(
  connection: KafkaConnection,
  system: System,
  plans: readonly TopicPlan[],
): Promise<KafkaFinding[]> {
  try {
    const cluster = await withAdmin(connection, system, (admin, ask) =>
      ask('looking at the brokers', lookAtCluster(admin, plans)),
    );
    const reports = await reportTopics(connection, system, plans);
    return [
      { name: 'brokers', finding: 'ok', found: cluster.found },
      ...reports.map(topicFinding),
      rightsFinding(cluster.rights),
      ...copiesFinding(reports, cluster.brokers),
      ...retentionFinding(reports),
    ];
  } catch (error) {
    const found = `${connection.brokers.join(', ')} cannot be asked: ${kafkaFault(error).message}`;
    const todo = 'Check DIBS_KAFKA_BROKERS, TLS and login, and that the brokers run.';
    return [{ name: 'brokers', finding: 'fail', found, todo }];
  }
}

interface Cluster {
  brokers: number;
  found: string;
  /** topic → bits; only those that are there */
  rights: Map<string, number>;
}

async function lookAtCluster(admin: Admin, plans: readonly TopicPlan[]): Promise<Cluster> {
  const [connection] = (await admin.connectToBrokers()).values();
  if (connection === undefined) throw new KafkaFault('no broker answers');
  const names = plans.map(({ name }) => name);
  const [{ brokers, clusterId, topics }, { finalizedFeatures = [] }] = await Promise.all([
    metadataV12.api.async(connection, names, false, true).catch(keepResponse<metadataV12.MetadataResponse>),
    apiVersionsV4.api.async(connection, 'dibs', '1').catch(keepResponse<apiVersionsV4.ApiVersionsResponse>),
  ]);
  // The brokers do not tell their version; this is the level of features that all of them have agreed on.
  const level = finalizedFeatures.find(({ name }) => name === 'metadata.version')?.maxVersionLevel;
  const version = level === undefined ? '' : `, metadata.version ${level}`;
  const there = topics.filter(({ errorCode }) => errorCode === 0);
  return {
    brokers: brokers.length,
    found: `${brokers.length} (cluster ${clusterId}${version})`,
    rights: new Map(there.map(({ name, topicAuthorizedOperations: bits }) => [String(name), bits])),
  };
}

/** A topic that is not there makes the whole answer an error; what it says about the others is in it. */
function keepResponse<T>(error: unknown): T {
  const response = (error as { response?: T }).response;
  if (response === undefined) throw error;
  return response;
}

function topicFinding({ name, found, messages, problems }: TopicReport): KafkaFinding {
  if (found === null) {
    const todo = 'Made at the next start, or now by `dibs topics make`.';
    return { name, finding: 'warn', found: 'not there', todo };
  }
  const seen = `${found.partitions} partitions, ${found.replicas} replicas, ${messages} messages`;
  if (problems.length === 0) return { name, finding: 'ok', found: seen };
  return { name, finding: 'fail', found: seen, todo: problems.join(' ') };
}

function rightsFinding(rights: ReadonlyMap<string, number>): KafkaFinding {
  const known = [...rights].filter(([, bits]) => bits !== UNKNOWN_RIGHTS);
  if (known.length === 0) return { name: 'rights', finding: 'ok', found: 'not told by this Kafka' };
  const missing = known.flatMap(([topic, bits]) =>
    NEEDED.filter((right) => (bits & (1 << RIGHTS[right])) === 0).map((right) => `${right} on ${topic}`),
  );
  if (missing.length === 0) return { name: 'rights', finding: 'ok', found: NEEDED.join(', ') };
  const found = `missing: ${missing.join(', ')}`;
  return { name: 'rights', finding: 'fail', found, todo: 'Grant them to the user of DIBS_KAFKA_USER.' };
}

/** Kafka acknowledges what is in the memory of the replicas in sync; with one there is no second copy anywhere. */
function copiesFinding(reports: readonly TopicReport[], brokers: number): KafkaFinding[] {
  const copies = reports.flatMap(({ found }) =>
    found === null
      ? []
      : [Math.min(found.replicas, Number(found.settings.get('min.insync.replicas') ?? '1'))],
  );
  if (copies.length === 0) return [];
  const fewest = Math.min(...copies);
  if (fewest > 1) return [{ name: 'logged', finding: 'ok', found: `on ${fewest} brokers before it is told` }];
  const found = "on one broker's page cache before it is told: a loss of its power or disk loses told wins";
  const todo =
    brokers > 1
      ? 'Set DIBS_KAFKA_REPLICAS=3 and DIBS_KAFKA_MIN_INSYNC=2 for new topics.'
      : 'Fine for a trial. For more run three brokers, replicas 3 and min.insync.replicas 2.';
  return [{ name: 'logged', finding: 'warn', found, todo }];
}

function retentionFinding(reports: readonly TopicReport[]): KafkaFinding[] {
  const kept = reports.flatMap(({ found }) => found?.settings.get('retention.ms') ?? []).map(Number);
  if (kept.length === 0) return [];
  const limited = kept.filter((ms) => ms >= 0);
  const found = limited.length === 0 ? 'for ever' : `${Math.floor(Math.min(...limited) / HOUR_MS)} h`;
  return [
    { name: 'retention', finding: 'ok', found: `${found}; the recorder must never be behind for longer` },
  ];
}
