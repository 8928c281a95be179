// Protects: facts as messages are CloudEvents that anybody can read, with ids and keys that follow from the facts alone.

import { describe, expect, it } from 'vitest';
import { packFacts, unpackFacts } from '../../src/adapters/kafka/cloud-event.ts';
import { partitionOf } from '../../src/adapters/kafka/partition-of.ts';
import type { LineFact } from '../../src/core/line-fact.ts';
import { packLineFacts } from '../../src/core/line-fact.ts';
import { sampleWin, T0 } from '../support/samples.ts';

const wins = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => sampleWin(first + i));

describe('a message', () => {
  it('is a CloudEvent 1.0, with its attributes as headers, keyed by the claim', () => {
    const [message, ...others] = packFacts([sampleWin(7)]);
    expect(others).toEqual([]);
    const event = JSON.parse(String(message?.value)) as Record<string, unknown>;
    expect(event).toEqual({
      specversion: '1.0',
      id: 'chicken-100:1:7:claim.won',
      type: 'claim.won',
      source: '/v1/campaigns/chicken-100',
      subject: 'chicken-100.7',
      time: new Date(sampleWin(7).wonAt).toISOString(),
      datacontenttype: 'application/json',
      data: { campaignId: 'chicken-100', epoch: 1, wins: [[7, 'u-7', 1, null, sampleWin(7).wonAt]] },
    });
    expect(String(message?.key)).toBe('chicken-100.7');
    const headers = Object.fromEntries(
      [...(message?.headers ?? [])].map(([name, value]) => [String(name), String(value)]),
    );
    expect(headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      ce_specversion: '1.0',
      ce_id: event['id'],
      ce_type: 'claim.won',
      ce_source: event['source'],
      ce_subject: event['subject'],
      ce_time: event['time'],
    });
  });

  it('holds all winners of a campaign and epoch, in their order, and of no other', () => {
    const mixed = wins(1, 6).map((fact) => (fact.seq % 2 === 0 ? { ...fact, epoch: 2 } : fact));
    const messages = packFacts(mixed);
    expect(messages.map(({ id, items }) => [id, items])).toEqual([
      ['chicken-100:1:1-5:claim.won', [0, 2, 4]],
      ['chicken-100:2:2-6:claim.won', [1, 3, 5]],
    ]);
    const read = messages.map(({ value }) => unpackFacts(value));
    expect(read).toEqual([
      { kind: 'facts', facts: mixed.filter(({ epoch }) => epoch === 1), lines: [] },
      { kind: 'facts', facts: mixed.filter(({ epoch }) => epoch === 2), lines: [] },
    ]);
  });

  it('never grows beyond what a broker takes', () => {
    const long = wins(1, 3000).map((fact) => ({ ...fact, userId: '가'.repeat(128), key: '나'.repeat(255) }));
    const messages = packFacts(long);
    expect(Math.max(...messages.map(({ value }) => value.length))).toBeLessThan(900_000);
    expect(messages.reduce((sum, { items }) => sum + items.length, 0)).toBe(3000);
    expect(packFacts(wins(1, 2500)).map(({ items }) => items.length)).toEqual([1000, 1000, 500]);
  });

  it('made anew from the same facts is the same', () => {
    expect(packFacts(wins(1, 9))).toEqual(packFacts(wins(1, 9)));
  });
});

describe('a message of a waiting line', () => {
  const about = { campaignId: 'c', epoch: 2, at: T0 };
  const join = (first: number): LineFact => ({
    ...about,
    type: 'line.joined',
    first,
    userIds: [`u-${first}`],
    keys: null,
  });
  const released: LineFact = { ...about, type: 'line.released', to: 9, confirmBy: null };

  it('is the fact itself when one says it all, keyed by the campaign', () => {
    const [message, ...others] = packFacts([join(1), sampleWin(1), join(2)]).toReversed();
    expect(others.map(({ id }) => id)).toEqual(['chicken-100:1:1:claim.won']);
    expect(message?.items).toEqual([0, 2]);
    expect(String(message?.key)).toBe('c');
    expect(JSON.parse(String(message?.value))).toMatchObject({
      id: 'c:2:1:line.joined-c:2:2:line.joined',
      type: 'line.joined',
      subject: 'c',
      data: { ...about, first: 1, userIds: ['u-1', 'u-2'] },
    });
    expect(packFacts([released]).map(({ id }) => id)).toEqual(['c:2:9:line.released']);
  });

  it('has several facts in their order when they cannot be said in one', () => {
    const [message] = packFacts([join(1), released, join(2)]);
    const event = JSON.parse(String(message?.value)) as Record<string, unknown>;
    expect(event).toMatchObject({ type: 'line.packed', data: { campaignId: 'c', epoch: 2 } });
    expect(unpackFacts(message?.value ?? null)).toEqual({
      kind: 'facts',
      facts: [],
      lines: [join(1), released, join(2)],
    });
  });

  it('never grows beyond what a broker takes', () => {
    const long = Array.from(
      { length: 3000 },
      (_, i): LineFact => ({
        ...about,
        type: 'line.joined',
        first: i + 1,
        userIds: ['가'.repeat(128)],
        keys: ['나'.repeat(255)],
      }),
    );
    const messages = packFacts(long);
    expect(Math.max(...messages.map(({ value }) => value.length))).toBeLessThan(900_000);
    expect(messages.flatMap(({ items }) => items)).toEqual(long.map((_, i) => i));
  });
});

describe('a fact about more people than a message holds', () => {
  const about = { campaignId: 'c', epoch: 2, at: T0 };
  const numbers = Array.from({ length: 20_000 }, (_, i) => i + 1);
  const userIds = numbers.map((number) => `${number}${'가'.repeat(40)}`);
  const keys = numbers.map((number) => `${number}${'"'.repeat(240)}`);
  const facts: LineFact[] = [
    { ...about, type: 'line.joined', first: 1, userIds, keys },
    { ...about, type: 'line.joined', first: -1, userIds, keys: null },
    { ...about, type: 'line.won', numbers, seqs: numbers.map((number) => number + 7) },
    { ...about, type: 'line.refused', numbers, why: 'closed' },
  ];

  it.each(facts)('travels in several that say the same: $type', (fact) => {
    const messages = packFacts([fact]);
    expect(Math.max(...messages.map(({ value }) => value.length))).toBeLessThan(900_000);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(messages.length);
    const lines = messages.flatMap(({ value }) => {
      const read = unpackFacts(value);
      return read.kind === 'facts' ? read.lines : [];
    });
    expect(packLineFacts(lines)).toEqual([fact]);
  });
});

describe('a key', () => {
  it('goes to the partition that Java takes it to', () => {
    // murmur2 as org.apache.kafka.common.utils.Utils computes it, from its own test
    expect(partitionOf(Buffer.from('21'), 2 ** 31)).toBe(-973_932_308 & 0x7fff_ffff);
    expect(partitionOf(Buffer.from('foobar'), 2 ** 31)).toBe(-790_332_482 & 0x7fff_ffff);
    expect(partitionOf(Buffer.from('a-little-bit-long-string'), 2 ** 31)).toBe(-985_981_536 & 0x7fff_ffff);
  });
});
