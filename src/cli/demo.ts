/**
 * `dibs demo`: the main job from end to end, on a server of its own with data that is thrown away. With `--services` the
 * server works on the Redis, Kafka and MySQL that the environment names; `npm run demo -- --services` starts them first.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { after, wallMs } from './clock.ts';
import { CommandFailure, exitCodes } from './failure.ts';
import { wholeNumber } from './options.ts';

const help = `
Examples:
  $ npm run demo
  $ dibs demo --users 50000 --quantity 1000
  $ dibs demo --keep                                    leave it running, to look at the pages
  $ npm run demo -- --services                          on a Redis, a Kafka and a MariaDB that it starts and stops

Exit code 1 when an invariant does not hold.`;

interface DemoOptions {
  users: number;
  quantity: number;
  concurrency: number;
  keep?: boolean;
  services?: string | true;
  json?: boolean;
}

const readyMs = 30_000;

/** Where the parts are. Only with --services: a demo is nothing that should happen to somebody's own Redis by chance. */
const placeNames = ['DIBS_REDIS_URL', 'DIBS_KAFKA_BROKERS', 'DIBS_DATABASE_URL'] as const;
/** What the processes of such a server share. */
const secretNames = ['DIBS_MASTER_SECRET', 'DIBS_ADMIN_KEY'] as const;

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'Starts a server, makes a campaign, sends a crowd with double presses, retries and cut connections.',
    )
    .option('--users <n>', 'how many people', wholeNumber(1, 1_000_000), 10_000)
    .option('--quantity <n>', 'how many units', wholeNumber(1, 1_000_000), 100)
    .option('--concurrency <n>', 'connections', wholeNumber(1, 10_000), 200)
    .option('--services [names]', `on the services that ${placeNames.join(', ')} name`)
    .option('--keep', 'leave the server running until Ctrl-C')
    .option('--json', 'print JSON')
    .addHelpText('after', help)
    .action(demo);
}

async function demo(options: DemoOptions): Promise<void> {
  const settings = settingsOf(options);
  const dataDir = mkdtempSync(join(tmpdir(), 'dibs-demo-'));
  const server = startServer(dataDir, settings);
  // Whatever way this process ends, nothing of the demo is left behind.
  const cleanUp = () => {
    server.kill('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  };
  process.once('exit', cleanUp);
  const interrupted = endOnSignal(server);
  try {
    const ready = await serverReady(server);
    const ok = await playDemo({ ...ready, adminKey: settings['DIBS_ADMIN_KEY'] ?? ready.adminKey }, options);
    if (!interrupted()) process.exitCode = ok ? exitCodes.ok : exitCodes.finding;
    if (options.keep) await untilInterrupted(server, ready.url);
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

interface Ready {
  readonly url: string;
  readonly adminKey: string;
}

/** What the server is told of the environment: nothing, or where its services are. */
function settingsOf({ services }: DemoOptions): Record<string, string> {
  if (services === undefined) return {};
  const missing = placeNames.filter((name) => !process.env[name]);
  if (missing.length > 0) {
    throw new CommandFailure(
      exitCodes.usage,
      `--services needs ${missing.join(', ')}`,
      'From a checkout, `npm run demo -- --services` starts Redis, Kafka and MariaDB and sets them.',
    );
  }
  const pairs = [...placeNames, ...secretNames].map((name) => [name, process.env[name]]);
  return Object.fromEntries(pairs.filter(([, value]) => value)) as Record<string, string>;
}

/** Only the settings below count, so that the demo shows the same whatever the environment is. */
function startServer(dataDir: string, settings: Record<string, string>): ChildProcess {
  const dibs = fileURLToPath(new URL('../../scripts/dibs.mjs', import.meta.url));
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DIBS_')));
  const flags = ['--port', '0', '--data-dir', dataDir, '--log-level', 'warn', '--ready-json'];
  // A group of its own: Ctrl-C is for the demo, which then stops the server gently.
  return spawn(process.execPath, [dibs, 'serve', ...flags], {
    // The launcher ends it with the other end of this pipe: nothing stays, not even after a kill -9 of the demo.
    env: { ...env, ...settings, LAUNCH_PARENT_FD: '3' },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    detached: true,
  });
}

function serverReady(server: ChildProcess): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      cancel();
      reject(new CommandFailure(exitCodes.finding, `the demo's server did not start: ${why}`, null));
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

async function playDemo(ready: Ready, options: DemoOptions): Promise<boolean> {
  const { Client } = await import('./client.ts');
  const { rushAndShow } = await import('./rush.ts');
  const { integrityLines, readIntegrity } = await import('./verify.ts');
  const print = await import('./print.ts');
  const quiet = options.json === true;
  const client = new Client({ url: ready.url, key: ready.adminKey }, {});
  const campaignId = campaignIdOf(options);
  await client.post('/v1/admin/campaigns', campaignOf(campaignId, options));
  await client.post(`/v1/admin/campaigns/${campaignId}/open`);
  const on = runsOn(options);
  if (!quiet) {
    print.say(`${print.marks.ok} server on ${ready.url}, ${on}`);
    print.say(`${print.marks.ok} campaign ${campaignId}: ${print.count(options.quantity)} units, open\n`);
  }
  const rush = await rushAndShow(client, rushOf(campaignId, options), quiet);
  const integrity = await readIntegrity(client, campaignId);
  const ok = rush.ok && integrity.ok;
  if (quiet) {
    print.sayJson({ ok, url: ready.url, runsOn: on, rush, integrity });
    return ok;
  }
  print.say(`\n${print.heading("The server's own report: gate, log and record compared")}`);
  for (const line of await integrityLines(integrity)) print.say(line);
  print.say(`\n${print.heading('Pages')}`);
  const pages = { people: `/c/${campaignId}`, operators: '/admin', API: '/docs' };
  const rows = Object.entries(pages).map(([who, path]) => [print.dim(who), ready.url + path]);
  for (const line of print.columns(rows)) print.say(`  ${line}`);
  const again = `npm run demo -- ${options.services === undefined ? '' : '--services '}--keep`;
  if (!options.keep) print.say(print.dim(`  gone with this demo; \`${again}\` leaves them up`));
  return ok;
}

function runsOn({ services }: DemoOptions): string {
  if (services === undefined) return 'everything embedded';
  return `on ${services === true ? 'Redis, Kafka and MySQL' : services}`;
}

/** Services may hold the campaign of an earlier demo. */
const campaignIdOf = ({ services }: DemoOptions): string =>
  services === undefined ? 'demo-100' : `demo-100-${wallMs().toString(36)}`;

/** Each at the strongest level that its parts keep. */
const campaignOf = (campaignId: string, { quantity, services }: DemoOptions) => ({
  id: campaignId,
  name: `First ${quantity}`,
  kind: 'coupon',
  quantity,
  mode: 'instant',
  durability: services === undefined ? 'disk' : 'logged',
  codes: { source: 'generated' },
  benefit: { title: 'One fried chicken' },
});

/** The crowd of the demo: a fifth press twice, a tenth ask again, and of a hundred connections three are cut. */
function rushOf(campaignId: string, { users, concurrency }: DemoOptions) {
  return {
    campaignId,
    crowd: {
      users,
      userPrefix: 'u-',
      claimsPerUser: 1,
      doublePressers: Math.round(users * 0.2),
      askers: Math.round(users * 0.1),
      cutRatio: 0.03,
      seed: 1,
    },
    connections: concurrency,
    processes: 1,
    pace: { kind: 'closed' } as const,
    atOpening: false,
    exclusive: true,
    triesMax: 30,
    patienceMs: 60_000,
    linePatienceMs: 60_000,
    timeoutMs: 10_000,
    settleMs: 10_000,
    jwt: null,
  };
}

/**
 * The server is in a group of its own, so nobody else would stop it. A demo that had its result keeps its exit code.
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

async function untilInterrupted(server: ChildProcess, url: string): Promise<void> {
  process.stderr.write(`\nStill serving on ${url}. Ctrl-C ends it and removes its data.\n`);
  await new Promise<void>((resolve) => server.once('exit', () => resolve()));
}

async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return;
  const gone = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  server.kill('SIGTERM');
  const cancel = after(12_000, () => server.kill('SIGKILL'));
  await gone;
  cancel();
}
