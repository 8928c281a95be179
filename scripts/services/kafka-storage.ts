// What a broker finds in its folder when it starts for the first time. Kafka's own tool makes it, which takes as much
// work as half a start of the broker; so what it made first is kept beside the jars of its version, and used again. Only
// the names are new each time: no two brokers may take each other for one.

import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KAFKA_VERSION } from './kafka-jars.ts';
import { KEPT } from './kept.ts';
import { runToEnd } from './local.ts';

/** The features that a new cluster of this version begins with; nothing in it is of one cluster. */
const CHECKPOINT = 'bootstrap.checkpoint';

/**
 * Makes the folder `data` for a new broker, who votes alone.
 * @param jvm arguments of Java before the class
 * @param properties the broker's, a file; `data` is its `log.dirs`
 */
export async function makeStorage(
  java: string,
  jvm: string[],
  properties: string,
  data: string,
): Promise<void> {
  const kept = join(KEPT, `kafka-${KAFKA_VERSION}.${CHECKPOINT}`);
  mkdirSync(data);
  if (!existsSync(kept)) return await format(java, jvm, properties, data, kept);
  copyFileSync(kept, join(data, CHECKPOINT));
  const lines = ['version=1', 'node.id=1', `cluster.id=${newId()}`, `directory.id=${newId()}`];
  writeFileSync(join(data, 'meta.properties'), `${lines.join('\n')}\n`);
}

async function format(
  java: string,
  jvm: string[],
  properties: string,
  data: string,
  kept: string,
): Promise<void> {
  const asked = ['kafka.tools.StorageTool', 'format', '-t', newId(), '-c', properties];
  await runToEnd(java, [...jvm, ...asked], { cwd: data });
  // It appears whole: two who keep it at once do no harm.
  const mine = `${kept}-${process.pid}`;
  copyFileSync(join(data, CHECKPOINT), mine);
  renameSync(mine, kept);
}

/** An id as Kafka writes them; one with a leading dash would read as an option. */
const newId = (): string => `d${randomBytes(16).toString('base64url').slice(1)}`;
