// Protects: Kafka behind TLS and a login is spoken to as it asks for, by every client of ours, and a wrong login or a
// stranger's certificate is told in words that say what to change.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { startKafka } from '../../scripts/services/kafka.ts';
import { findJava, kafkaClassPath } from '../../scripts/services/kafka-jars.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import type { KafkaConnection } from '../../src/adapters/kafka/connect.ts';
import { openKafkaEnds } from '../../src/adapters/kafka/ends.ts';
import { openKafkaLog } from '../../src/adapters/kafka/log.ts';
import { probeKafka } from '../../src/adapters/kafka/probe.ts';
import { openKafkaReader } from '../../src/adapters/kafka/reader.ts';
import { ensureTopics } from '../../src/adapters/kafka/topics.ts';
import { appended, readAll, system, topicPlan } from '../support/kafka-place.ts';
import { sampleWin } from '../support/samples.ts';

const folder = mkdtempSync(join(tmpdir(), 'dibs-login-'));
const store = join(folder, 'broker.p12');
const caFile = join(folder, 'broker.pem');

/** A certificate of the broker's own, by the tool that comes with Java. */
async function makeCertificate(): Promise<void> {
  const java = await findJava();
  const keytool = java.includes('/') ? join(dirname(java), 'keytool') : 'keytool';
  const common = ['-keystore', store, '-storepass', 'changeit', '-alias', 'broker'];
  const named = ['-dname', 'CN=127.0.0.1', '-ext', 'SAN=IP:127.0.0.1', '-validity', '2'];
  execFileSync(keytool, ['-genkeypair', '-keyalg', 'RSA', '-storetype', 'PKCS12', ...named, ...common], {
    stdio: 'ignore',
  });
  execFileSync(keytool, ['-exportcert', '-rfc', '-file', caFile, ...common], { stdio: 'ignore' });
}

/** A user who may log in by SCRAM, as an operator of Kafka makes him. */
async function addScramUser(url: string, login: string): Promise<void> {
  const file = join(folder, 'client.properties');
  const settings = {
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': 'PLAIN',
    'sasl.jaas.config': login,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': caFile,
  };
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const [java, classPath] = await Promise.all([findJava(), kafkaClassPath()]);
  const users = 'SCRAM-SHA-512=[password=scrammed]';
  const act = ['--alter', '--add-config', users, '--entity-type', 'users', '--entity-name', 'scram'];
  const command = ['kafka.admin.ConfigCommand', '--bootstrap-server', url, '--command-config', file];
  execFileSync(java, ['-XX:TieredStopAtLevel=1', '-cp', classPath, ...command, ...act], { stdio: 'pipe' });
}

const started = await startOrSkip(async () => {
  await makeCertificate();
  const login =
    'org.apache.kafka.common.security.plain.PlainLoginModule required username="broker" password="b" user_broker="b" user_dibs="s3cret";';
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  const kafka = await startKafka({
    properties: {
      'listener.security.protocol.map': 'PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT',
      'inter.broker.listener.name': 'PLAINTEXT',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
      'listener.name.plaintext.scram-sha-512.sasl.jaas.config': scram,
      'sasl.mechanism.inter.broker.protocol': 'PLAIN',
      'listener.name.plaintext.plain.sasl.jaas.config': login,
      'ssl.keystore.type': 'PKCS12',
      'ssl.keystore.location': store,
      'ssl.keystore.password': 'changeit',
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': caFile,
    },
  });
  await addScramUser(kafka.url, login);
  return kafka;
});

afterAll(async () => {
  await started?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(started === null)('Kafka behind TLS and a login', () => {
  const connection = (over: Partial<KafkaConnection> = {}): KafkaConnection => ({
    brokers: [started?.url ?? ''],
    clientId: 'dibs-test',
    tls: { ca: readFileSync(caFile, 'utf8') },
    sasl: { mechanism: 'PLAIN', username: 'dibs', password: 's3cret' },
    ...over,
  });

  it('is made ready, written, read and asked as any other', async () => {
    const plan = topicPlan();
    const parts = { connection: connection(), system, topic: plan.name, partitions: 1 };
    expect(await ensureTopics(parts.connection, system, [plan])).toMatchObject({ kind: 'ready' });
    const log = await openKafkaLog(parts);
    const reader = openKafkaReader({ ...parts, partition: 0 });
    const ends = openKafkaEnds(parts);
    onTestFinished(async () => {
      await Promise.all([log.close(), reader.close(), ends.close()]);
    });
    await appended(log, sampleWin(1));
    expect((await readAll(reader)).facts).toEqual([sampleWin(1)]);
    expect(await ends.ends()).toEqual(new Map([[`${plan.name}/0`, 1]]));
    const findings = await probeKafka(parts.connection, system, [plan]);
    expect(findings.filter(({ finding }) => finding === 'fail')).toEqual([]);
  });

  it('is entered by SCRAM', async () => {
    const plan = topicPlan();
    const login = connection({
      sasl: { mechanism: 'SCRAM-SHA-512', username: 'scram', password: 'scrammed' },
    });
    expect(await ensureTopics(login, system, [plan])).toMatchObject({ kind: 'ready' });
    const log = await openKafkaLog({ connection: login, system, topic: plan.name, partitions: 1 });
    onTestFinished(() => log.close());
    await appended(log, sampleWin(1));
  });

  it.each([
    ['a wrong password', { sasl: { mechanism: 'PLAIN', username: 'dibs', password: 'wrong' } }],
    ['a certificate of nobody known', { tls: {} }],
  ] as const)('%s is refused, and says why', async (_, over) => {
    const [finding, ...others] = await probeKafka(connection(over), system, [topicPlan()]);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ name: 'brokers', finding: 'fail' });
    expect(finding?.found).toMatch(/self.signed|certificate|AUTHENTICATION/i);
  });
});
