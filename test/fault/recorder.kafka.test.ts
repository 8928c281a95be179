// Protects: from Kafka into the record exactly once, whoever is killed and whoever takes over: no fact twice, none left
// out, no offset moved by somebody who was overtaken; what cannot be read goes to the dead letters and stops nobody.

import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startKafka } from '../../scripts/services/kafka.ts';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { openKafkaEnds } from '../../src/adapters/kafka/ends.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import type { Fact } from '../../src/core/event.ts';
import { caughtUp } from '../../src/main/recorder/caught-up.ts';
import { RecorderFault, startRecorder } from '../../src/main/recorder/start.ts';
import type { RecordPlace } from '../support/contract/record-bench.ts';
import { appended, system } from '../support/kafka-place.ts';
import { makerOfMysqlPlaces } from '../support/mysql-place.ts';
import { type RecorderProcess, recorderPlace } from '../support/recorder-place.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../support/samples.ts';

const services = await startOrSkip(async () => {
  const [kafka, maria] = await Promise.all([startKafka(), startMariaDb()]);
  return { kafka, maria };
});

describe.skipIf(services === null)('the recorder between Kafka and MariaDB', () => {
  if (!services) return;
  const { kafka, maria } = services;
  const places = makerOfMysqlPlaces(maria.url);
  let record: RecordPlace;
  let mysql: Mysql;

  beforeAll(async () => {
    mysql = await openMysql(maria.url);
  });
  afterAll(async () => {
    await Promise.all([places.close(), mysql.close()]);
    await Promise.all([kafka.stop(), maria.stop()]);
  });

  async function place(partitions: number) {
    record = await places.make();
    await record.campaigns.create(
      sampleCampaign({ quantity: 1_000_000, codes: { source: 'generated' } }),
      sampleAudit(),
    );
    const made = await recorderPlace(kafka.url, maria.url, partitions, mysql);
    onTestFinished(() => made.close());
    return made;
  }
  const issued = async () => (await record.record.counts('chicken-100', T0)).issued;
  const until = (count: number, timeout = 30_000) =>
    expect.poll(issued, { timeout, interval: 30 }).toBe(count);

  /** Each unit is there once, was told to the outside world once, and nothing was set aside. */
  async function exactlyOnce(count: number): Promise<void> {
    expect(await record.record.counts('chicken-100', T0)).toMatchObject({
      issued: count,
      distinctSeqs: count,
      distinctUsers: count,
    });
    const [rows] = await mysql.pool.query("SELECT issued FROM campaigns WHERE id = 'chicken-100'");
    expect(rows).toEqual([{ issued: count }]);
    const told = (await record.outbox('chicken-100')).reduce(
      (sum, { type, seqFirst, seqLast }) =>
        type === 'coupon.issued' ? sum + Number(seqLast) - Number(seqFirst) + 1 : sum,
      0,
    );
    expect(told).toBe(count);
    expect(await record.letters.list({}, null, 10)).toEqual([]);
  }
  const owned = (one: RecorderProcess) => one.state()?.partitions.map(({ source }) => source) ?? [];

  it('stores nothing twice after kill -9 between the commit and the next read', async () => {
    const { start, fill, next } = await place(1);
    await fill(1, 20_000, 1000);
    // It tells each fact after the commit; nobody listens, so it stands still right there.
    const first = await start({ logLevel: 'debug' });
    await expect.poll(next, { timeout: 10_000 }).not.toEqual([0]);
    await wait(500);
    const stoodAt = await next();
    await wait(200);
    expect(await next()).toEqual(stoodAt);
    expect(stoodAt[0]).toBeLessThan(20);
    await first.kill();
    const second = await start();
    await until(20_000);
    await exactlyOnce(20_000);
    expect(await next()).toEqual([20]);
    await expect
      .poll(() => second.state()?.partitions[0])
      .toMatchObject({
        next: 20,
        end: 20,
        lag: 0,
        facts: 20_000 - (stoodAt[0] ?? 0) * 1000,
        conflicts: 0,
        fault: null,
      });
  });

  it('shares the partitions while facts come, gives them back at a stop, and takes over after a kill', async () => {
    const { start, fill } = await place(6);
    const one = await start();
    await expect.poll(() => owned(one)).toHaveLength(6);
    let seq = 0;
    let pressing = true;
    const filling = (async () => {
      while (pressing) {
        await fill(seq + 1, seq + 40, 10);
        seq += 40;
      }
    })();
    const two = await start();
    await expect.poll(() => [owned(one).length, owned(two).length], { timeout: 10_000 }).toEqual([3, 3]);
    const three = await start();
    await expect
      .poll(() => [one, two, three].map((each) => owned(each).length), { timeout: 10_000 })
      .toEqual([2, 2, 2]);
    expect(new Set([one, two, three].flatMap(owned)).size).toBe(6);
    expect(await three.stop()).toBeLessThan(4_000);
    await expect.poll(() => [owned(one).length, owned(two).length], { timeout: 5_000 }).toEqual([3, 3]);
    await two.kill();
    await expect.poll(() => owned(one).length, { timeout: 12_000 }).toBe(6);
    pressing = false;
    await filling;
    await until(seq);
    await exactlyOnce(seq);
    const overtaken = one.state()?.partitions.map((each) => each.overtaken);
    expect(overtaken).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('is refused its offset when somebody else has recorded its partition, and reads on from there', async () => {
    const { start, fill, settings } = await place(1);
    const one = await start({ instanceId: 'slow', ratePerSecond: 1000 });
    await fill(1, 3000, 1000);
    await expect.poll(issued, { timeout: 10_000 }).toBeGreaterThan(0);
    process.kill(one.pid, 'SIGSTOP');
    const other = await startRecorder(settings({ instanceId: 'other', logLevel: 'silent' }), system);
    onTestFinished(() => other.stop());
    await until(3000);
    await other.stop();
    process.kill(one.pid, 'SIGCONT');
    await fill(3001, 4000, 1000);
    await until(4000);
    await exactlyOnce(4000);
  });

  it('sends what it cannot read to the dead letters before it moves on, and the rest goes on', async () => {
    const { start, fill, kafka: topic } = await place(1);
    await fill(1, 10, 5);
    await topic.spoil('{"half');
    await fill(11, 20, 5);
    await topic.spoil('');
    const one = await start();
    await until(20);
    await expect
      .poll(() => one.state()?.partitions[0])
      .toMatchObject({ facts: 20, dead: 2, conflicts: 2, next: 6, lag: 0 });
    const letters = topic.openReader(0, { topic: `${topic.topic}.dlq` });
    onTestFinished(() => letters.close());
    const { unreadable } = await letters.read(0, 10);
    expect(unreadable.map(({ payload }) => payload)).toEqual(['{"half', '']);
    const kept = await record.letters.list({}, null, 10);
    expect(kept.map(({ source }) => source).sort()).toEqual([`${topic.topic}/0:2`, `${topic.topic}/0:5`]);
  });

  it('sends what the record has set aside to the dlq too, once it is written, with its causes', async () => {
    const { start, fill, kafka: topic } = await place(1);
    await mysql.pool.query('ALTER TABLE claims ADD CONSTRAINT a_fault CHECK (seq <> 5)');
    onTestFinished(async () => void (await mysql.pool.query('ALTER TABLE claims DROP CONSTRAINT a_fault')));
    await fill(1, 10, 10);
    await start();
    await until(9);
    const letters = topic.openReader(0, { topic: `${topic.topic}.dlq` });
    onTestFinished(() => letters.close());
    await expect
      .poll(async () => (await record.unsentLetters.unsent(`${topic.topic}/0`, 10)).length, {
        timeout: 10_000,
      })
      .toBe(0);
    const { unreadable } = await letters.read(0, 10);
    const [letter] = await record.letters.list({}, null, 10);
    expect(unreadable.map(({ payload }) => payload)).toEqual([letter?.payload]);
    const entry = unreadable[0]?.entry;
    const headers = new Map(entry?.headers.map(([name, text]) => [String(name), String(text)]));
    expect(headers.get('dlq_cause')).toContain('a_fault');
    expect(JSON.parse(headers.get('dlq_causes') ?? '')).toEqual(letter?.causes);
    expect([headers.get('dlq_letter'), entry?.key?.toString()]).toEqual([
      String(letter?.id),
      'chicken-100.5',
    ]);
  });

  it('keeps the pace over all its partitions together', async () => {
    const { start, fill } = await place(3);
    await fill(1, 2000, 50);
    const began = performance.now();
    await start({ ratePerSecond: 500, batchMax: 50 });
    await until(2000);
    const seconds = (performance.now() - began) / 1000;
    expect(seconds).toBeGreaterThan(3.7);
    expect(seconds).toBeLessThan(12);
    await exactlyOnce(2000);
  });

  it('goes on by itself after the database and Kafka were away, and says meanwhile what is wrong', async () => {
    const { start, fill } = await place(2);
    const one = await start();
    await fill(1, 100, 10);
    await until(100);
    await maria.kill();
    await fill(101, 200, 10);
    await expect.poll(() => one.state()?.fault, { timeout: 10_000 }).toMatch(/No database answers/);
    await maria.restart();
    await until(200);
    await kafka.kill();
    await expect.poll(() => one.state()?.partitions[0]?.fault ?? null, { timeout: 10_000 }).not.toBeNull();
    await kafka.restart();
    await fill(201, 300, 10);
    await until(300);
    await exactlyOnce(300);
    await expect.poll(() => one.state()?.partitions.map(({ fault }) => fault)).toEqual([null, null]);
  });

  it('tells each fact at debug level, the user as a hash only', async () => {
    const { start, kafka: topic } = await place(1);
    const log = await topic.openLog();
    onTestFinished(() => log.close());
    await appended(log, sampleWin(1, { userId: 'somebody@example.com' }) satisfies Fact);
    const one = await start({ logLevel: 'debug' });
    one.lines();
    await until(1);
    await expect.poll(() => one.lines().some((line) => line.includes('"recorded"'))).toBe(true);
    const line = JSON.parse(one.lines().find((each) => each.includes('"recorded"')) ?? '{}');
    expect(line).toMatchObject({ partition: 0, offset: 0, campaignId: 'chicken-100', seq: 1 });
    expect(line).toMatchObject({ user: expect.stringMatching(/^[0-9a-f]{12}$/), time: expect.any(Number) });
    expect(one.lines().join()).not.toContain('somebody');
  });

  it('is known to have caught up, by whoever asks, and known not to have', async () => {
    const { start, fill, kafka: topic } = await place(3);
    const ends = openKafkaEnds({ connection: topic.connection, system, topic: topic.topic, partitions: 3 });
    onTestFinished(() => ends.close());
    const parts = { kafka: ends, record: record.record, system };
    expect(await caughtUp(parts, 5_000)).toBe(true);
    await fill(1, 200, 10);
    expect(await caughtUp(parts, 200)).toBe(false);
    await start();
    expect(await caughtUp(parts, 10_000)).toBe(true);
    expect(await issued()).toBe(200);
    kafka.pause();
    onTestFinished(() => kafka.resume());
    expect(await caughtUp(parts, 500)).toBe(false);
    kafka.resume();
    expect(await caughtUp(parts, 10_000)).toBe(true);
  });

  it('costs next to nothing while nothing comes', async () => {
    const { settings } = await place(12);
    const one = await startRecorder(settings({ logLevel: 'silent' }), system);
    onTestFinished(() => one.stop());
    await expect.poll(() => one.state().partitions.length).toBe(12);
    await wait(500);
    const before = process.cpuUsage();
    await wait(3000);
    const { user, system: kernel } = process.cpuUsage(before);
    expect((user + kernel) / 3_000_000).toBeLessThan(0.15);
  });

  it('is refused where it cannot run, with what to do', async () => {
    const { settings } = await place(1);
    const wrong = settings({ mysqlUrl: maria.url.replace(/:dibs@/, ':wrong@') });
    await expect(startRecorder(wrong, system)).rejects.toThrow(RecorderFault);
    await expect(startRecorder(wrong, system)).rejects.toThrow(/refuses the user/);
  });
});
