// Kafka as plain jars: fetched once by Maven into an ignored folder of the checkout, and used from there afterwards.

import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guardFolder } from './guard.ts';
import { KEPT } from './kept.ts';
import { runToEnd } from './local.ts';
import { findOrInstall, findProgram, output } from './programs.ts';
import { ServiceProblem, say } from './say.ts';

export const KAFKA_VERSION = '4.2.0';
const LOG4J_VERSION = '2.24.3';
const JAVA_MAJOR_MIN = 17;

const DEPENDENCIES = [
  ['org.apache.kafka', 'kafka_2.13', KAFKA_VERSION],
  ['org.apache.logging.log4j', 'log4j-slf4j-impl', LOG4J_VERSION],
  ['org.apache.logging.log4j', 'log4j-core', LOG4J_VERSION],
];

/** Arguments that start a Java program of Kafka: the class path, as `java` takes it. */
export async function kafkaClassPath(): Promise<string> {
  const jars = join(KEPT, `kafka-${KAFKA_VERSION}`);
  if (!existsSync(jars)) await fetchJars(jars);
  return join(jars, '*');
}

/** Java 17 or newer, installed if it must be. */
export async function findJava(): Promise<string> {
  const wanted = {
    name: `Java ${JAVA_MAJOR_MIN} or newer`,
    variable: 'DIBS_TEST_KAFKA',
    packages: ['default-jre-headless'],
    advice: `Install a JDK ${JAVA_MAJOR_MIN} and Maven.`,
  };
  return await findOrInstall(wanted, () => {
    const home = process.env['JAVA_HOME'];
    const candidates = [home === undefined ? undefined : join(home, 'bin', 'java'), findProgram('java')];
    return candidates.find((java) => {
      const said = java === undefined ? undefined : output(java, ['-version']);
      return Number(/version "(\d+)/.exec(said ?? '')?.[1]) >= JAVA_MAJOR_MIN;
    });
  });
}

/** Into a folder of its own that gets its name when it is complete: two fetches at once, or one cut short, do no harm. */
async function fetchJars(jars: string): Promise<void> {
  const wanted = {
    name: 'Maven',
    variable: 'DIBS_TEST_KAFKA',
    packages: ['maven'],
    advice: 'Install Maven 3 (brew install maven).',
  };
  const maven = await findOrInstall(wanted, () => findProgram('mvn'));
  mkdirSync(KEPT, { recursive: true });
  const folder = mkdtempSync(join(KEPT, 'fetching-'));
  guardFolder(folder);
  const pom = join(folder, 'pom.xml');
  writeFileSync(pom, POM);
  say(`Fetching Kafka ${KAFKA_VERSION} by Maven into .services …`);
  const started = performance.now();
  const out = `-DoutputDirectory=${join(folder, 'jars')}`;
  try {
    await runToEnd(maven, ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', out], { cwd: folder });
    if (!existsSync(jars)) renameSync(join(folder, 'jars'), jars);
    say(`fetched in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  } catch (error) {
    const said = (error as Error).message.split('\n').slice(0, 8).join('\n');
    throw new ServiceProblem(
      `Kafka's jars could not be fetched. Maven said:\n${said}\nOr name a running broker in DIBS_TEST_KAFKA.`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dibs</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <dependencies>
${DEPENDENCIES.map(
  ([group, artifact, version]) => `    <dependency>
      <groupId>${group}</groupId>
      <artifactId>${artifact}</artifactId>
      <version>${version}</version>
    </dependency>`,
).join('\n')}
  </dependencies>
</project>
`;
