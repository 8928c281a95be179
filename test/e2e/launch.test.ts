// Protects: `npm start` works as the first command in a fresh clone. What is missing is installed once, also when two
// start at the same moment; nothing is done when nothing is missing; and signals, exit codes and a kill pass through.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const launcher = join(import.meta.dirname, '..', '..', 'scripts', 'launch.mjs');

/** Stands for the server: says who it is, then does as it is told. */
const target = `
const [mode]: string[] = process.argv.slice(2);
const hello = JSON.stringify({ pid: process.pid, args: process.argv.slice(2) });
if (mode === 'exit') { console.log(hello); process.exit(7); }
if (mode === 'serve') {
  process.on('SIGTERM', () => process.exit(3));
  setInterval(() => undefined, 1000);
  console.log(hello); // only now: whoever reads it may send the signal
}
if (mode === 'die') { process.kill(process.pid, 'SIGTERM'); setInterval(() => undefined, 1000); }
`;

/** Stands for npm: takes its time, notes that it was called, and leaves what \`npm ci\` leaves. */
const fakeNpm = `
const fs = require('node:fs');
fs.appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
if (fs.existsSync('no-network')) { console.error('npm error code ENOTFOUND'); process.exit(1); }
setTimeout(() => {
  fs.mkdirSync('node_modules', { recursive: true });
  const { packages } = JSON.parse(fs.readFileSync('package-lock.json', 'utf8'));
  delete packages[''];
  fs.writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }));
}, 400);
`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dibs-launch-'));
  mkdirSync(join(folder, 'scripts'));
  for (const name of ['launch.mjs', 'launch-lock.mjs']) {
    cpSync(join(dirname(launcher), name), join(folder, 'scripts', name));
  }
  writeFileSync(join(folder, 'scripts', 'target.ts'), target);
  writeFileSync(join(folder, 'npm-cli.cjs'), fakeNpm);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

function start(...args: string[]): {
  child: ChildProcess;
  ended: Promise<Ended>;
  pidOfTarget: Promise<number>;
} {
  const child = spawn(process.execPath, ['scripts/launch.mjs', 'scripts/target.ts', ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], npm_execpath: join(folder, 'npm-cli.cjs') },
  });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const pidOfTarget = new Promise<number>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (stdout.includes('\n')) resolve((JSON.parse(stdout) as { pid: number }).pid);
    });
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }) as Ended);
  return { child, ended, pidOfTarget };
}

/** A lock file with one package; `installed` also as npm's account of node_modules. */
function lock(version: string, installed?: string): void {
  const packages = (each: string) => ({
    '': { name: 'x' },
    'node_modules/a': { version: each, integrity: `sha512-${each}` },
  });
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: packages(version) }));
  if (installed === undefined) return;
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  writeFileSync(
    join(folder, 'node_modules', '.package-lock.json'),
    JSON.stringify({ packages: packages(installed) }),
  );
}

function npmCalls(): string[] {
  const file = join(folder, 'npm-calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
}

/** Makes the Node at hand too old, and puts it where a newer one would have been fetched to. */
function pretendOldNode(): void {
  const file = join(folder, 'scripts', 'launch.mjs');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('NODE_MAJOR_MIN = 24', 'NODE_MAJOR_MIN = 99'));
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const home = join(folder, '.node', 'node_modules', `node-${platform}-${process.arch}`);
  mkdirSync(join(home, 'bin'), { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify({ version: '99.0.0' }));
  symlinkSync(process.execPath, join(home, 'bin', 'node'));
}

/** Resolves when the process is gone or only waits for its parent to notice. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
      if (/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return;
    } catch {
      return;
    }
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

describe('with nothing to install', () => {
  it('runs the target in its own process, at once, without npm', async () => {
    lock('1.0.0', '1.0.0');
    const started = performance.now();
    const { child, ended } = start('exit', 'a b', '--port=0');
    const { code, stdout, stderr } = await ended;
    expect(JSON.parse(stdout)).toEqual({ pid: child.pid, args: ['exit', 'a b', '--port=0'] });
    expect({ code, stderr, calls: npmCalls() }).toEqual({ code: 7, stderr: '', calls: [] });
    expect(performance.now() - started).toBeLessThan(3000);
  });
});

describe('dependencies', () => {
  it('are installed when node_modules is not what the lock file says, and then no more', async () => {
    lock('1.0.1', '1.0.0');
    expect((await start('exit').ended).code).toBe(7);
    expect((await start('exit').ended).stderr).toBe('');
    expect(npmCalls()).toHaveLength(1);
    expect(npmCalls()[0]).toMatch(/^ci /);
  });

  it('are installed once when two start at once', async () => {
    lock('1.0.0');
    const both = await Promise.all([start('exit').ended, start('exit').ended]);
    expect(both.map(({ code }) => code)).toEqual([7, 7]);
    expect(both.map(({ stderr }) => stderr).join('')).toMatch(/Another start \(pid \d+\) is installing/);
    expect(npmCalls()).toHaveLength(1);
  });

  it('are installed after a start that was killed while it installed', async () => {
    lock('1.0.0');
    const first = start('exit');
    while (npmCalls().length === 0) await new Promise((wake) => setTimeout(wake, 20));
    first.child.kill('SIGKILL');
    await first.ended;
    expect(await start('exit').ended).toMatchObject({ code: 7 });
  });

  it('say what to do when the registry cannot be reached', async () => {
    lock('1.0.0');
    writeFileSync(join(folder, 'no-network'), '');
    const { code, stderr } = await start('exit').ended;
    expect(code).toBe(1);
    expect(stderr).toContain('Could not reach the npm registry');
    expect(stderr).not.toContain('    at ');
  });
});

describe.skipIf(process.platform === 'win32')('on a Node that is too old', () => {
  beforeEach(pretendOldNode);

  it('the target runs on the fetched one, with its arguments and its exit code', async () => {
    const { child, ended } = start('exit', 'a b');
    const { code, stdout } = await ended;
    const { pid, args } = JSON.parse(stdout) as { pid: number; args: string[] };
    expect({ code, args }).toEqual({ code: 7, args: ['exit', 'a b'] });
    expect(pid).not.toBe(child.pid);
  });

  it('a signal reaches the target, which ends in its own way', async () => {
    const { child, ended, pidOfTarget } = start('serve');
    await pidOfTarget;
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 3, signal: null });
  });

  it('a target that died of a signal is passed on as that', async () => {
    expect(await start('die').ended).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  it('a killed launcher leaves no server behind', async () => {
    const { child, pidOfTarget } = start('serve');
    const pid = await pidOfTarget;
    child.kill('SIGKILL');
    await gone(pid);
  });
});
