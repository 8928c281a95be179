// Protects: the log on a real Kafka keeps the promises of ports/log, over several partitions too, and when the broker is
// killed or gone: what was told is on the log, who cannot be told hears so in time, and it is well again by itself.

import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { startKafka } from '../../scripts/services/kafka.ts';
import type { LocalService } from '../../scripts/services/local.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { openDeadLetters } from '../../src/adapters/kafka/dead-letters.ts';
import type { Delivery } from '../../src/adapters/kafka/delivery.ts';
import type { KafkaLog } from '../../src/adapters/kafka/log.ts';
import { ensureTopics, planTopics, TOPICS } from '../../src/adapters/kafka/topics.ts';
import { factId } from '../../src/core/event.ts';
import { logContract } from '../support/contract/log.ts';
import { appended, connectionTo, kafkaPlace, readAll, system, topicPlan } from '../support/kafka-place.ts';
import { sampleWin } from '../support/samples.ts';

const started = await startOrSkip(() => startKafka());
const kafka = started as LocalService;

afterAll(() => started?.stop());

const ids = (facts: Parameters<typeof factId>[0][]) => facts.map(factId);
const wins = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => sampleWin(first + i));
const wait = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });

/** A log that the test ends with. */
async function opened(log: Promise<KafkaLog>): Promise<KafkaLog> {
  const one = await log;
  onTestFinished(() => one.close());
  return one;
}

describe.skipIf(started === null)('on a broker', () => {
  logContract('Kafka', async () => {
    const place = await kafkaPlace(kafka.url);
    return {
      async open() {
        const log = await place.openLog();
        const reader = place.openReader();
        return {
          log,
          reader,
          async close() {
            await reader.close();
            await log.close();
          },
        };
      },
      spoil: (payload) => place.spoil(payload),
      unreadable: {
        'no JSON': '{"specversion":"1.0"',
        nothing: '',
        'no CloudEvent': '[1,2]',
        'another version': '{"specversion":"2.0","type":"claim.won"}',
        'an unknown type': '{"specversion":"1.0","type":"claim.lost","data":{}}',
        'no data': '{"specversion":"1.0","type":"claim.won"}',
        'a line without its parts':
          '{"specversion":"1.0","type":"line.left","data":{"type":"line.left","campaignId":"c"}}',
        'a packed line with nothing in it': '{"specversion":"1.0","type":"line.packed","data":{"facts":[]}}',
        'a win cut short':
          '{"specversion":"1.0","type":"claim.won","data":{"campaignId":"c","epoch":1,"wins":[[1]]}}',
      },
    };
  });

  partitions();
  rush();
  compressions();
  topics();
  deadLetters();
  faults();
});

function partitions(): void {
  it('spreads over partitions by key, tells each place, and every partition is read by itself', async () => {
    const place = await kafkaPlace(kafka.url, { partitions: 3 });
    const deliveries: Delivery[] = [];
    const log = await opened(place.openLog({ partitions: 3, onDelivered: (one) => deliveries.push(one) }));
    for (let round = 0; round < 30; round++) {
      const campaigns = ['a', 'b'].map((campaignId) =>
        wins(round * 10 + 1, round * 10 + 10).map((fact) => appended(log, { ...fact, campaignId })),
      );
      await Promise.all(campaigns.flat());
    }
    const readers = [0, 1, 2].map((partition) => place.openReader(partition));
    const slices = await Promise.all(readers.map((reader) => readAll(reader)));
    expect(slices.map(({ next }) => next)).toEqual(log.ends());
    expect(slices.every(({ facts }) => facts.length > 0)).toBe(true);
    for (const { facts } of slices) {
      for (const campaignId of ['a', 'b']) {
        const seqs = facts.filter((fact) => fact.campaignId === campaignId).map(({ seq }) => seq);
        expect(seqs).toEqual(seqs.toSorted((x, y) => x - y));
      }
    }
    expect(new Set(ids(slices.flatMap(({ facts }) => facts))).size).toBe(600);
    expect(deliveries).toHaveLength(60);
    expect(deliveries.reduce((sum, { facts }) => sum + facts, 0)).toBe(600);
    expect(readers.map((reader) => reader.lag(0))).toEqual(log.ends());
    await expect(log.trim(1)).rejects.toThrow(/trimPartition/);
    await Promise.all(readers.map((reader) => reader.close()));
  });

  it('says when the record has read more than the log holds, and when what was to be read is gone', async () => {
    const place = await kafkaPlace(kafka.url);
    const log = await opened(place.openLog());
    for (const fact of wins(1, 5)) await appended(log, fact);
    await log.trim(3);
    const gaps: unknown[] = [];
    const reader = place.openReader(0, { onGap: (gap) => gaps.push(gap) });
    onTestFinished(() => reader.close());
    await expect(reader.read(50, 10)).rejects.toThrow(/lost entries/);
    expect((await reader.read(0, 10)).facts).toEqual(wins(4, 5));
    expect(gaps).toEqual([{ source: `${place.topic}/0`, from: 0, to: 3 }]);
  });
}

function rush(): void {
  it('sends few and large messages in a rush, and at once when nobody else comes', async () => {
    const place = await kafkaPlace(kafka.url);
    const log = await opened(place.openLog());
    await appended(log, sampleWin(1));
    const began = performance.now();
    for (let seq = 2; seq <= 5001; seq += 50) {
      for (const fact of wins(seq, seq + 49)) log.append(fact, () => undefined);
      await wait(1);
    }
    await log.flush();
    const tookMs = performance.now() - began;
    const { facts, sends } = log.tally();
    expect(facts).toBe(5001);
    expect(sends).toBeLessThan(2 + tookMs / 4);
    await wait(10);
    const times: number[] = [];
    for (const fact of wins(6001, 6040)) {
      const sentMs = performance.now();
      await appended(log, fact);
      times.push(performance.now() - sentMs);
    }
    expect(Math.min(...times)).toBeLessThan(4);
  });
}

function compressions(): void {
  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'keeps facts packed with %s',
    async (compression) => {
      const place = await kafkaPlace(kafka.url);
      const log = await opened(place.openLog({ compression }));
      await Promise.all(wins(1, 2500).map((fact) => appended(log, fact)));
      const reader = place.openReader();
      onTestFinished(() => reader.close());
      expect((await readAll(reader)).facts).toEqual(wins(1, 2500));
      expect(log.state().end).toBeLessThan(10);
    },
  );
}

function topics(): void {
  it('makes the topics of the contract once, and finds them right afterwards', async () => {
    const settings = { partitions: 6, replicas: 1, minInsyncReplicas: 1, retentionMs: 604_800_000 };
    const plans = planTopics(settings);
    const first = await ensureTopics(connectionTo(kafka.url), system, plans);
    expect(first).toEqual({ kind: 'ready', made: plans.map(({ name }) => name) });
    expect(await ensureTopics(connectionTo(kafka.url), system, plans)).toEqual({ kind: 'ready', made: [] });
    const others = planTopics({ ...settings, partitions: 12, retentionMs: 1_209_600_000 });
    const refused = await ensureTopics(connectionTo(kafka.url), system, others);
    const problems = refused.kind === 'refused' ? refused.problems : [];
    expect(problems).toContainEqual(expect.stringMatching(`${TOPICS.won} has 6 partitions, and 12 are`));
    expect(problems).toContainEqual(expect.stringMatching(`${TOPICS.won} has retention.ms=604800000; set`));
  });

  it('refuses what the brokers cannot give, and says what to change', async () => {
    const tooMany = await ensureTopics(connectionTo(kafka.url), system, [topicPlan({ replicas: 3 })]);
    expect(tooMany).toEqual({
      kind: 'refused',
      problems: [expect.stringMatching(/cannot have 3 replicas: there are fewer brokers/)],
    });
    const never = await ensureTopics(connectionTo(kafka.url), system, [topicPlan({ minInsyncReplicas: 2 })]);
    expect(never).toEqual({ kind: 'refused', problems: [expect.stringMatching(/can never be met/)] });
    const nobody = await ensureTopics(connectionTo('127.0.0.1:1'), system, [topicPlan()]);
    expect(nobody).toEqual({
      kind: 'refused',
      problems: [expect.stringMatching(/127.0.0.1:1 cannot be asked/)],
    });
  });
}

function deadLetters(): void {
  it('keeps a dead letter with what it was, where it was, and why', async () => {
    const plan = topicPlan();
    const place = await kafkaPlace(kafka.url, plan);
    await kafkaPlace(kafka.url, { ...plan, name: `${plan.name}.dlq` });
    await place.spoil('{"half');
    const reader = place.openReader();
    const letters = openDeadLetters({ connection: place.connection, system });
    onTestFinished(async () => {
      await Promise.all([reader.close(), letters.close()]);
    });
    const [bad] = (await reader.read(0, 10)).unreadable;
    if (bad === undefined) throw new Error('nothing was set aside');
    await letters.deadLetter(bad.entry, bad.reason);
    const behind = place.openReader(0, { topic: `${plan.name}.dlq` });
    const [letter] = (await behind.read(0, 10)).unreadable;
    await behind.close();
    expect(letter?.payload).toBe('{"half');
    const headers = Object.fromEntries((letter?.entry.headers ?? []).map(([k, v]) => [String(k), String(v)]));
    expect(headers).toMatchObject({
      dlq_cause: bad.reason,
      dlq_topic: plan.name,
      dlq_partition: '0',
      dlq_offset: '0',
    });
  });
}

function faults(): void {
  it('has every fact that was told, after kill -9 of the broker in mid-stream', {
    timeout: 90_000,
  }, async () => {
    const place = await kafkaPlace(kafka.url, { partitions: 2 });
    const log = await opened(place.openLog({ partitions: 2 }));
    const told: number[] = [];
    const unknown: number[] = [];
    let seq = 0;
    const press = (): void => {
      seq += 1;
      const mine = seq;
      log.append(sampleWin(mine), (error) => void (error === null ? told : unknown).push(mine));
    };
    const pressing = setInterval(() => {
      for (let i = 0; i < 20; i++) press();
    }, 5);
    await wait(300);
    await kafka.kill();
    await wait(1200);
    await kafka.restart();
    const again = told.length;
    await expect.poll(() => told.length, { timeout: 20_000 }).toBeGreaterThan(again + 200);
    clearInterval(pressing);
    await log.flush();
    expect(log.state()).toMatchObject({ waiting: 0, fault: null });
    expect(unknown.length).toBeGreaterThan(0);
    const readers = [0, 1].map((partition) => place.openReader(partition));
    const slices = await Promise.all(readers.map((reader) => readAll(reader)));
    await Promise.all(readers.map((reader) => reader.close()));
    const read = new Set(ids(slices.flatMap(({ facts }) => facts)));
    expect(told.filter((one) => !read.has(factId(sampleWin(one))))).toEqual([]);
    expect(unknown.filter((one) => !read.has(factId(sampleWin(one))))).toEqual([]);
    expect(read.size).toBe(seq);
    expect(slices.flatMap(({ unreadable }) => unreadable)).toEqual([]);
    for (const { facts } of slices) {
      const firsts = [...new Set(facts.map((fact) => fact.seq))];
      expect(firsts).toEqual(firsts.toSorted((x, y) => x - y));
    }
  });

  it('tells a broker that says nothing within its deadline, and is well again by itself', async () => {
    const place = await kafkaPlace(kafka.url);
    const log = await opened(place.openLog({ tellMaxMs: 400, sendMaxMs: 1500 }));
    await appended(log, sampleWin(1));
    kafka.pause();
    onTestFinished(() => kafka.resume());
    const began = performance.now();
    await expect(appended(log, sampleWin(2))).rejects.toThrow(/not answered for 400 ms/);
    expect(performance.now() - began).toBeLessThan(1_400);
    expect(log.state().fault).not.toBeNull();
    await expect(appended(log, sampleWin(3))).rejects.toThrow();
    await wait(1500);
    kafka.resume();
    await expect.poll(() => log.state().fault, { timeout: 15_000 }).toBeNull();
    await appended(log, sampleWin(4));
    const reader = place.openReader();
    onTestFinished(() => reader.close());
    const read = (await readAll(reader)).facts.map(({ seq }) => seq);
    const firsts = [...new Set(read)];
    expect(firsts).toEqual([1, 2, 3, 4]);
  });

  it('takes no more than may wait, tells the others at once, and counts them', async () => {
    const place = await kafkaPlace(kafka.url);
    const log = await opened(place.openLog({ queueMax: 100, tellMaxMs: 60_000 }));
    await appended(log, sampleWin(1));
    kafka.pause();
    onTestFinished(() => kafka.resume());
    const refused: string[] = [];
    let kept = 0;
    for (const fact of wins(2, 131)) {
      log.append(fact, (error) => {
        if (error === null) kept += 1;
        else refused.push(error.message);
      });
    }
    expect(refused).toHaveLength(30);
    expect(refused[0]).toMatch(/100 facts wait for Kafka already/);
    await wait(50);
    expect(log.tally()).toMatchObject({ facts: 1, refused: 30 });
    expect(log.tally().oldestMs).toBeGreaterThan(40);
    kafka.resume();
    await log.flush();
    expect(kept).toBe(100);
    expect(log.tally()).toMatchObject({ facts: 101, refused: 30, oldestMs: 0 });
    const reader = place.openReader();
    onTestFinished(() => reader.close());
    expect((await readAll(reader)).facts).toEqual(wins(1, 101));
  });

  it('closes within its deadline while the broker is gone', async () => {
    const place = await kafkaPlace(kafka.url);
    const log = await place.openLog({ closeMaxMs: 500, tellMaxMs: 5_000 });
    await appended(log, sampleWin(1));
    kafka.pause();
    onTestFinished(() => kafka.resume());
    const late = appended(log, sampleWin(2)).catch((error: Error) => error.message);
    const flushed = log.flush().catch((error: Error) => error.message);
    const began = performance.now();
    await log.close();
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(await late).toMatch(/when it was closed/);
    expect(await flushed).toMatch(/when it was closed/);
    await expect(appended(log, sampleWin(3))).rejects.toThrow(/closed/);
  });
}
