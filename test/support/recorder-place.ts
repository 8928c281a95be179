// A topic, a record and recorders between them, each a process of its own that can be killed.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Mysql } from '../../src/adapters/mysql/open.ts';
import type { ClaimWon } from '../../src/core/event.ts';
import type { ThreadProgress } from '../../src/main/recorder/run-partitions.ts';
import type { RecorderSettings } from '../../src/main/recorder/start.ts';
import { appended, connectionTo, type KafkaPlace, kafkaPlace, topicPlan } from './kafka-place.ts';
import { sampleWin } from './samples.ts';

interface RecorderRow {
  source: Buffer | string;
  next: number;
}

export const MASTER = Buffer.from('a master secret for tests only..');

export interface RecorderProcess {
  pid: number;
  state(): ThreadProgress | null;
  /** what it has logged; reading begins with the first call, so that a test can let it choke on its own words */
  lines(): string[];
  kill(): Promise<void>;
  /** SIGTERM, and how long it took */
  stop(): Promise<number>;
}

export interface RecorderPlace {
  kafka: KafkaPlace;
  settings(over?: Partial<RecorderSettings>): RecorderSettings;
  start(over?: Partial<RecorderSettings>): Promise<RecorderProcess>;
  /** Puts wins onto the log, `perMessage` in each message, spread over the partitions. */
  fill(first: number, last: number, perMessage: number): Promise<void>;
  /** Where the record stands, partition by partition. */
  next(): Promise<number[]>;
  close(): Promise<void>;
}

/** As with every start of Dibs: the topic and its dead letters. */
export async function recorderPlace(url: string, mysqlUrl: string, partitions: number, mysql: Mysql) {
  const plan = topicPlan({ partitions });
  const kafka = await kafkaPlace(url, plan);
  await kafkaPlace(url, { ...plan, name: `${plan.name}.dlq` });
  await mysql.pool.query('DELETE FROM leases');
  const running: RecorderProcess[] = [];
  let made = 0;
  const settings = (over: Partial<RecorderSettings> = {}): RecorderSettings => {
    made += 1;
    return {
      kafka: connectionTo(url),
      topic: plan.name,
      partitions,
      mysqlUrl,
      master: MASTER,
      batchMax: 1000,
      ratePerSecond: 0,
      concurrency: 3,
      instanceId: `recorder-${made}`,
      logLevel: 'info',
      logFormat: 'json',
      ...over,
    };
  };
  const log = await kafka.openLog();
  return {
    kafka,
    settings,
    async start(over = {}) {
      const one = await startProcess(settings(over));
      running.push(one);
      return one;
    },
    async fill(first, last, perMessage) {
      for (let seq = first; seq <= last; seq += perMessage) {
        const facts: ClaimWon[] = [];
        for (let at = seq; at < Math.min(seq + perMessage, last + 1); at++) facts.push(sampleWin(at));
        await Promise.all(facts.map((fact) => appended(log, fact)));
      }
    },
    async next() {
      const [rows] = await mysql.pool.query('SELECT source, `next` FROM recorder');
      const at = new Map((rows as RecorderRow[]).map((row) => [String(row.source), Number(row.next)]));
      return Array.from({ length: partitions }, (_, partition) => at.get(`${plan.name}/${partition}`) ?? 0);
    },
    async close() {
      await Promise.all(running.map((one) => one.kill()));
      await log.close();
    },
  } satisfies RecorderPlace;
}

async function startProcess(settings: RecorderSettings): Promise<RecorderProcess> {
  const told = JSON.stringify({ ...settings, master: Buffer.from(settings.master).toString('hex') });
  const child = fork(new URL('./recorder-child.ts', import.meta.url), [told], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let state: ThreadProgress | null = null;
  let said: string | null = null;
  await new Promise<void>((resolve, reject) => {
    child.on('message', (message) => {
      if (message === 'ready') resolve();
      else state = message as ThreadProgress;
    });
    child.once('exit', (code) => reject(new Error(`the recorder ended with ${code}`)));
  });
  return {
    pid: child.pid ?? 0,
    state: () => state,
    lines() {
      if (said === null) {
        said = '';
        child.stderr?.setEncoding('utf8').on('data', (text: string) => {
          said += text;
        });
      }
      return said.split('\n').slice(0, -1);
    },
    kill: () => ended(child, 'SIGKILL'),
    async stop() {
      const began = performance.now();
      await ended(child, 'SIGTERM');
      return performance.now() - began;
    },
  };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}
