// Protects: the log of requests on a real Kafka keeps the promises of ports/requests: a campaign's requests in one
// partition in their order, by the broker's clock, and nothing that was told is lost while the broker is away or dies.

import { Producer } from '@platformatic/kafka';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { startKafka } from '../../scripts/services/kafka.ts';
import type { LocalService } from '../../scripts/services/local.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { openDeadLetters } from '../../src/adapters/kafka/dead-letters.ts';
import { openKafkaReader } from '../../src/adapters/kafka/reader.ts';
import {
  type KafkaRequests,
  type KafkaRequestsParts,
  openKafkaRequests,
} from '../../src/adapters/kafka/requests.ts';
import { type KafkaRequestReader, openKafkaRequestReader } from '../../src/adapters/kafka/requests-reader.ts';
import { ensureTopics, requestedTopic, TOPICS, type TopicPlan } from '../../src/adapters/kafka/topics.ts';
import type { Request } from '../../src/core/request.ts';
import { offsetOf, PACK_MAX, placeOf } from '../../src/core/request.ts';
import {
  asked,
  readAllRequests,
  requestsContract,
  sampleRule,
  sampleTry,
} from '../support/contract/requests.ts';
import { connectionTo, system, topicPlan } from '../support/kafka-place.ts';

const started = await startOrSkip(() => startKafka());
const kafka = started as LocalService;

afterAll(() => started?.stop());

const wait = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });

interface Place {
  topic: string;
  open(parts?: Partial<KafkaRequestsParts>): Promise<KafkaRequests>;
  reader(partition?: number): KafkaRequestReader;
  /** `timestamp`: what the one who sends says, epoch ms */
  spoil(payload: string, timestamp?: bigint): Promise<void>;
}

/** A topic of its own, as `dibs` makes it. */
async function makePlace({ partitions = 1, topicVersion = 1, over = {} as Partial<TopicPlan> } = {}) {
  const connection = connectionTo(kafka.url);
  const plan = topicPlan({ partitions, time: 'LogAppendTime', ...over });
  const prefix = `${plan.name}.`;
  const topic = `${prefix}${requestedTopic(topicVersion)}`;
  const dlq = { ...plan, name: `${topic}.dlq`, time: 'CreateTime' as const };
  const made = await ensureTopics(connection, system, [{ ...plan, name: topic }, dlq]);
  if (made.kind === 'refused') throw new Error(made.problems.join('\n'));
  const place: Place = {
    topic,
    open: (parts = {}) =>
      openKafkaRequests({ connection, system, prefix, topicVersion, partitions, ...parts }),
    reader: (partition = 0) =>
      openKafkaRequestReader({ connection, system, prefix, topicVersion, partition }),
    async spoil(payload, timestamp = BigInt(Date.now())) {
      const producer = new Producer({ clientId: 'spoiler', bootstrapBrokers: connection.brokers });
      await producer.send({ messages: [{ topic, partition: 0, value: Buffer.from(payload), timestamp }] });
      await producer.close();
    },
  };
  return place;
}

/** Both end with the test. */
async function opened(place: Place, parts?: Partial<KafkaRequestsParts>) {
  const requests = await place.open(parts);
  const reader = place.reader();
  onTestFinished(async () => {
    await Promise.all([requests.close(), reader.close()]);
  });
  return { requests, reader };
}

const ofTries = (data: unknown): string =>
  JSON.stringify({ specversion: '1.0', type: 'claim.requested', data });
const usersOf = (requests: { request: Request }[]): string[] =>
  requests.map(({ request }) => ('userId' in request ? request.userId : request.type));

describe.skipIf(started === null)('on a broker', () => {
  requestsContract('Kafka', async () => {
    const place = await makePlace();
    return {
      async open() {
        const requests = await place.open();
        const reader = place.reader();
        return {
          requests,
          reader,
          async close() {
            await reader.close();
            await requests.close();
          },
        };
      },
      spoil: (payload) => place.spoil(payload),
      unreadable: {
        'no JSON': '{"specversion":"1.0"',
        nothing: '',
        'no CloudEvent': '[1,2]',
        'an unknown type': '{"specversion":"1.0","type":"claim.won","data":{}}',
        'no data': '{"specversion":"1.0","type":"claim.requested"}',
        'no campaign': ofTries({ requests: [['u', null]] }),
        'no requests': ofTries({ campaignId: 'c', requests: [] }),
        'a try cut short': ofTries({ campaignId: 'c', requests: [['u', null], ['u']] }),
        'more than an entry may hold': ofTries({
          campaignId: 'c',
          requests: Array(PACK_MAX + 1).fill(['u', null]),
        }),
        'a rule without its parts':
          '{"specversion":"1.0","type":"campaign.closed","data":{"campaignId":"c","rule":{}}}',
      },
    };
  });

  places();
  messages();
  faults();
});

function places(): void {
  it('keeps each campaign in one partition of the version that is written, and says which', async () => {
    const place = await makePlace({ partitions: 3, topicVersion: 2 });
    expect(place.topic).toMatch(/dibs\.claims\.requested\.v2$/);
    expect(requestedTopic(1)).toBe(TOPICS.requested);
    const { requests } = await opened(place);
    const campaigns = Array.from({ length: 12 }, (_, i) => `c-${i}`);
    const appended = Array.from({ length: 40 }, (_, i) => campaigns.map((id) => sampleTry(`u-${i}`, id)));
    const told = await Promise.all(appended.flat().map((request) => asked(requests, request)));
    expect(new Set(told.map(({ topicVersion }) => topicVersion))).toEqual(new Set([2]));
    const readers = [0, 1, 2].map((partition) => place.reader(partition));
    const slices = await Promise.all(readers.map((reader) => readAllRequests(reader)));
    await Promise.all(readers.map((reader) => reader.close()));
    expect(slices.every((slice) => slice.requests.length > 0)).toBe(true);
    expect(slices.map(({ next }) => next)).toEqual(requests.ends());
    for (const [i, { partition, place: at }] of told.entries()) {
      const found = slices[partition]?.requests.find((one) => one.place === at);
      expect(found?.request).toEqual(appended.flat()[i]);
    }
    for (const id of campaigns) {
      const at = slices.map(({ requests: all }) => all.filter(({ request }) => request.campaignId === id));
      expect(at.filter((found) => found.length > 0)).toHaveLength(1);
      expect(usersOf(at.flat())).toEqual(appended.map((_, i) => `u-${i}`));
    }
  });

  it('tells the time by the clock of the broker, the same for all of a send', async () => {
    const place = await makePlace();
    const { requests, reader } = await opened(place);
    const before = Date.now();
    await place.spoil(ofTries({ campaignId: 'c', requests: [['a', null]] }), 5n);
    await Promise.all([asked(requests, sampleTry('b')), asked(requests, sampleRule({ version: 2 }))]);
    const times = (await readAllRequests(reader)).requests.map(({ at }) => at);
    expect(times).toHaveLength(3);
    expect(times[2]).toBe(times[1]);
    expect(times[0]).toBeGreaterThanOrEqual(before);
    expect(times[1]).toBeGreaterThanOrEqual(times[0] ?? 0);
    expect(times[1]).toBeLessThanOrEqual(Date.now());
  });
}

function messages(): void {
  it('are CloudEvents of the contract that anybody can read, keyed by the campaign', async () => {
    const place = await makePlace();
    const { requests } = await opened(place);
    const rule = sampleRule({ closed: true, version: 3 });
    const appended: Request[] = [
      sampleTry('a', 'chicken-100', 'k-1'),
      sampleTry('b'),
      { ...rule, type: 'campaign.closed' },
      sampleTry('c'),
    ];
    await Promise.all(appended.map((request) => asked(requests, request)));
    const foreign = openKafkaReader({
      connection: connectionTo(kafka.url),
      system,
      topic: place.topic,
      partition: 0,
    });
    const { unreadable } = await foreign.read(0, 100);
    await foreign.close();
    const events = unreadable.map(({ payload }) => JSON.parse(payload) as Record<string, unknown>);
    const about = { specversion: '1.0', source: '/v1/campaigns/chicken-100', subject: 'chicken-100' };
    const campaignId = 'chicken-100';
    const tries = (list: unknown) => ({
      ...about,
      type: 'claim.requested',
      data: { campaignId, requests: list },
    });
    expect(events).toMatchObject([
      tries([
        ['a', 'k-1'],
        ['b', null],
      ]),
      {
        ...about,
        id: 'chicken-100:1:3:campaign.closed',
        type: 'campaign.closed',
        data: { campaignId, rule: rule.rule },
      },
      tries([['c', null]]),
    ]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(3);
    expect(unreadable.map(({ entry }) => String(entry.key))).toEqual(Array(3).fill('chicken-100'));
    const type = unreadable[0]?.entry.headers.find(([name]) => String(name) === 'ce_type');
    expect(String(type?.[1])).toBe('claim.requested');
  });

  it('that cannot be read can be set aside as dead letters', async () => {
    const place = await makePlace();
    await place.spoil('{"half');
    const reader = place.reader();
    const letters = openDeadLetters({ connection: connectionTo(kafka.url), system });
    onTestFinished(async () => {
      await Promise.all([reader.close(), letters.close()]);
    });
    const [bad] = (await reader.read(0, 10)).unreadable;
    if (bad === undefined) throw new Error('nothing was set aside');
    expect(bad.place).toBe(placeOf(0, 0));
    await letters.deadLetter(bad.entry, bad.reason);
  });

  it('are never larger than a broker takes, whatever people are called', async () => {
    const place = await makePlace();
    const { requests, reader } = await opened(place, { tellMaxMs: 20_000 });
    const long = Array.from({ length: 5000 }, (_, i) =>
      sampleTry(`${i}"${'가'.repeat(40)}`, 'chicken-100', '"'.repeat(255)),
    );
    await Promise.all(long.map((request) => asked(requests, request)));
    const read = await readAllRequests(reader);
    expect(read.requests.map(({ request }) => request)).toEqual(long);
  });
}

function faults(): void {
  it('has every request that was told, where it was told, after kill -9 of the broker', {
    timeout: 90_000,
  }, async () => {
    const place = await makePlace();
    const { requests, reader } = await opened(place);
    const told = new Map<string, number>();
    const unknown: string[] = [];
    let count = 0;
    const pressing = setInterval(() => {
      for (let i = 0; i < 20; i++) {
        const user = `u-${count++}`;
        requests.append(sampleTry(user), (_, at) => {
          if (at === null) unknown.push(user);
          else told.set(user, at.place);
        });
      }
    }, 5);
    await wait(300);
    await kafka.kill();
    await wait(1200);
    await kafka.restart();
    const before = told.size;
    await expect.poll(() => told.size, { timeout: 20_000 }).toBeGreaterThan(before + 200);
    clearInterval(pressing);
    await requests.flush();
    expect(requests.state()).toMatchObject({ waiting: 0, fault: null });
    expect(unknown.length).toBeGreaterThan(0);
    const read = await readAllRequests(reader);
    const at = new Map(read.requests.map((one) => [one.place, one.request]));
    for (const [user, where] of told) expect(at.get(where)).toEqual(sampleTry(user));
    const users = usersOf(read.requests);
    expect([...new Set(users)]).toEqual(Array.from({ length: count }, (_, i) => `u-${i}`));
    expect(read.unreadable).toEqual([]);
  });

  it('tells a broker that says nothing within its deadline, and is well again by itself', async () => {
    const place = await makePlace();
    const { requests, reader } = await opened(place, { tellMaxMs: 400, sendMaxMs: 1500 });
    await asked(requests, sampleTry('a'));
    kafka.pause();
    onTestFinished(() => kafka.resume());
    await expect(asked(requests, sampleTry('b'))).rejects.toThrow(/not answered for 400 ms/);
    expect(requests.state().fault).not.toBeNull();
    await expect(asked(requests, sampleTry('c'))).rejects.toThrow();
    await wait(1500);
    kafka.resume();
    await expect.poll(() => requests.state().fault, { timeout: 15_000 }).toBeNull();
    const { place: last } = await asked(requests, sampleTry('d'));
    const read = (await readAllRequests(reader)).requests;
    expect([...new Set(usersOf(read))]).toEqual(['a', 'b', 'c', 'd']);
    expect(read.find((one) => one.place === last)?.request).toEqual(sampleTry('d'));
  });

  it('takes no more than may wait, tells the others at once, and counts them', async () => {
    const place = await makePlace();
    const { requests } = await opened(place, { queueMax: 100, tellMaxMs: 60_000 });
    await asked(requests, sampleTry('a'));
    kafka.pause();
    onTestFinished(() => kafka.resume());
    const refused: string[] = [];
    const kept: number[] = [];
    for (let i = 0; i < 130; i++) {
      requests.append(sampleTry(`u-${i}`), (error, at) => {
        if (at === null) refused.push(String(error?.message));
        else kept.push(at.place);
      });
    }
    expect(refused).toHaveLength(30);
    expect(refused[0]).toMatch(/100 requests wait for Kafka already/);
    kafka.resume();
    await requests.flush();
    expect(new Set(kept).size).toBe(100);
    expect(kept.every((one) => offsetOf(one) >= 1)).toBe(true);
    expect(requests.tally()).toMatchObject({ facts: 101, refused: 30, oldestMs: 0 });
  });
}
