// MariaDB of our own, as durable as a record needs it (every commit synced, the binary log too), in a folder that goes
// away. It stands in for MySQL where there is none; the SQL of Dibs keeps to what both have.

import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { guardFolder } from './guard.ts';
import { KEPT } from './kept.ts';
import { type LocalService, runToEnd, startLocal, temporaryFolder } from './local.ts';
import { freePort } from './ports.ts';
import { findOrInstall, findProgram, output } from './programs.ts';
import { noteRan } from './ran.ts';
import { ServiceProblem } from './say.ts';

const START_MAX_MS = 60_000;
const ANSWER_MAX_MS = 2_000;

export interface MariaDbOptions {
  /** further arguments as mariadbd takes them: `['--innodb-lock-wait-timeout=2']` */
  args?: string[];
}

/** `url` is that of the user who owns the database `dibs`; the user of `adminUrl` may do everything. */
export type LocalDatabase = LocalService & { adminUrl: string };

interface Binaries {
  server: string;
  install: string;
  version: string;
}

interface User {
  uid: number;
  gid: number;
}

/** One MariaDB with an empty database `dibs`. */
export async function startMariaDb(options: MariaDbOptions = {}): Promise<LocalDatabase> {
  const { server, install, version } = await findMariaDb();
  const user = process.getuid?.() === 0 ? ownUser() : undefined;
  const folder = temporaryFolder('mariadb');
  const data = join(folder, 'data');
  const setUp = join(folder, 'set-up.sql');
  writeFileSync(setUp, SET_UP);
  if (user) chownSync(folder, user.uid, user.gid);
  await layOut(data, { install, version, folder, user });
  const port = await freePort();
  const service = await startLocal({
    name: `MariaDB ${version}`,
    url: `mysql://dibs:dibs@127.0.0.1:${port}/dibs`,
    port,
    folder,
    command: server,
    args: [...settings(port, data, folder), `--init-file=${setUp}`, ...(options.args ?? [])],
    ...(user ? { user } : {}),
    startMaxMs: START_MAX_MS,
    ready: () => greets(port),
  });
  noteRan(service.name);
  return Object.assign(service, { adminUrl: `mysql://admin:admin@127.0.0.1:${port}/dibs` });
}

/** Run at each start, before anybody is let in. The server listens on 127.0.0.1 only, and lives as long as a test. */
const SET_UP = `
create database if not exists dibs character set utf8mb4;
create user if not exists dibs@'127.0.0.1' identified by 'dibs';
grant all privileges on dibs.* to dibs@'127.0.0.1';
create user if not exists admin@'127.0.0.1' identified by 'admin';
grant all privileges on *.* to admin@'127.0.0.1' with grant option;
`.trimStart();

function settings(port: number, data: string, folder: string): string[] {
  return [
    '--no-defaults',
    `--datadir=${data}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(folder, 'socket')}`,
    `--pid-file=${join(folder, 'pid')}`,
    // Its own: the machine's may be closed to the user that it runs as.
    `--tmpdir=${folder}`,
    '--skip-name-resolve',
    '--server-id=1',
    '--log-bin=binlog',
    '--binlog-format=ROW',
    '--sync-binlog=1',
    '--innodb-flush-log-at-trx-commit=1',
    '--innodb-buffer-pool-size=128M',
    '--innodb-log-file-size=64M',
    '--max-connections=200',
  ];
}

interface Making {
  install: string;
  version: string;
  folder: string;
  user: User | undefined;
}

/** System tables that are made once and copied ever after: that takes a twentieth of the time. */
async function layOut(data: string, making: Making): Promise<void> {
  const kept = join(KEPT, `mariadb-${making.version}-${process.getuid?.() ?? 0}`);
  if (!existsSync(kept)) {
    await initialize(data, making);
    mkdirSync(KEPT, { recursive: true });
    const copy = mkdtempSync(`${kept}-`);
    guardFolder(copy);
    cpSync(data, copy, { recursive: true });
    try {
      renameSync(copy, kept);
    } catch (error) {
      // It appears whole, and whoever comes second has made it for nothing.
      if (!existsSync(kept)) throw error;
      rmSync(copy, { recursive: true });
    }
    return;
  }
  cpSync(kept, data, { recursive: true });
  const { user } = making;
  if (user === undefined) return;
  for (const path of ['', ...readdirSync(data, { recursive: true, encoding: 'utf8' })]) {
    chownSync(join(data, path), user.uid, user.gid);
  }
}

/** Makes the system tables. Small logs and no syncing: nothing in there is worth keeping yet. */
async function initialize(data: string, { install, folder, user }: Making): Promise<void> {
  const args = [
    '--no-defaults',
    `--datadir=${data}`,
    `--tmpdir=${folder}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--skip-name-resolve',
    '--innodb-log-file-size=4M',
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-flush-method=nosync',
  ];
  try {
    await runToEnd(install, args, { cwd: folder, user });
  } catch (error) {
    throw new ServiceProblem(`MariaDB's system tables could not be made. ${(error as Error).message}`);
  }
}

/** mariadbd will not run as root, and rightly. Root's folder belongs to this user instead. */
function ownUser(): User {
  for (const name of ['mysql', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((what) => Number(output('id', [what, name]) ?? Number.NaN));
    if (uid && gid) return { uid, gid };
  }
  throw new ServiceProblem(
    'MariaDB needs a user other than root to run as: neither mysql nor nobody is there.',
  );
}

/** A server that lets clients in speaks first. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    const end = (does: boolean) => {
      socket.destroy();
      resolve(does);
    };
    socket.setTimeout(ANSWER_MAX_MS, () => end(false));
    socket
      .on('data', () => end(true))
      .on('error', () => end(false))
      .on('close', () => end(false));
  });
}

let known: Promise<Binaries> | undefined;

function findMariaDb(): Promise<Binaries> {
  const wanted = {
    name: 'MariaDB',
    variable: 'DIBS_TEST_MYSQL_URL',
    packages: ['mariadb-server-core', 'mariadb-client-core'],
    advice: 'Install MariaDB 10.11 or newer (brew install mariadb).',
  };
  known ??= findOrInstall(wanted, () => {
    const server = findProgram('mariadbd');
    const install = findProgram('mariadb-install-db');
    const version = /(\d+\.\d+\.\d+)/.exec((server && output(server, ['--version'])) ?? '')?.[1];
    const complete = install && findProgram('my_print_defaults');
    return server && complete && version ? { server, install, version } : undefined;
  });
  return known;
}
