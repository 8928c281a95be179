/**
 * `dibs demo`: the main job from end to end, on a server of its own with data that is thrown away. With `--services` the
 * server works on the Redis, Kafka and MySQL that the environment names; `npm run demo -- --services` starts them first.
 */
import type { ChildProcess } from 'node:child_process';
import { Command } from 'commander';
import { wallMs } from './clock.ts';
import { exitCodes } from './failure.ts';
import { wholeNumber } from './options.ts';
import { type OwnServer, onOwnServer, placeNames } from './own-server.ts';

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
  const { services } = options;
  await onOwnServer({ command: 'demo', services }, async (server) => {
    const ok = await playDemo(server, options);
    if (!server.interrupted()) process.exitCode = ok ? exitCodes.ok : exitCodes.finding;
    if (options.keep) await untilInterrupted(server.process, server.url);
  });
}

async function playDemo(ready: OwnServer, options: DemoOptions): Promise<boolean> {
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

async function untilInterrupted(server: ChildProcess, url: string): Promise<void> {
  process.stderr.write(`\nStill serving on ${url}. Ctrl-C ends it and removes its data.\n`);
  await new Promise<void>((resolve) => server.once('exit', () => resolve()));
}
