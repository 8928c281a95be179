// A topic of requests, a record and deciders between them, each a process of its own that can be killed.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Producer } from '@platformatic/kafka';
import { openKafkaReader } from '../../src/adapters/kafka/reader.ts';
import { openKafkaRequests } from '../../src/adapters/kafka/requests.ts';
import { ensureTopics, requestedTopic } from '../../src/adapters/kafka/topics.ts';
import type { Mysql } from '../../src/adapters/mysql/open.ts';
import type { Request } from '../../src/core/request.ts';
import type { DeciderSettings } from '../../src/main/decider/start.ts';
import type { ThreadProgress } from '../../src/main/recorder/run-partitions.ts';
import type { RequestPlace } from '../../src/ports/requests.ts';
import { connectionTo, system, topicPlan } from './kafka-place.ts';
import { MASTER } from './recorder-place.ts';

export interface DeciderProcess {
  pid: number;
  state(): ThreadProgress | null;
  kill(): Promise<void>;
  /** SIGTERM */
  stop(): Promise<void>;
}

const TOPIC_VERSION = 1;

/** As with every start of Dibs: the topic by the broker's clock, and its dead letters. */
export async function deciderPlace(url: string, mysqlUrl: string, partitions: number, mysql: Mysql) {
  const connection = connectionTo(url);
  const plan = topicPlan({ partitions, time: 'LogAppendTime' });
  const prefix = `${plan.name}.`;
  const topic = `${prefix}${requestedTopic(TOPIC_VERSION)}`;
  const ready = await ensureTopics(connection, system, [
    { ...plan, name: topic },
    { ...plan, name: `${topic}.dlq`, time: 'CreateTime' },
  ]);
  if (ready.kind === 'refused') throw new Error(ready.problems.join('\n'));
  await mysql.pool.query('DELETE FROM leases');
  const requests = await openKafkaRequests({
    connection,
    system,
    prefix,
    topicVersion: TOPIC_VERSION,
    partitions,
  });
  const running: DeciderProcess[] = [];
  let made = 0;
  const settings = (over: Partial<DeciderSettings> = {}): DeciderSettings => {
    made += 1;
    return {
      kafka: connection,
      prefix,
      topicVersion: TOPIC_VERSION,
      partitions,
      mysqlUrl,
      master: MASTER,
      batchMax: 5000,
      instanceId: `decider-${made}`,
      logLevel: 'info',
      logFormat: 'json',
      ...over,
    };
  };
  return {
    topic,
    requests,
    settings,
    async start(over: Partial<DeciderSettings> = {}): Promise<DeciderProcess> {
      const one = await startProcess(settings(over));
      running.push(one);
      return one;
    },
    ask: (request: Request) =>
      new Promise<RequestPlace>((resolve, reject) => {
        requests.append(request, (error, at) =>
          at === null ? reject(error ?? new Error('nowhere')) : resolve(at),
        );
      }),
    /** Leaves a message that no log of ours has written. */
    async spoil(partition: number, payload: string): Promise<void> {
      const producer = new Producer({ clientId: 'spoiler', bootstrapBrokers: connection.brokers });
      await producer.send({ messages: [{ topic, partition, value: Buffer.from(payload) }] });
      await producer.close();
    },
    openLetters: (partition: number) =>
      openKafkaReader({ connection, system, topic: `${topic}.dlq`, partition }),
    async close(): Promise<void> {
      await Promise.all(running.map((one) => one.kill()));
      await requests.close();
    },
  };
}

export type DeciderPlace = Awaited<ReturnType<typeof deciderPlace>>;

async function startProcess(settings: DeciderSettings): Promise<DeciderProcess> {
  const told = JSON.stringify({ ...settings, master: Buffer.from(settings.master).toString('hex') });
  const child = fork(new URL('./decider-child.ts', import.meta.url), [told], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  let state: ThreadProgress | null = null;
  await new Promise<void>((resolve, reject) => {
    child.on('message', (message) => {
      if (message === 'ready') resolve();
      else state = message as ThreadProgress;
    });
    child.once('exit', (code) => reject(new Error(`the decider ended with ${code}`)));
  });
  return {
    pid: child.pid ?? 0,
    state: () => state,
    kill: () => ended(child, 'SIGKILL'),
    stop: () => ended(child, 'SIGTERM'),
  };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}
