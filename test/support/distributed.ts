// An installation of several processes on real services, for tests that break it: the services, the processes as a user
// would start them, an operator who asks whichever process is there, and a direct look into the database.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RowDataPacket } from 'mysql2/promise';
import { createConnection } from 'mysql2/promise';
import { guardPid, releasePid } from '../../scripts/services/guard.ts';
import { startKafka } from '../../scripts/services/kafka.ts';
import type { LocalService } from '../../scripts/services/local.ts';
import { type LocalDatabase, startMariaDb } from '../../scripts/services/mariadb.ts';
import { freePort } from '../../scripts/services/ports.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import type { Told } from './server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ADMIN_KEY = 'an-operator-key-of-the-fault-tests-0123456789';
const MASTER_SECRET = 'a master secret of the fault tests, 0123456789';
const CALL_PATIENCE_MS = 40_000;
const SAID_MAX = 400_000;
const START_MAX_MS = 30_000;

/** A process of Dibs. Started again it has the same port and the same folder. */
export interface DibsProcess {
  name: string;
  /** `all`, or a list: `api`, `relay,recorder` */
  roles: string;
  port: number;
  url: string;
  readonly pid: number | null;
  /** Resolves when it is ready. */
  start(): Promise<void>;
  /** kill -9, resolved when it is gone */
  kill(): Promise<void>;
  /** SIGTERM; the exit code */
  stop(): Promise<number | null>;
  /** the end of what it logged, of all its starts */
  said(): string;
}

export interface ProcessOptions {
  roles: string;
  env?: Record<string, string>;
  /** another tree of the sources than ours */
  root?: string;
}

/** What the processes of a site run on. */
export interface Services {
  redis: LocalService;
  kafka: LocalService;
  maria: LocalDatabase;
}

export interface Site {
  adminKey: string;
  processes: readonly DibsProcess[];
  /** Starts a process and waits until it is ready. */
  start(name: string, options: ProcessOptions): Promise<DibsProcess>;
  /** those that people press at, running or not */
  apis(): DibsProcess[];
  /** An operator's call, asked of one process after the other until one of them answers. */
  call(method: string, path: string, body?: object): Promise<Told>;
  /** Makes an open campaign. */
  open(id: string, quantity: number, more?: object): Promise<void>;
  /** Asks the database itself, as the administrator. */
  query(statement: string, values?: unknown[]): Promise<RowDataPacket[]>;
  /** the end of what all processes logged */
  said(): string;
  /** Ends all processes; the services are left alone. */
  close(): Promise<void>;
}

/** One Redis, one Kafka and one MariaDB; null where they cannot be had. */
export async function startServices(): Promise<Services | null> {
  const all = await startOrSkip(() => Promise.all([startRedis(), startKafka(), startMariaDb()]));
  if (all === null) return null;
  const [redis, kafka, maria] = all;
  return { redis, kafka, maria };
}

export async function stopServices(services: Services | null): Promise<void> {
  if (services === null) return;
  await Promise.all([services.redis.stop(), services.kafka.stop(), services.maria.stop()]);
}

export interface Installation extends Services {
  site: Site;
}

/**
 * An installation for the tests of a file: services of its own, two processes that people press at, and `back` that does
 * the rest. Null where the services cannot be had.
 */
export async function install(): Promise<Installation | null> {
  const services = await startServices();
  if (services === null) return null;
  const site = makeSite(services, services.redis.url);
  await startProcesses(site);
  return { ...services, site };
}

/** Two processes that people press at, and one that does the rest. */
export const THREE = { 'api-a': 'api', 'api-b': 'api', back: 'relay,recorder,jobs' };

/** Starts processes at once, by name and roles. */
export async function startProcesses(
  site: Site,
  roles: Readonly<Record<string, string>> = THREE,
  options: Omit<ProcessOptions, 'roles'> = {},
): Promise<void> {
  await Promise.all(
    Object.entries(roles).map(([name, role]) => site.start(name, { ...options, roles: role })),
  );
}

export async function uninstall(installation: Installation | null): Promise<void> {
  await installation?.site.close();
  await stopServices(installation);
}

/** A process of the site by its name. */
export function named(site: Site, name: string): DibsProcess {
  const found = site.processes.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no process ${name}`);
  return found;
}

/** An empty database beside the others, by the address of the user who owns it. */
export async function newDatabase(maria: LocalDatabase, name: string): Promise<string> {
  const connection = await createConnection(maria.adminUrl);
  await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  await connection.query(`GRANT ALL PRIVILEGES ON ${name}.* TO dibs@'127.0.0.1'`);
  await connection.end();
  return maria.url.replace(/[^/]+$/, name);
}

/** A site without processes. `over` replaces or adds settings of all processes. */
export function makeSite(
  services: Omit<Services, 'redis'>,
  redisUrl: string,
  over: Record<string, string> = {},
): Site {
  const processes: DibsProcess[] = [];
  const folders: string[] = [];
  const env: Record<string, string> = {
    DIBS_REDIS_URL: redisUrl,
    DIBS_KAFKA_BROKERS: services.kafka.url,
    DIBS_DATABASE_URL: services.maria.url,
    DIBS_KAFKA_PARTITIONS: '3',
    DIBS_MASTER_SECRET: MASTER_SECRET,
    DIBS_ADMIN_KEY: ADMIN_KEY,
    DIBS_LOG_LEVEL: 'info',
    DIBS_LOG_FORMAT: 'json',
    ...over,
  };
  const apis = () => processes.filter(({ roles }) => /\b(all|api)\b/.test(roles));
  const call = (method: string, path: string, body?: object) => callAny(apis, method, path, body);
  return {
    adminKey: ADMIN_KEY,
    processes,
    apis,
    call,
    async start(name, options) {
      const folder = mkdtempSync(join(tmpdir(), 'dibs-faults-'));
      folders.push(folder);
      const made = await makeProcess(name, { ...options, env: { ...env, ...options.env } }, folder);
      processes.push(made);
      await made.start();
      return made;
    },
    async open(id, quantity, more = {}) {
      const made = await call('POST', '/v1/admin/campaigns', { id, name: id, quantity, ...more });
      // Asked again after an answer that was lost, the campaign exists already.
      if (![201, 409].includes(made.status)) throw new Error(`create: ${JSON.stringify(made.body)}`);
      const opened = await call('POST', `/v1/admin/campaigns/${id}/open`);
      if (opened.status !== 200) throw new Error(`open: ${JSON.stringify(opened.body)}`);
      await Promise.all(apis().map((api) => untilKnown(api, id)));
    },
    async query(statement, values = []) {
      const database = env['DIBS_DATABASE_URL']?.split('/').at(-1) ?? '';
      const connection = await createConnection(services.maria.adminUrl.replace(/[^/]+$/, database));
      try {
        const [rows] = await connection.query<RowDataPacket[]>(statement, values);
        return rows;
      } finally {
        await connection.end();
      }
    },
    said: () =>
      processes.map((one) => `--- ${one.name} (${one.roles})\n${one.said().slice(-6000)}`).join('\n'),
    async close() {
      await Promise.all(processes.map((one) => one.kill()));
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function makeProcess(
  name: string,
  options: ProcessOptions & { env: Record<string, string> },
  folder: string,
): Promise<DibsProcess> {
  const { roles } = options;
  const port = await freePort();
  let child: ChildProcess | null = null;
  let gone: Promise<number | null> = Promise.resolve(null);
  let said = '';
  const hear = (text: string) => {
    said = (said + text).slice(-SAID_MAX);
  };
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child?.kill(signal);
    return await gone;
  };
  return {
    name,
    roles,
    port,
    url: `http://127.0.0.1:${port}`,
    get pid() {
      return child?.pid ?? null;
    },
    async start() {
      const started = launch(options, folder, port);
      const { pid } = started;
      child = started;
      if (pid !== undefined) guardPid(pid);
      gone = new Promise((resolve) => {
        started.once('exit', (code) => {
          if (pid !== undefined) releasePid(pid);
          child = null;
          resolve(code);
        });
      });
      started.stderr?.setEncoding('utf8').on('data', hear);
      if (!(await saysReady(started, hear))) throw new Error(`${name} ended with ${await gone}: ${said}`);
    },
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    said: () => said,
  };
}

function launch({ roles, env, root = ROOT }: ProcessOptions, folder: string, port: number): ChildProcess {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DIBS_')));
  const args = [join(root, 'scripts/launch.mjs'), 'src/cli/dibs.ts', 'serve', '--ready-json'];
  return spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that it can be ended when this process cannot do it any more.
    detached: true,
    env: { ...clean, ...env, DIBS_ROLE: roles, DIBS_PORT: String(port), DIBS_DATA_DIR: folder },
  });
}

/** True when it is ready, false when it has ended. What it says afterwards is heard too. */
async function saysReady(child: ChildProcess, hear: (text: string) => void): Promise<boolean> {
  if (child.stdout === null) return false;
  const lines = createInterface({ input: child.stdout });
  const tooLong = setTimeout(() => child.kill('SIGKILL'), START_MAX_MS);
  return await new Promise((resolve) => {
    lines.on('line', (line) => {
      hear(`${line}\n`);
      if (/^\{.*"url":/.test(line)) resolve(true);
    });
    child.once('exit', () => resolve(false));
  }).then((ready) => {
    clearTimeout(tooLong);
    return ready as boolean;
  });
}

/** The other processes see a new campaign a moment later. */
async function untilKnown(api: DibsProcess, id: string): Promise<void> {
  const lastMs = performance.now() + CALL_PATIENCE_MS;
  while (api.pid !== null && performance.now() < lastMs) {
    const told = await callOne(api.url, 'GET', `/v1/campaigns/${id}`).catch(() => null);
    if (told?.status === 200) return;
    await wait(50);
  }
}

async function callAny(
  apis: () => DibsProcess[],
  method: string,
  path: string,
  body?: object,
): Promise<Told> {
  const lastMs = performance.now() + CALL_PATIENCE_MS;
  for (let turn = 0; ; turn++) {
    const api = apis()[turn % apis().length];
    if (api === undefined) throw new Error('the site has no process that answers');
    const told = api.pid === null ? null : await callOne(api.url, method, path, body).catch(() => null);
    if (told !== null && told.status !== 503) return told;
    if (performance.now() > lastMs)
      throw new Error(`${method} ${path}: ${JSON.stringify(told ?? 'no answer')}`);
    await wait(100);
  }
}

async function callOne(url: string, method: string, path: string, body?: object): Promise<Told> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${ADMIN_KEY}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    body: (text.startsWith('{') ? JSON.parse(text) : { text }) as Record<string, unknown>,
    headers: Object.fromEntries(answer.headers),
  };
}
