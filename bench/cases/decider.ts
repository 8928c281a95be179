/**
 * P10: requests a second that one decider decides from a real Kafka into a real MariaDB, each batch with its offset in one
 * transaction. A crowd that nearly all loses, and one in which one in ten wins.
 */

import { startKafka } from '../../scripts/services/kafka.ts';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { openKafkaRequests } from '../../src/adapters/kafka/requests.ts';
import { openKafkaRequestReader } from '../../src/adapters/kafka/requests-reader.ts';
import { ensureTopics, planTopics } from '../../src/adapters/kafka/topics.ts';
import { openMysql } from '../../src/adapters/mysql/open.ts';
import { makeMysqlRecord } from '../../src/adapters/mysql/record.ts';
import { steady } from '../../src/adapters/mysql/steady.ts';
import { makeSqlCampaigns } from '../../src/adapters/sql/campaigns.ts';
import { makeSqlRulings } from '../../src/adapters/sql/rulings.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { offsetOf } from '../../src/core/request.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import { makeDecider } from '../../src/flow/decide.ts';
import { sampleAudit, sampleCampaign } from '../../test/support/samples.ts';
import { type Figure, figure, isShort, median, rounds } from '../measure.ts';

const REQUESTS = isShort ? 50_000 : 500_000;
const ROUNDS = 5;
const BATCH = 5_000;
const WAITING_MAX = 50_000;

const system = makeSystem();
const codes = makeCodes(Buffer.alloc(32, 7));

/** Puts a crowd on the log; resolves with its partition and the offset after the last. */
async function putCrowd(
  requests: Awaited<ReturnType<typeof openKafkaRequests>>,
  campaignId: string,
): Promise<{ partition: number; end: number }> {
  let partition = 0;
  let end = 0;
  let durable = 0;
  for (let i = 0; i < REQUESTS; i++) {
    requests.append({ type: 'claim.requested', campaignId, userId: `user-${i}`, key: null }, (error, at) => {
      if (error !== null || at === null) throw error ?? new Error('nowhere');
      durable += 1;
      partition = at.partition;
      end = Math.max(end, offsetOf(at.place) + 1);
    });
    while (i - durable > WAITING_MAX) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await requests.flush();
  return { partition, end };
}

export async function decider(): Promise<Figure[]> {
  const [kafka, mariadb] = await Promise.all([startKafka({ lasting: true }), startMariaDb()]);
  const mysql = await openMysql(mariadb.url);
  const connection = { brokers: [kafka.url], clientId: 'bench' };
  const plans = planTopics({ partitions: 3, replicas: 1, minInsyncReplicas: 1, retentionMs: 3_600_000 });
  const topics = await ensureTopics(connection, system, plans);
  if (topics.kind === 'refused') throw new Error(topics.problems.join('\n'));
  const campaigns = steady(makeSqlCampaigns(mysql.db), mysql.address, system);
  const rulings = steady(makeSqlRulings(mysql.db), mysql.address, system);
  const record = makeMysqlRecord({ mysql, system });

  /** Decisions a second for a crowd of its own. */
  async function decided(id: string, quantity: number): Promise<number> {
    const open = { openedAt: system.now(), createdAt: system.now() };
    const campaign = sampleCampaign({ id, quantity, mode: 'ordered', durability: 'logged', ...open });
    await campaigns.create(campaign, sampleAudit({ target: id }));
    const requests = await openKafkaRequests({ connection, system, topicVersion: 1, partitions: 3 });
    const { partition, end } = await putCrowd(requests, id);
    await requests.close();
    const reader = openKafkaRequestReader({ connection, system, topicVersion: 1, partition });
    const parts = { source: reader.source, reader, record, rulings, campaigns, codes, system };
    const one = await makeDecider({ ...parts, batchMax: BATCH });
    const began = performance.now();
    while (one.next() < end) await one.step();
    const rate = REQUESTS / ((performance.now() - began) / 1000);
    await reader.close();
    const { issued } = await record.counts(id, 0);
    if (issued !== Math.min(quantity, REQUESTS)) throw new Error(`${issued} of ${quantity} were given`);
    return rate;
  }

  try {
    await decided('warm', 1000);
    const few = await rounds(ROUNDS, (index) => decided(`few-${index}`, 1000));
    const many = await rounds(ROUNDS, (index) => decided(`many-${index}`, REQUESTS / 10));
    const thousands = few.map((rate) => rate / 1000);
    return [
      figure(
        { id: 'P10', what: 'decisions of one decider from Kafka, 1,000 units', unit: 'k/s', atLeast: 100 },
        thousands,
        { oneInTenWins: `${Math.round(median(many) / 1000)} k/s` },
      ),
    ];
  } finally {
    await mysql.close();
    await Promise.all([kafka.stop(), mariadb.stop()]);
  }
}
