// Where the servers' programs come from: the machine, or its package manager when we are root. Only packages without a
// system daemon are installed (Debian's redis-tools and mariadb-server-core hold the programs, nothing that starts by
// itself), so the machine runs nothing afterwards that it did not run before.

import { execFile, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { ServiceProblem, say } from './say.ts';

const run = promisify(execFile);
const FOLDERS = [
  ...(process.env['PATH'] ?? '').split(delimiter),
  '/usr/local/bin',
  '/usr/local/sbin',
  '/usr/bin',
  '/usr/sbin',
];

export interface Wanted {
  /** for people */
  name: string;
  /** the variable that names a running one instead */
  variable: string;
  /** Debian packages that bring it */
  packages: string[];
  /** what to install where there is no apt-get, in words */
  advice: string;
}

/** The full path of the first of `names` that is on this machine. */
export function findProgram(...names: string[]): string | undefined {
  return names
    .flatMap((name) => FOLDERS.map((folder) => join(folder, name)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** What `look` finds, after installing the packages if it finds nothing at first. */
export async function findOrInstall<T>(wanted: Wanted, look: () => T | undefined): Promise<T> {
  const found = look();
  if (found !== undefined) return found;
  await installPackages(wanted);
  const installed = look();
  if (installed !== undefined) return installed;
  throw new ServiceProblem(
    `${wanted.name} is still not there after ${wanted.packages.join(', ')} was installed.`,
  );
}

/** One at a time: two runs of the package manager would wait for each other's lock at best. */
let installing: Promise<void> = Promise.resolve();

async function installPackages(wanted: Wanted): Promise<void> {
  const turn = installing.then(() => install(wanted));
  installing = turn.catch(() => undefined);
  await turn;
}

async function install({ name, variable, packages, advice }: Wanted): Promise<void> {
  const missing = `${name} is not on this machine.`;
  const apt = findProgram('apt-get');
  if (apt === undefined || process.getuid?.() !== 0) {
    const how =
      apt === undefined ? advice : `Run: sudo apt-get install --no-install-recommends ${packages.join(' ')}`;
    throw new ServiceProblem(`${missing} ${how} Or name a running one in ${variable}.`);
  }
  say(`${missing} Installing ${packages.join(', ')} …`);
  const started = performance.now();
  const arguments_ = [
    '-q',
    '-y',
    '--no-install-recommends',
    '-o',
    'DPkg::Lock::Timeout=300',
    'install',
    ...packages,
  ];
  try {
    await quietly(apt, arguments_);
  } catch {
    try {
      await quietly(apt, ['-q', '-o', 'DPkg::Lock::Timeout=300', 'update']);
      await quietly(apt, arguments_);
    } catch (error) {
      const said =
        (error as { stderr?: string }).stderr?.trim().split('\n').slice(-5).join('\n') ?? String(error);
      throw new ServiceProblem(
        `${missing} apt-get could not install ${packages.join(', ')}: ${said}\nOr name a running one in ${variable}.`,
      );
    }
  }
  say(`installed in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

async function quietly(command: string, args: string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run(command, args, { env, maxBuffer: 64 << 20 });
}

/** What `command args` prints on both streams; `undefined` when it cannot be run or fails. */
export function output(command: string, args: string[], argv0 = command): string | undefined {
  const { status, stdout, stderr } = spawnSync(command, args, { argv0, encoding: 'utf8', timeout: 20_000 });
  return status === 0 ? `${stdout}${stderr}` : undefined;
}
