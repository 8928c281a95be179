// Why this file exists: `npm start` has to be a working first command in a fresh clone, on whatever Node the
// machine happens to have. So this file and the one beside it are plain JavaScript that any Node >= 18 runs. It makes sure of two
// things, Node 24 and the installed dependencies, and then runs the TypeScript file it was asked for.
//
//   node scripts/launch.mjs src/cli/dibs.ts serve --port 9000
//
// On Node >= 24 the target runs in this very process: signals, exit code and memory are its own. On an older Node
// it runs in a child on a Node 24 kept in `.node/`, and this process stands in front of it (see `stand in front`).
// With nothing to install, nothing is spawned: two files are read and compared, which takes a few milliseconds.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import module from 'node:module';
import { Socket } from 'node:net';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { LaunchProblem, takeTurns } from './launch-lock.mjs';

/** The oldest Node that runs Dibs, and the one that is fetched when the Node at hand is older. */
const NODE_MAJOR_MIN = 24;
/** The checkout (or the folder of the installed package): the parent of scripts/. */
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_FOLDER = join(ROOT, '.node');
/** What serves or tests the pages. */
const BUILDS_PAGES = ['src/cli/dibs.ts', 'scripts/test.ts', 'scripts/demo.ts', 'scripts/build.ts'];
/** A pipe from the standing-in parent; its end means that the parent is gone. Not a DIBS_ name: those are options. */
const PARENT_FD_NAME = 'LAUNCH_PARENT_FD';

/**
 * Runs `target` (a path inside the checkout) with `args` on a Node that is new enough, dependencies in place.
 * @param {string} target e.g. `src/cli/dibs.ts`
 * @param {string[]} args what follows the target on the command line
 */
export async function launch(target, args) {
  try {
    const inFrontStandsAParent = PARENT_FD_NAME in process.env;
    const node = nodeIsNewEnough() || inFrontStandsAParent ? process.execPath : await findOrFetchNode();
    await installWhenNeeded(target);
    // Whoever stands in front, or has started a server of its own, has them.
    if (!inFrontStandsAParent) await buildPagesWhenNeeded(node, target);
    if (node === process.execPath) await runHere(target, args);
    else standInFront(node, target, args);
  } catch (problem) {
    if (!(problem instanceof LaunchProblem)) throw problem;
    say(problem.message);
    process.exit(1);
  }
}

// --- running the target ------------------------------------------------------------------------------------------

/** Imports the target as if Node had been started with it. */
async function runHere(target, args) {
  endWithParent();
  const file = isAbsolute(target) ? target : join(ROOT, target);
  if (!existsSync(file)) throw new LaunchProblem(`There is no ${target} here.`);
  process.argv = [process.execPath, file, ...args];
  // Keeps what V8 compiled for the next start, which then takes two thirds of the time. Does nothing where it cannot write.
  // Threads and children read the name from the environment; there it also spares each its own copy of the compiler.
  const compiled = join(NODE_FOLDER, 'compiled');
  process.env.NODE_COMPILE_CACHE ??= compiled;
  module.enableCompileCache?.(compiled);
  await import(pathToFileURL(file).href);
}

/**
 * Stand in front: runs this launcher again on `node` and is as transparent as a parent can be. Signals go on to the
 * child, its exit code or signal becomes ours. Nobody can catch SIGKILL, so the child watches a pipe instead and
 * ends when we are gone: a killed launcher never leaves a server behind.
 */
function standInFront(node, target, args) {
  const child = spawn(node, [...process.execArgv, fileURLToPath(import.meta.url), target, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, [PARENT_FD_NAME]: '3' },
  });
  const handlers = ['SIGTERM', 'SIGINT', 'SIGHUP'].map((signal) => {
    const handler = () => {
      // Ctrl-C in a terminal reaches the whole foreground group, the child too. Sent twice it would read as "hurry".
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    };
    process.on(signal, handler);
    return [signal, handler];
  });
  child.on('error', (error) => {
    say(`Could not run ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    for (const [name, handler] of handlers) process.off(name, handler);
    if (signal === null) process.exit(code ?? 1);
    process.kill(process.pid, signal);
  });
}

/** In the child of `standInFront`: ends this process when the parent has gone, however it went. */
function endWithParent() {
  const fd = Number(process.env[PARENT_FD_NAME]);
  delete process.env[PARENT_FD_NAME];
  if (!fd || !isOpen(fd)) return;
  const pipe = new Socket({ fd, readable: true, writable: false });
  // The parent was killed without warning, so we are too: what was told is on disk, and nothing else is promised.
  pipe.on('close', () => process.kill(process.pid, 'SIGKILL'));
  pipe.on('error', () => undefined);
  pipe.resume();
  pipe.unref();
}

function isOpen(fd) {
  try {
    const stat = fstatSync(fd);
    if (stat.isFIFO() || stat.isSocket()) return true;
    closeSync(fd);
    return false;
  } catch {
    return false;
  }
}

// --- Node 24 -------------------------------------------------------------------------------------------------------

function nodeIsNewEnough() {
  return Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN;
}

/** Path of a Node 24 for this platform: the one in `.node/`, or fetched there as an npm package. */
async function findOrFetchNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node-${platform}-${process.arch}`;
  const file = join(NODE_FOLDER, 'node_modules', name, 'bin', platform === 'win' ? 'node.exe' : 'node');
  if (fetchedNodeWorks(name, file)) return file;
  await withLock(async () => {
    if (fetchedNodeWorks(name, file)) return;
    say(
      `Dibs needs Node ${NODE_MAJOR_MIN}; this is ${process.versions.node}. Fetching ${name}@${NODE_MAJOR_MIN} into .node/ …`,
    );
    const started = Date.now();
    const wanted = `${name}@${NODE_MAJOR_MIN}`;
    await npm(
      ['install', '--no-save', '--no-package-lock', '--prefix', NODE_FOLDER, wanted],
      `Node ${NODE_MAJOR_MIN}`,
    );
    if (!fetchedNodeWorks(name, file)) {
      throw new LaunchProblem(
        `${name} was fetched but holds no Node ${NODE_MAJOR_MIN}. Install Node ${NODE_MAJOR_MIN} or newer by hand.`,
      );
    }
    say(`Node ${NODE_MAJOR_MIN} is ready (${seconds(started)}).`);
  });
  return file;
}

function fetchedNodeWorks(name, file) {
  const packageJson = readJson(join(NODE_FOLDER, 'node_modules', name, 'package.json'));
  return Number(String(packageJson?.version).split('.')[0]) >= NODE_MAJOR_MIN && existsSync(file);
}

// --- dependencies --------------------------------------------------------------------------------------------------

/** Runs `npm ci` when `node_modules` is not what package-lock.json says. */
async function installWhenNeeded(target) {
  // An installed package (node_modules/dibs) has no lock file of its own: npm has seen to its dependencies.
  if (!existsSync(join(ROOT, 'package-lock.json')) || installedAsLocked(target)) return;
  await withLock(async () => {
    if (installedAsLocked(target)) return;
    say('Installing dependencies (npm ci) …');
    const started = Date.now();
    // No package of ours needs an install script (better-sqlite3 brings its binary along), so none may run.
    await npm(['ci', '--include=dev', '--ignore-scripts', '--prefix', ROOT], 'the dependencies');
    say(`Dependencies are ready (${seconds(started)}).`);
  });
}

/**
 * Whether the lock file and npm's own account of node_modules name the same versions. Contents are compared, not
 * times: a fresh clone has times that mean nothing, and `npm install <something>` by hand keeps both files in step.
 * npm writes its account last, so an install that was cut short does not pass. A deployment that left the
 * development tools out (`npm ci --omit=dev`) may run what is under src/, but not the tests.
 */
function installedAsLocked(target) {
  const locked = readJson(join(ROOT, 'package-lock.json'))?.packages;
  const installed = readJson(join(ROOT, 'node_modules', '.package-lock.json'))?.packages;
  if (!locked || !installed) return false;
  const devMayBeMissing = target.startsWith('src/');
  return Object.keys(locked).every((path) => {
    const wanted = locked[path];
    const found = installed[path];
    if (path === '' || wanted.link) return true;
    if (!found)
      return (
        wanted.optional === true || wanted.devOptional === true || (devMayBeMissing && wanted.dev === true)
      );
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

// --- the console ----------------------------------------------------------------------------------------------------

/**
 * Builds the operators' console when what is there was not built from what is there. Its sources are read and hashed,
 * which takes a few milliseconds. A published package brings it built; a deployment without the build tools keeps what
 * it was given.
 */
async function buildPagesWhenNeeded(node, target) {
  if (!BUILDS_PAGES.includes(target) || !existsSync(join(ROOT, 'node_modules', 'vite'))) return;
  const stamp = join(ROOT, 'web', 'dist', 'built-from');
  const upToDate = () => {
    const from = pagesDigest();
    return from === null || (existsSync(stamp) && readFileSync(stamp, 'utf8') === from);
  };
  if (upToDate()) return;
  await withLock(async () => {
    if (upToDate()) return;
    say('Building the pages …');
    const started = Date.now();
    const from = pagesDigest();
    const child = spawn(node, [join(ROOT, 'scripts', 'build-pages.ts')], { cwd: ROOT });
    const { code, output } = await outcome(child);
    if (code !== 0) throw new LaunchProblem(`The pages could not be built:\n${output}`);
    writeFileSync(stamp, from);
    say(`The pages are ready (${seconds(started)}).`);
  });
}

/** Names what the pages are built from; null: there are no sources of the console here, so they were brought along built. */
function pagesDigest() {
  const folders = ['web/console', 'web/participant', 'src/words'].map((name) => join(ROOT, name));
  if (!folders.every((folder) => existsSync(folder))) return null;
  const hash = createHash('sha256');
  for (const file of ['scripts/build-pages.ts', 'scripts/build-participant.ts', 'web/tokens.css']) {
    hash.update(readFileSync(join(ROOT, file)));
  }
  const look = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const below = join(path, entry.name);
      if (entry.isDirectory()) look(below);
      else hash.update(below.slice(ROOT.length)).update(readFileSync(below));
    }
  };
  for (const folder of folders) look(folder);
  return hash.digest('hex');
}

// --- npm -----------------------------------------------------------------------------------------------------------

/** Runs npm with `args` in the checkout. Its output is shown only when it fails, after a sentence on what to do. */
async function npm(args, what) {
  const noise = ['audit', 'fund', 'update-notifier', 'progress', 'engine-strict'];
  const quiet = [...noise.map((name) => `--no-${name}`), '--loglevel=error'];
  const retries = ['--fetch-retries=3', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'];
  const [file, first] = npmProgram();
  const child = spawn(file, [...first, ...args, ...quiet, ...retries], {
    cwd: ROOT,
    env: environmentForNpm(),
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32' && first.length === 0,
  });
  const { code, output } = await outcome(child);
  if (code !== 0) throw new LaunchProblem(explain(what, output));
}

/** The npm that started us, if any (run by the Node that it came with), else the one on the PATH. */
function npmProgram() {
  const running = process.env.npm_execpath ?? '';
  const beside = join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');
  for (const file of [running, beside]) {
    if (/npm-cli\.c?js$/.test(file) && existsSync(file)) return [process.execPath, [file]];
  }
  return ['npm', []];
}

/**
 * The environment without what an outer `npm start` put there (its script, its package, its prefix, its flags), which
 * would otherwise steer our npm. What says how to reach the registry stays: address, proxy, certificates, login.
 */
function environmentForNpm() {
  const network =
    /^npm_config_(\/\/|@|_|registry$|userconfig$|globalconfig$|cache$|(https?_)?proxy$|no_?proxy$|ca$|cafile$|cert$|key$|strict_ssl$|offline$|prefer_offline$|maxsockets$)/i;
  const entries = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) || network.test(name));
  const path = [dirname(process.execPath), process.env.PATH ?? process.env.Path ?? ''].join(delimiter);
  return { ...Object.fromEntries(entries), PATH: path };
}

function outcome(child) {
  return new Promise((done) => {
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    const stop = (signal, code) => () => {
      child.kill(signal);
      process.exit(code);
    };
    const onTerm = stop('SIGTERM', 143);
    const onInt = stop('SIGINT', 130);
    process.on('SIGTERM', onTerm).on('SIGINT', onInt);
    child.on('error', (error) => done({ code: 1, output: error.message }));
    child.on('close', (code) => {
      process.off('SIGTERM', onTerm).off('SIGINT', onInt);
      done({ code: code ?? 1, output });
    });
  });
}

function explain(what, output) {
  const lines = output
    .split('\n')
    .filter((line) => /^npm error +\S/.test(line) && !/ {4}at |debug-0\.log/.test(line));
  const said = (lines.length > 0 ? lines : output.trim().split('\n')).slice(0, 8).join('\n');
  if (/spawn npm ENOENT/.test(output)) {
    return `npm was not found, so ${what} could not be fetched. Install Node ${NODE_MAJOR_MIN} or newer, which brings npm, and run this again.`;
  }
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|CERT_|SELF_SIGNED/i.test(
      output,
    )
  ) {
    return [
      `Could not reach the npm registry, so ${what} could not be fetched.`,
      'Check the network, or tell npm the way (npm config set registry / proxy / cafile), then run this again. npm said:',
      said,
    ].join('\n');
  }
  return `npm could not fetch ${what}. It said:\n${said}`;
}

// --- small things --------------------------------------------------------------------------------------------------

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Runs `work` when no other start installs or builds. */
function withLock(work) {
  return takeTurns(NODE_FOLDER, work, (owner) => {
    say(`Another start (pid ${owner}) is installing; waiting for it …`);
  });
}

function seconds(started) {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`;
}

/** Progress goes to stderr: stdout belongs to the target (`--json`). */
function say(line) {
  process.stderr.write(`dibs: ${line}\n`);
}

if (process.argv[1] && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) {
  const [target, ...args] = process.argv.slice(2);
  if (target === undefined) {
    say('usage: node scripts/launch.mjs FILE.ts [arguments]');
    process.exit(2);
  }
  await launch(target, args);
}
