// `npm run demo [-- --services]`: the demo of `dibs demo`. With --services it first brings up a Redis, a Kafka and a
// MariaDB of its own, and takes them down again afterwards, in whatever way the demo ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './services/local.ts';
import { type Provided, provide } from './services/provide.ts';
import { ServiceProblem, say } from './services/say.ts';

const FLAG = '--services';
const LAUNCH = fileURLToPath(new URL('./launch.mjs', import.meta.url));

/**
 * Runs `dibs demo` with the addresses of what was started; it ends when this process does.
 * @param folder where it keeps what it throws away
 */
function startDemo(args: string[], services: readonly Provided[], folder: string): ChildProcess {
  const addresses = Object.assign({}, ...services.map(({ variables }) => variables)) as object;
  const secrets = { DIBS_MASTER_SECRET: randomBytes(32).toString('hex'), DIBS_ADMIN_KEY: newKey() };
  const names = services.map(({ name }) => name.split(' on port ')[0]).join(', ');
  return spawn(process.execPath, [LAUNCH, 'src/cli/dibs.ts', 'demo', `${FLAG}=${names}`, ...args], {
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

/** Hands signals on to the demo once there is one; before that, `ended` resolves with what the shell would say. */
function listenToSignals(): { ended: Promise<number>; handOnTo(child: ChildProcess): void } {
  let demo: ChildProcess | null = null;
  const ended = new Promise<number>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () =>
        demo === null ? resolve(128 + constants.signals[signal]) : demo.kill(signal),
      );
    }
  });
  return {
    ended,
    handOnTo(child) {
      demo = child;
    },
  };
}

async function demoOnServices(args: string[]): Promise<number> {
  const signals = listenToSignals();
  say('starting Redis, Kafka and MariaDB for the demo; the first time, what is missing is installed …');
  const services = await Promise.race([provide(['redis', 'kafka', 'mysql']), signals.ended]);
  // What is still starting is ended by its guard as soon as this process is gone.
  if (typeof services === 'number') return services;
  const folder = temporaryFolder('demo');
  try {
    const demo = startDemo(args, services, folder);
    signals.handOnTo(demo);
    return await untilEnded(demo);
  } finally {
    await Promise.all(services.map((service) => service.stop()));
    rmSync(folder, { recursive: true, force: true });
    say('Redis, Kafka and MariaDB are stopped, their data are gone');
  }
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (!args.includes(FLAG) || args.includes('--help')) {
    process.argv.splice(2, 0, 'demo');
    await import('../src/cli/dibs.ts');
    return;
  }
  try {
    const rest = args.filter((arg) => arg !== FLAG);
    process.exit(await demoOnServices(rest));
  } catch (error) {
    if (!(error instanceof ServiceProblem)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

await main();
