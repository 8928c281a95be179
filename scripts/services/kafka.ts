// Kafka of our own: one node that is broker and controller (KRaft), in a folder that goes away.

import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findJava, KAFKA_VERSION, kafkaClassPath } from './kafka-jars.ts';
import { makeStorage } from './kafka-storage.ts';
import { type LocalService, startLocal, temporaryFolder } from './local.ts';
import { freePort } from './ports.ts';
import { noteRan } from './ran.ts';

const START_MAX_MS = 90_000;

export interface KafkaOptions {
  /** further lines of server.properties: `{'message.max.bytes': '1000000'}` */
  properties?: Record<string, string>;
  /** It is measured under a load that lasts: compiled as thoroughly as Java can, which doubles the work of a start. */
  lasting?: boolean;
}

/** One broker without topics; none is made by itself. `url` is `host:port`. */
export async function startKafka(options: KafkaOptions = {}): Promise<LocalService> {
  const [java, classPath] = await Promise.all([findJava(), kafkaClassPath()]);
  const folder = temporaryFolder('kafka');
  const data = join(folder, 'data');
  const port = await freePort();
  const properties = join(folder, 'server.properties');
  const logging = join(folder, 'log4j2.properties');
  writeFileSync(properties, text({ ...settings(data, port, await freePort()), ...options.properties }));
  writeFileSync(logging, text(LOGGING));
  const jvm = ['-XX:+UseSerialGC', '-cp', classPath, `-Dlog4j2.configurationFile=${logging}`];
  const quick = ['-XX:TieredStopAtLevel=1', ...jvm];
  await makeStorage(java, quick, properties, data);
  const service = await startLocal({
    name: `Kafka ${KAFKA_VERSION}`,
    url: `127.0.0.1:${port}`,
    port,
    folder,
    command: java,
    args: ['-Xmx768m', ...(options.lasting ? jvm : quick), 'kafka.Kafka', properties],
    startMaxMs: START_MAX_MS,
    ready: startedSince(join(folder, 'log')),
  });
  noteRan(service.name);
  return service;
}

function settings(data: string, port: number, controllerPort: number): Record<string, string> {
  const one = ['offsets.topic', 'transaction.state.log', 'share.coordinator.state.topic'];
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'log.dirs': data,
    ...Object.fromEntries(one.map((name) => [`${name}.replication.factor`, '1'])),
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // After a kill -9 the node waits for its own old session to end before it serves again: 9 s by default.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '300',
    'auto.create.topics.enable': 'false',
  };
}

const LOGGING = {
  'appender.console.type': 'Console',
  'appender.console.name': 'console',
  'appender.console.layout.type': 'PatternLayout',
  'appender.console.layout.pattern': '%d{HH:mm:ss.SSS} %-5p %c{1}: %m%n',
  'rootLogger.level': 'warn',
  'rootLogger.appenderRef.console.ref': 'console',
  // says when the broker serves
  'logger.server.name': 'kafka.server.KafkaRaftServer',
  'logger.server.level': 'info',
};

function text(entries: Record<string, string>): string {
  return Object.entries(entries)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/**
 * Kafka opens its port long before it serves, and says when it does. Each start is looked for behind what the starts
 * before it have written.
 */
function startedSince(log: string): () => Promise<boolean> {
  let from = 0;
  return async () => {
    const said = readFileSync(log).subarray(from).toString();
    if (!said.includes('Kafka Server started')) return false;
    from = statSync(log).size;
    return true;
  };
}
