/** A Dibs on a Redis, a Kafka and a MariaDB of its own, whose log can be read line by line. All of it ends together. */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { provide } from '../../scripts/services/provide.ts';

const LAUNCH = fileURLToPath(new URL('../../scripts/launch.mjs', import.meta.url));

/** One line of the program's own log. */
export interface LogLine {
  msg: string;
  time: number;
  [field: string]: unknown;
}

export interface RunningDibs {
  url: string;
  adminKey: string;
  /** what it runs on, with versions */
  on: string;
  /** Runs a command of Dibs with the same settings; what it prints. */
  dibs(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

type Environment = Record<string, string | undefined>;

/**
 * Starts the services, then Dibs on a free port.
 * @param settings further `DIBS_…` variables
 * @param onLine is called for each line of the log
 */
export async function startDibs(
  settings: Record<string, string>,
  onLine: (line: LogLine) => void,
): Promise<RunningDibs> {
  const services = await provide(['redis', 'kafka', 'mysql']);
  const stopServices = async () => {
    await Promise.all(services.map((service) => service.stop()));
  };
  const adminKey = randomBytes(24).toString('base64url');
  const env: Environment = {
    ...process.env,
    ...Object.assign({}, ...services.map(({ variables }) => variables)),
    DIBS_MASTER_SECRET: randomBytes(32).toString('hex'),
    DIBS_ADMIN_KEY: adminKey,
    DIBS_LOG_FORMAT: 'json',
    ...settings,
  };
  const server = spawnDibs(['serve', '--port', '0', '--ready-json'], env);
  readLines(server, onLine);
  try {
    const url = await untilReady(server);
    return {
      url,
      adminKey,
      on: services.map(({ name }) => name.split(' on port ')[0]).join(', '),
      dibs: (...args) => output(spawnDibs(args, { ...env, DIBS_URL: url })),
      async stop() {
        await stopServer(server);
        await stopServices();
      },
    };
  } catch (error) {
    await stopServer(server);
    await stopServices();
    throw error;
  }
}

/** It ends when this process does: the launcher watches the pipe. */
function spawnDibs(args: string[], env: Environment): ChildProcess {
  return spawn(process.execPath, [LAUNCH, 'src/cli/dibs.ts', ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...env, LAUNCH_PARENT_FD: '3' },
  });
}

function readLines({ stderr }: ChildProcess, onLine: (line: LogLine) => void): void {
  if (!stderr) return;
  createInterface({ input: stderr }).on('line', (text) => {
    if (text.startsWith('{')) onLine(JSON.parse(text) as LogLine);
    else console.error(text);
  });
}

async function untilReady(server: ChildProcess): Promise<string> {
  if (server.stdout) {
    for await (const line of createInterface({ input: server.stdout })) {
      if (line.startsWith('{"url":')) return (JSON.parse(line) as { url: string }).url;
    }
  }
  throw new Error('Dibs did not start: see above.');
}

async function output(command: ChildProcess): Promise<string> {
  let said = '';
  for (const stream of [command.stdout, command.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  await once(command, 'close');
  return said.trimEnd();
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, 'exit');
  server.kill('SIGTERM');
  await gone;
}
