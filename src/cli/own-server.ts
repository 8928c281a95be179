/**
 * A server of a command's own, on a free port with data that are thrown away: embedded, or on the services that the
 * environment names. Whatever way the command ends, nothing of it is left behind.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { after } from './clock.ts';
import { CommandFailure, exitCodes } from './failure.ts';

const readyMs = 30_000;

/** Where the parts are. Only with --services: such a server is nothing that should happen to somebody's own Redis by chance. */
export const placeNames = ['DIBS_REDIS_URL', 'DIBS_KAFKA_BROKERS', 'DIBS_DATABASE_URL'] as const;
/** What the processes of such a server share. */
const secretNames = ['DIBS_MASTER_SECRET', 'DIBS_ADMIN_KEY'] as const;

export interface OwnServer {
  readonly url: string;
  readonly adminKey: string;
  readonly dataDir: string;
  readonly process: ChildProcess;
  /** A signal came: the server is being stopped, and the command ends with it. */
  interrupted(): boolean;
}

export interface OwnServerOptions {
  /** The command, as its npm script is called. */
  readonly command: string;
  /** `--services`: on those that the environment names; absent: embedded. */
  readonly services?: string | true | undefined;
}

/** Starts one, hands it over, and takes it down again with its data. */
export async function onOwnServer<T>(
  options: OwnServerOptions,
  use: (server: OwnServer) => Promise<T>,
): Promise<T> {
  const settings = settingsOf(options);
  const dataDir = mkdtempSync(join(tmpdir(), `dibs-${options.command}-`));
  const server = startServer(dataDir, settings);
  const cleanUp = () => {
    server.kill('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  };
  process.once('exit', cleanUp);
  const interrupted = endOnSignal(server);
  try {
    const ready = await serverReady(server, options.command);
    const adminKey = settings['DIBS_ADMIN_KEY'] ?? ready.adminKey;
    return await use({ url: ready.url, adminKey, dataDir, process: server, interrupted });
  } catch (error) {
    // A server that is stopped in the middle answers no more: that is what was asked for, and the signal's code says so.
    if (interrupted()) await new Promise(() => undefined);
    throw error;
  } finally {
    await stopServer(server);
    process.off('exit', cleanUp);
    cleanUp();
  }
}

/** What the server is told of the environment: nothing, or where its services are. */
function settingsOf({ command, services }: OwnServerOptions): Record<string, string> {
  if (services === undefined) return {};
  const missing = placeNames.filter((name) => !process.env[name]);
  if (missing.length > 0) {
    throw new CommandFailure(
      exitCodes.usage,
      `--services needs ${missing.join(', ')}`,
      `From a checkout, \`npm run ${command} -- --services\` starts Redis, Kafka and MariaDB and sets them.`,
    );
  }
  const pairs = [...placeNames, ...secretNames].map((name) => [name, process.env[name]]);
  return Object.fromEntries(pairs.filter(([, value]) => value)) as Record<string, string>;
}

/**
 * Only the settings below count, so that a command shows the same whatever the environment is.
 * @param port 0: a free one
 */
export function startServer(dataDir: string, settings: Record<string, string>, port = 0): ChildProcess {
  const dibs = fileURLToPath(new URL('../../scripts/dibs.mjs', import.meta.url));
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DIBS_')));
  const flags = ['--port', String(port), '--data-dir', dataDir, '--log-level', 'warn', '--ready-json'];
  // A group of its own: Ctrl-C is for the command, which then stops the server gently.
  return spawn(process.execPath, [dibs, 'serve', ...flags], {
    // The launcher ends it with the other end of this pipe: nothing stays, not even after a kill -9 of the command.
    env: { ...env, ...settings, LAUNCH_PARENT_FD: '3' },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    detached: true,
  });
}

export interface Ready {
  readonly url: string;
  readonly adminKey: string;
}

/** Where it listens, once it does; `adminKey` is told at the first start alone. Rejects when it does not start. */
export function serverReady(server: ChildProcess, command: string): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      cancel();
      reject(
        new CommandFailure(exitCodes.finding, `the server of this ${command} did not start: ${why}`, null),
      );
    };
    const cancel = after(readyMs, () => fail(`nothing for ${readyMs / 1000} s`));
    server.once('error', (error) => fail(error.message));
    server.once('exit', (code) => fail(`exit code ${code}`));
    if (!server.stdout) return fail('no output');
    createInterface({ input: server.stdout }).on('line', (line) => {
      const ready = readyOf(line);
      if (!ready) return;
      cancel();
      resolve(ready);
    });
  });
}

function readyOf(line: string): Ready | null {
  if (!line.startsWith('{"url":')) return null;
  const { url, adminKey } = JSON.parse(line) as { url: string; adminKey: string | null };
  return { url, adminKey: adminKey ?? '' };
}

/**
 * The server is in a group of its own, so nobody else would stop it. A command that had its result keeps its exit code.
 * @returns whether a signal came
 */
function endOnSignal(server: ChildProcess): () => boolean {
  let interrupted = false;
  for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 })) {
    process.on(signal, () => {
      interrupted = true;
      void stopServer(server).then(() => process.exit(process.exitCode ?? code));
    });
  }
  return () => interrupted;
}

export async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return;
  const gone = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  server.kill('SIGTERM');
  const cancel = after(12_000, () => server.kill('SIGKILL'));
  await gone;
  cancel();
}
