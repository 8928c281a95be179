// One server of our own: started, waited for, and then in the hands of the test that wants to kill, stop, freeze or
// restart it. Always by its own process id; another server of the same name is never touched.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { guardFolder, guardPid, releasePid } from './guard.ts';
import { ServiceProblem } from './say.ts';

const POLL_MS = 15;
const STOP_PATIENCE_MS = 10_000;
const STOP_AGAIN_MS = 300;

export interface LocalService {
  /** for people, with its version: `Redis 7.0.15` */
  name: string;
  /** what a client is told: `redis://127.0.0.1:…`, `mysql://…`, `host:port` of a broker */
  url: string;
  host: string;
  port: number;
  /** data and log are in here; removed by `stop` */
  folder: string;
  /** null while it is not running */
  readonly pid: number | null;
  /** how long the latest start took until it served */
  readonly readyMs: number;
  /** kill -9, as nothing of it is kept, and its folder goes. The end of it. */
  stop(): Promise<void>;
  /** kill -9; the data stay */
  kill(): Promise<void>;
  /** SIGSTOP: alive, holding its connections, and silent */
  pause(): void;
  /** SIGCONT */
  resume(): void;
  /** Starts it again on the same port with the same data, after a SIGTERM when it is still running. */
  restart(): Promise<void>;
  /** the last lines that it logged */
  log(lines?: number): string;
}

export interface Program {
  /** for people, with its version: `MariaDB 10.11.19` */
  name: string;
  url: string;
  port: number;
  folder: string;
  command: string;
  args: string[];
  /** what the program shall believe to be called; some decide by it what they are */
  argv0?: string;
  /** run as this user, when we are root and the program will not be */
  user?: { uid: number; gid: number };
  /** true as soon as it serves */
  ready: () => Promise<boolean>;
  startMaxMs: number;
}

/** A folder that is gone when this process is. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `dibs-${name}-`));
  guardFolder(folder);
  return folder;
}

/** Starts `program` and resolves when it serves. */
export async function startLocal(program: Program): Promise<LocalService> {
  const { name, url, port, folder } = program;
  let child: ChildProcess | null = null;
  let ended: Promise<void> = Promise.resolve();
  let readyMs = 0;
  const running = () => (child === null ? null : (child.pid ?? null));
  const signal = (what: NodeJS.Signals) => {
    child?.kill(what);
  };
  const up = async () => {
    const started = performance.now();
    const now = launch(program);
    child = now.child;
    ended = now.ended.then(() => {
      child = null;
    });
    await waitUntilReady(program, () => child !== null, started);
    readyMs = performance.now() - started;
  };
  const down = async () => {
    if (child === null) return;
    child.ref();
    signal('SIGCONT');
    signal('SIGTERM');
    // Some refuse the first time, because they are in the middle of something.
    const again = setInterval(() => signal('SIGTERM'), STOP_AGAIN_MS);
    const last = setTimeout(() => signal('SIGKILL'), STOP_PATIENCE_MS);
    await ended;
    clearInterval(again);
    clearTimeout(last);
  };
  const service: LocalService = {
    name,
    url,
    host: '127.0.0.1',
    port,
    folder,
    get pid() {
      return running();
    },
    get readyMs() {
      return readyMs;
    },
    async stop() {
      await service.kill();
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
    async kill() {
      child?.ref();
      signal('SIGKILL');
      await ended;
    },
    pause: () => pauseProcess(running()),
    resume: () => signal('SIGCONT'),
    async restart() {
      await down();
      await up();
    },
    log: (lines = 30) => tail(folder, lines),
  };
  try {
    await up();
  } catch (error) {
    await service.kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    throw error;
  }
  return service;
}

/** Runs a program to its end. Rejects with what it said when it fails. It ends when this process does. */
export async function runToEnd(
  command: string,
  args: string[],
  { cwd, user }: { cwd: string; user?: Program['user'] | undefined },
): Promise<void> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...user });
  const { pid } = child;
  if (pid !== undefined) guardPid(pid);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  const fault = await new Promise<string | null>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code) => resolve(code === 0 ? null : `${command} ended with ${code}`));
  });
  if (pid !== undefined) releasePid(pid);
  if (fault !== null) throw new ServiceProblem(said.trim() || fault);
}

function launch({ command, args, argv0, user, folder }: Program): {
  child: ChildProcess;
  ended: Promise<void>;
} {
  const log = openSync(join(folder, 'log'), 'a');
  // A group of its own: Ctrl-C is for us, and we stop what we started.
  const child = spawn(command, args, {
    cwd: folder,
    stdio: ['ignore', log, log],
    detached: true,
    ...(argv0 === undefined ? {} : { argv0 }),
    ...user,
  });
  closeSync(log);
  const { pid } = child;
  if (pid !== undefined) guardPid(pid);
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      if (pid !== undefined) releasePid(pid);
      resolve();
    };
    child.once('exit', end);
    child.once('error', end);
  });
  child.unref();
  return { child, ended };
}

async function waitUntilReady(program: Program, alive: () => boolean, started: number): Promise<void> {
  const { name, folder, ready, startMaxMs } = program;
  for (;;) {
    if (await ready()) return;
    if (!alive()) throw new ServiceProblem(`${name} ended while starting. It said:\n${tail(folder, 15)}`);
    if (performance.now() - started > startMaxMs) {
      throw new ServiceProblem(
        `${name} is not ready after ${startMaxMs / 1000} s. It said:\n${tail(folder, 15)}`,
      );
    }
    await wait(POLL_MS);
  }
}

function tail(folder: string, lines: number): string {
  try {
    return readFileSync(join(folder, 'log'), 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '(nothing)';
  }
}

const STOPPED_MAX_MS = 2_000;

/** The signal is sent at once, and heeded by each thread when it is its turn: until then the process still answers. */
function pauseProcess(pid: number | null): void {
  if (pid === null) return;
  process.kill(pid, 'SIGSTOP');
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return;
  const lastMs = performance.now() + STOPPED_MAX_MS;
  const stopped = (id: string): boolean =>
    / [TtXZ] /.test(readFileSync(join(tasks, id, 'stat'), 'utf8').replace(/^.*\)/, ''));
  while (performance.now() < lastMs && !readdirSync(tasks).every(stopped));
}
