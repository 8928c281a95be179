// Protects: a Kafka that cannot keep what we promise is refused, in words that say what to change.

import { ProtocolError } from '@platformatic/kafka';
import { describe, expect, it } from 'vitest';
import { kafkaFault, parseBrokers } from '../../src/adapters/kafka/connect.ts';
import { planTopics, refusal, type TopicFound, topicProblems } from '../../src/adapters/kafka/topics.ts';
import { topicPlan } from '../support/kafka-place.ts';

const plan = topicPlan({ name: 'dibs.claims.won.v1', partitions: 6, replicas: 3, minInsyncReplicas: 2 });

function found(over: Record<string, string> = {}): TopicFound {
  const settings = {
    'min.insync.replicas': '2',
    'retention.ms': '86400000',
    'cleanup.policy': 'delete',
    'unclean.leader.election.enable': 'false',
    'message.timestamp.type': 'CreateTime',
    'max.message.bytes': '1048588',
    ...over,
  };
  return { partitions: 6, replicas: 3, settings: new Map(Object.entries(settings)) };
}

describe('a topic', () => {
  it('that is as planned, or better, will do', () => {
    expect(topicProblems(plan, found())).toEqual([]);
    expect(topicProblems(plan, found({ 'retention.ms': '-1', 'min.insync.replicas': '3' }))).toEqual([]);
  });

  it.each([
    ['min.insync.replicas', '1', '2'],
    ['retention.ms', '3600000', '86400000 or more'],
    ['cleanup.policy', 'compact', 'delete'],
    ['unclean.leader.election.enable', 'true', 'false'],
    ['message.timestamp.type', 'LogAppendTime', 'CreateTime'],
    ['max.message.bytes', '100000', '1000000 or more'],
  ])('with %s=%s is refused', (setting, value, wanted) => {
    expect(topicProblems(plan, found({ [setting]: value }))).toEqual([
      `dibs.claims.won.v1 has ${setting}=${value}; set it to ${wanted}.`,
    ]);
  });

  it('with another number of partitions or too few replicas is refused', () => {
    const problems = topicProblems(plan, { ...found(), partitions: 12, replicas: 1 });
    expect(problems).toEqual([
      'dibs.claims.won.v1 has 12 partitions, and 6 are configured. Configure 12: the number must not change under a key.',
      'dibs.claims.won.v1 has 1 replicas; it needs 3.',
    ]);
  });

  it('that we may not make or see is refused with the right that is missing', () => {
    const denied = kafkaFault(new ProtocolError('TOPIC_AUTHORIZATION_FAILED'));
    expect(refusal('make', plan, denied)).toMatch(/grant Create and Describe .* by hand with 6 partitions/);
    expect(refusal('look at', plan, denied)).toMatch(/grant Describe and DescribeConfigs/);
    expect(refusal('make', plan, kafkaFault(new Error('odd')))).toBe(
      'Kafka could not make dibs.claims.won.v1: odd.',
    );
  });
});

describe('the plan', () => {
  it('is the four topics of the contract, each with its dead letters', () => {
    const plans = planTopics({ partitions: 12, replicas: 3, minInsyncReplicas: 2, retentionMs: 1000 });
    expect(plans.map(({ name, partitions, time }) => `${name} ${partitions} ${time}`)).toEqual([
      'dibs.claims.requested.v1 3 LogAppendTime',
      'dibs.claims.requested.v1.dlq 3 CreateTime',
      'dibs.claims.won.v1 12 CreateTime',
      'dibs.claims.won.v1.dlq 12 CreateTime',
      'dibs.coupons.v1 12 CreateTime',
      'dibs.coupons.v1.dlq 12 CreateTime',
      'dibs.campaigns.v1 3 CreateTime',
      'dibs.campaigns.v1.dlq 3 CreateTime',
    ]);
  });
});

describe('a list of brokers', () => {
  it.each([
    ['localhost', ['localhost:9092']],
    ['a:1, b:2', ['a:1', 'b:2']],
    ['[::1]:9092', ['[::1]:9092']],
  ])('%s is read', (text, brokers) => {
    expect(parseBrokers(text)).toEqual({ kind: 'brokers', brokers });
  });

  it.each(['', 'a:0', 'a:70000', 'kafka://a:1', 'a:1,,b:2', 'a b'])('%s is refused', (text) => {
    expect(parseBrokers(text)).toMatchObject({ kind: 'invalid', why: expect.stringMatching(/is no broker/) });
  });
});
