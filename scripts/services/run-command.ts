// A command of `dibs` on services of its own: with --services it first brings up a Redis, a Kafka and a MariaDB, and takes
// them down again afterwards, in whatever way the command ends. Without, it is the command itself.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './local.ts';
import { type Provided, provide } from './provide.ts';
import { ServiceProblem, say } from './say.ts';

const FLAG = '--services';
const LAUNCH = fileURLToPath(new URL('../launch.mjs', import.meta.url));

/** A command that knows --services. */
export interface ServedCommand {
  name: string;
  /** further arguments that only this start can know */
  about?(services: readonly Provided[]): string[];
}

/**
 * Runs the command with the addresses of what was started; it ends when this process does.
 * @param folder where it keeps what it throws away
 */
function startCommand(
  command: ServedCommand,
  args: string[],
  services: readonly Provided[],
  folder: string,
): ChildProcess {
  const addresses = Object.assign({}, ...services.map(({ variables }) => variables)) as object;
  const secrets = { DIBS_MASTER_SECRET: randomBytes(32).toString('hex'), DIBS_ADMIN_KEY: newKey() };
  const names = services.map(({ name }) => name.split(' on port ')[0]).join(', ');
  const own = [command.name, `${FLAG}=${names}`, ...(command.about?.(services) ?? [])];
  return spawn(process.execPath, [LAUNCH, 'src/cli/dibs.ts', ...own, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, ...addresses, ...secrets, TMPDIR: folder, LAUNCH_PARENT_FD: '3' },
  });
}

const newKey = (): string => randomBytes(24).toString('base64url');

/** @returns its exit code; as a shell says it when a signal ended it */
function untilEnded(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

/** Hands signals on to the command once there is one; before that, `ended` resolves with what the shell would say. */
function listenToSignals(): { ended: Promise<number>; handOnTo(child: ChildProcess): void } {
  let command: ChildProcess | null = null;
  const ended = new Promise<number>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () =>
        command === null ? resolve(128 + constants.signals[signal]) : command.kill(signal),
      );
    }
  });
  return {
    ended,
    handOnTo(child) {
      command = child;
    },
  };
}

async function onServices(command: ServedCommand, args: string[]): Promise<number> {
  const signals = listenToSignals();
  say(
    `starting Redis, Kafka and MariaDB for the ${command.name}; the first time, what is missing is installed …`,
  );
  const services = await Promise.race([provide(['redis', 'kafka', 'mysql']), signals.ended]);
  // What is still starting is ended by its guard as soon as this process is gone.
  if (typeof services === 'number') return services;
  const folder = temporaryFolder(command.name);
  try {
    const child = startCommand(command, args, services, folder);
    signals.handOnTo(child);
    return await untilEnded(child);
  } finally {
    await Promise.all(services.map((service) => service.stop()));
    rmSync(folder, { recursive: true, force: true });
    say('Redis, Kafka and MariaDB are stopped, their data are gone');
  }
}

/** Runs the command with the arguments of this process, and ends the process with its exit code. */
export async function runOnServices(command: ServedCommand): Promise<void> {
  const args = process.argv.slice(2);
  if (!args.includes(FLAG) || args.includes('--help')) {
    process.argv.splice(2, 0, command.name);
    await import('../../src/cli/dibs.ts');
    return;
  }
  try {
    const rest = args.filter((arg) => arg !== FLAG);
    process.exit(await onServices(command, rest));
  } catch (error) {
    if (!(error instanceof ServiceProblem)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
