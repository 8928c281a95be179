// Protects: an operator sees what the topics are and what they must be, makes what is missing, and deletes nothing
// without having been told what is lost; what this Kafka cannot keep is said before anybody relies on it.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { startKafka } from '../../scripts/services/kafka.ts';
import type { LocalService } from '../../scripts/services/local.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { openKafkaAnnouncements } from '../../src/adapters/kafka/announcements.ts';
import type { KafkaEntry } from '../../src/adapters/kafka/partition-entries.ts';
import { PartitionEntries } from '../../src/adapters/kafka/partition-entries.ts';
import { probeKafka } from '../../src/adapters/kafka/probe.ts';
import { ensureTopics } from '../../src/adapters/kafka/topics.ts';
import type { Announcement } from '../../src/ports/announcements.ts';
import { cleanEnv } from '../support/clean-env.ts';
import { appended, connectionTo, kafkaPlace, system, topicPlan } from '../support/kafka-place.ts';
import { sampleWin, T0 } from '../support/samples.ts';

const started = await startOrSkip(() => startKafka());
const kafka = started as LocalService;
const program = fileURLToPath(new URL('../../src/cli/dibs.ts', import.meta.url));

afterAll(() => started?.stop());

interface Ran {
  code: number;
  out: string;
  err: string;
}

function dibs(...args: string[]): Promise<Ran> {
  const env = cleanEnv({ DIBS_KAFKA_BROKERS: kafka.url });
  return new Promise((resolve) => {
    execFile(process.execPath, [program, 'topics', ...args], { env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

describe.skipIf(started === null)('dibs topics', () => {
  it('lists what is missing, makes it once, and finds it as planned', { timeout: 60_000 }, async () => {
    const before = await dibs('list', '--kafka-prefix', 'a.');
    expect([before.code, before.out.match(/not there/g)?.length]).toEqual([1, 8]);
    const made = await dibs('make', '--kafka-prefix', 'a.', '--json');
    expect(JSON.parse(made.out)).toMatchObject({ ok: true, made: { length: 8 } });
    const again = await dibs('make', '--kafka-prefix', 'a.', '--json');
    expect(JSON.parse(again.out)).toEqual({ ok: true, made: [] });
    const after = await dibs('list', '--kafka-prefix', 'a.', '--json');
    expect(after.code).toBe(0);
    const { topics } = JSON.parse(after.out) as { topics: { name: string }[] };
    expect(topics.find(({ name }) => name === 'a.dibs.claims.won.v1')).toEqual({
      name: 'a.dibs.claims.won.v1',
      present: true,
      partitions: 6,
      replicas: 1,
      minInsyncReplicas: 1,
      retentionMs: 604_800_000,
      messages: 0,
      problems: [],
    });
    const other = await dibs('list', '--kafka-prefix', 'a.', '--kafka-partitions', '12');
    expect(other.code).toBe(1);
    expect(other.out).toContain('a.dibs.claims.won.v1 has 6 partitions, and 12 are configured');
  });

  it('deletes only what was confirmed, and says what is lost', { timeout: 60_000 }, async () => {
    await dibs('make', '--kafka-prefix', 'b.');
    const place = await kafkaPlace(kafka.url, topicPlan({ name: 'b.dibs.claims.won.v1', partitions: 6 }));
    const log = await place.openLog();
    for (const seq of [1, 2, 3]) await appended(log, sampleWin(seq));
    await log.close();
    const asked = await dibs('delete', '--kafka-prefix', 'b.');
    expect(asked.code).toBe(2);
    expect(asked.err).toMatch(/b\.dibs\.claims\.won\.v1: 3 messages/);
    expect(asked.err).toMatch(/Nothing was deleted/);
    expect((await dibs('list', '--kafka-prefix', 'b.')).code).toBe(0);
    expect(await dibs('delete', 'somebody.elses', '--yes')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/no topic of Dibs/),
    });
    const gone = await dibs('delete', '--kafka-prefix', 'b.', '--yes', '--json', 'b.dibs.claims.won.v1');
    expect(JSON.parse(gone.out)).toEqual({
      ok: true,
      deleted: [{ name: 'b.dibs.claims.won.v1', messages: 3 }],
    });
    const left = await dibs('list', '--kafka-prefix', 'b.');
    expect([left.code, left.out.match(/not there/g)?.length]).toEqual([1, 1]);
  });

  it('ends with 3 when Kafka cannot be reached, with 2 when a setting is wrong', async () => {
    for (const act of ['list', 'make', 'delete']) {
      const away = await dibs(act, '--kafka-brokers', '127.0.0.1:1');
      expect([act, away.code, away.err]).toEqual([act, 3, expect.stringMatching(/127\.0\.0\.1:1/)]);
    }
    expect((await dibs('list', '--kafka-brokers', 'a b')).code).toBe(2);
    expect((await dibs('list', '--kafka-partitions', '0')).code).toBe(2);
  });
});

describe.skipIf(started === null)('a probe of Kafka', () => {
  it('says what is there, what it keeps, and where it is weak', async () => {
    const plan = topicPlan({ partitions: 2 });
    const connection = connectionTo(kafka.url);
    await ensureTopics(connection, system, [plan]);
    const missing = topicPlan();
    const findings = await probeKafka(connection, system, [plan, missing]);
    const by = (name: string) => findings.find((one) => one.name === name);
    expect(by('brokers')).toMatchObject({ finding: 'ok', found: expect.stringMatching(/^1 \(cluster/) });
    expect(by(plan.name)).toMatchObject({ finding: 'ok' });
    expect(by(missing.name)).toMatchObject({ finding: 'warn', found: 'not there' });
    expect(by('rights')).toMatchObject({ finding: 'ok', found: expect.stringMatching(/Read, Write/) });
    expect(by('logged')).toMatchObject({ finding: 'warn', found: expect.stringMatching(/page cache/) });
    expect(by('retention')).toMatchObject({ found: expect.stringMatching(/^24 h/) });
    const strict = await probeKafka(connection, system, [{ ...plan, partitions: 3, retentionMs: 1e12 }]);
    expect(strict.find((one) => one.name === plan.name)).toMatchObject({
      finding: 'fail',
      todo: expect.stringMatching(/2 partitions, and 3 .* retention\.ms/),
    });
  });

  it('finds a Kafka that is not there', async () => {
    const findings = await probeKafka(connectionTo('127.0.0.1:1'), system, [topicPlan()]);
    expect(findings).toMatchObject([{ name: 'brokers', finding: 'fail' }]);
  });
});

describe.skipIf(started === null)('facts that go on from the record', () => {
  it('are keyed by what they are about, and in order for each claim', { timeout: 30_000 }, async () => {
    const [coupons, campaigns] = [topicPlan({ partitions: 3 }), topicPlan()];
    const connection = connectionTo(kafka.url);
    await ensureTopics(connection, system, [coupons, campaigns]);
    const announcements = await openKafkaAnnouncements({
      connection,
      system,
      coupons: { topic: coupons.name, partitions: 3 },
      campaigns: { topic: campaigns.name, partitions: 1 },
    });
    const of = (seq: number, type: Announcement['type']): Announcement => ({
      ...{ id: `c:1:${seq}:${type}`, type, campaignId: 'c', claimId: `c.${seq}`, at: T0, data: { seq } },
    });
    const seqs = Array.from({ length: 50 }, (_, i) => i + 1);
    await announcements.send(seqs.map((seq) => of(seq, 'coupon.issued')));
    await announcements.send(seqs.map((seq) => of(seq, 'coupon.redeemed')));
    await announcements.send([{ ...of(0, 'campaign.sold_out'), claimId: null }]);
    await announcements.close();
    const read = async (topic: string, partition: number): Promise<KafkaEntry[]> => {
      const entries: KafkaEntry[] = [];
      const reader = new PartitionEntries({ connection, system, topic, partition });
      await reader.read(0, (entry) => entries.push(entry) < 0);
      await reader.close();
      return entries;
    };
    const all = (await Promise.all([0, 1, 2].map((partition) => read(coupons.name, partition)))).flat();
    const types = Map.groupBy(all, ({ key }) => String(key));
    expect(types.size).toBe(50);
    for (const entries of types.values()) {
      expect(entries.map(({ value }) => (JSON.parse(String(value)) as { type: string }).type)).toEqual([
        'coupon.issued',
        'coupon.redeemed',
      ]);
      expect(new Set(entries.map(({ partition }) => partition)).size).toBe(1);
    }
    const [soldOut] = await read(campaigns.name, 0);
    expect(String(soldOut?.key)).toBe('c');
  });
});
