/** What `dibs doctor` looks at. Nothing here changes anything: what it writes, it removes. */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import type { Probed } from '../main/probe.ts';
import { Client, type ClientOptions } from './client.ts';
import { monotonicMs, wallMs } from './clock.ts';
import type { Diagnosis } from './doctor.ts';
import { CommandFailure, exitCodes } from './failure.ts';
import { duration } from './print.ts';

const nodeMajorMin = 24;
const freeBytesMin = 1 << 30;
const fsyncWarnMs = 20;
const fsyncWrites = 20;
const clockWarnMs = 1000;

export function inspectMachine(dataDir: string, env: NodeJS.ProcessEnv): Diagnosis[] {
  return [inspectNode(process.versions.node), ...inspectSettings(env), ...inspectDisk(resolve(dataDir))];
}

export function inspectNode(version: string): Diagnosis {
  const isOld = Number.parseInt(version, 10) < nodeMajorMin;
  if (!isOld) return { name: 'Node', finding: 'ok', found: version };
  const todo = `Run through \`npm start\`, which fetches Node ${nodeMajorMin}, or install it.`;
  return { name: 'Node', finding: 'fail', found: version, todo };
}

function inspectDisk(dataDir: string): Diagnosis[] {
  // Before the first start there is no data folder; it will be made in the nearest folder that exists.
  let folder = dataDir;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const name = 'data folder';
  let probe: string;
  try {
    probe = mkdtempSync(join(folder, '.dibs-doctor-'));
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    const todo = 'Give the folder to the user that runs the server, or name another with DIBS_DATA_DIR.';
    return [{ name, finding: 'fail', found: `${dataDir} is not writable (${reason})`, todo }];
  }
  try {
    const where = folder === dataDir ? 'is writable' : 'will be made at the first start';
    return [{ name, finding: 'ok', found: `${dataDir} ${where}` }, inspectSpace(probe), inspectFsync(probe)];
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

function inspectSpace(folder: string): Diagnosis {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const found = `${(free / 2 ** 30).toFixed(1)} GiB`;
  if (free >= freeBytesMin) return { name: 'free disk', finding: 'ok', found };
  const todo = 'A million wins need about 0.5 GiB. Make room: a full disk stops claims.';
  return { name: 'free disk', finding: 'warn', found, todo };
}

/** Every told win at level `disk` waits for this, so it is the floor of the winners' latency. */
function inspectFsync(folder: string): Diagnosis {
  const file = openSync(join(folder, 'fsync'), 'w');
  const page = Buffer.alloc(4096, 1);
  const times: number[] = [];
  try {
    for (let i = 0; i < fsyncWrites; i++) {
      const startedMs = monotonicMs();
      writeSync(file, page);
      fdatasyncSync(file);
      times.push(monotonicMs() - startedMs);
    }
  } finally {
    closeSync(file);
  }
  times.sort((a, b) => a - b);
  const medianMs = times[times.length >> 1] ?? 0;
  const found = `median ${duration(medianMs)}, slowest ${duration(times.at(-1) ?? 0)}`;
  if (medianMs <= fsyncWarnMs) return { name: 'fsync', finding: 'ok', found };
  const todo = 'Each batch of winners waits this long. Put the data folder on an SSD.';
  return { name: 'fsync', finding: 'warn', found, todo };
}

const NOT_ASKED: Probed = { parts: [], levels: [] };

/** What Redis, Kafka and MySQL really are; null when everything is in one process. */
export async function inspectParts(env: NodeJS.ProcessEnv): Promise<Probed | null> {
  // Either brings other processes to the same campaigns: without Redis there are ordered ones.
  if (!env['DIBS_REDIS_URL'] && !env['DIBS_REDIS_URL_FILE'] && !env['DIBS_KAFKA_BROKERS']) return null;
  const { probeParts } = await import('../main/probe.ts');
  // Settings that cannot be used are a finding of their own.
  return (await probeParts(env, (path) => readFileSync(path, 'utf8'))) ?? NOT_ASKED;
}

/** Which levels one process keeps by itself. */
export function inspectLevels(machine: readonly Diagnosis[]): Diagnosis[] {
  const diskFails = machine.some((check) => check.name === 'data folder' && check.finding === 'fail');
  return [
    { name: 'memory', finding: 'ok', found: 'holds: survives nothing but is the fastest' },
    diskFails
      ? { name: 'disk', finding: 'fail', found: 'does not hold', todo: 'Make the data folder writable.' }
      : { name: 'disk', finding: 'ok', found: 'holds: survives kill -9 and loss of power' },
    missing('replicated', 'a Redis with a replica'),
    missing('logged', 'a Redis; and DIBS_DATABASE_URL to a MySQL, DIBS_KAFKA_BROKERS to a Kafka cluster'),
  ];
}

function missing(name: string, needs: string): Diagnosis {
  const found = 'does not hold: DIBS_REDIS_URL is not set';
  return { name, finding: 'warn', found, todo: `Only when you need it: set DIBS_REDIS_URL to ${needs}.` };
}

/** The settings as a server started from here would read them. */
export function inspectSettings(env: NodeJS.ProcessEnv): Diagnosis[] {
  const name = 'settings';
  const loaded = loadConfig(env, {}, (path) => readFileSync(path, 'utf8'));
  if (loaded.ok) return [{ name, finding: 'ok', found: 'every DIBS_ name and value is right' }];
  return loaded.errors.map((error) => ({
    name,
    finding: 'fail',
    found: `${error.name}=${error.value}`,
    todo: `Allowed: ${error.allowed}.`,
  }));
}

interface ServerFindings {
  answers: boolean;
  checks: Diagnosis[];
}

export async function inspectServer(options: ClientOptions, env: NodeJS.ProcessEnv): Promise<ServerFindings> {
  const client = new Client(options, env);
  try {
    const ready = await client.get<Record<string, unknown> | null>('/readyz', { accept: [503] });
    return {
      answers: true,
      checks: [readiness(ready), ...(await clockOffset(client)), await keyCheck(client)],
    };
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    const missing = error.exitCode === exitCodes.unreachable;
    const finding = missing ? 'warn' : 'fail';
    const check: Diagnosis = { name: 'address', finding, found: error.message, todo: error.hint ?? '' };
    return { answers: !missing, checks: [check] };
  }
}

function readiness(ready: { status: number; body: Record<string, unknown> | null }): Diagnosis {
  const roles = ready.body?.['roles'];
  const told = typeof roles === 'object' && roles !== null ? Object.entries(roles) : [];
  const found = told.map(([role, state]) => `${role} ${String(state)}`).join(', ');
  if (ready.status === 200) return { name: 'readiness', finding: 'ok', found: found || 'ready' };
  const todo = 'The server is starting, stopping or broken; its log says which.';
  return { name: 'readiness', finding: 'fail', found: found || 'not ready', todo };
}

async function clockOffset(client: Client): Promise<Diagnosis[]> {
  const { offsetMs, errorMs } = await client.clock();
  const aheadMs = offsetMs - (wallMs() - monotonicMs());
  const found = `${aheadMs >= 0 ? 'ahead' : 'behind'} by ${duration(Math.abs(aheadMs))} (± ${duration(errorMs)})`;
  if (Math.abs(aheadMs) < clockWarnMs + errorMs) return [{ name: 'clock', finding: 'ok', found }];
  const todo = "Campaigns open and close by the server's clock. Let NTP set it.";
  return [{ name: 'clock', finding: 'warn', found, todo }];
}

async function keyCheck(client: Client): Promise<Diagnosis> {
  const name = 'operator key';
  if (client.key === null) {
    const todo =
      "Only for operators' commands: give --key, DIBS_ADMIN_KEY, or run where ./data/admin.key is.";
    return { name, finding: 'warn', found: 'none found', todo };
  }
  const { status } = await client.get('/v1/admin/campaigns?limit=1', { accept: [401, 403] });
  if (status === 200) return { name, finding: 'ok', found: 'accepted' };
  return {
    name,
    finding: 'fail',
    found: `refused (${status})`,
    todo: 'The key is of another server, or revoked.',
  };
}
