/** `dibs compare`: the three modes side by side, by figures of this machine. */
import { Command, Option } from 'commander';
import type { CompareOptions, ModeFigures } from './compare/run-compare.ts';
import { exitCodes } from './failure.ts';
import { type SharedOptions, wholeNumber } from './options.ts';
import { onOwnServer, placeNames } from './own-server.ts';

const help = `
Examples:
  $ dibs compare
  $ dibs compare --users 20000 --quantity 500 --per-second 500
  $ npm run compare -- --services            on a Redis, a Kafka and a MariaDB that it starts and stops
  $ dibs compare --url https://dibs.example  on a server that is there; needs an operator key

The same crowd presses at a campaign of each mode, one after the other, after a small one to warm up. A tenth of the
people presses twice; everybody waits and asks as he is told to. Without --url a server is started and thrown away.

What the table says:
  told within        from the press to the verdict, waiting included; in a line it is the pace that decides this
  claims answered    presses a second until each had its first answer: a verdict, or a ticket
  inversions         of two winners, the one who pressed first has the higher number; what presses in one burst
                     meet on their way is chance, so those some ms apart are counted too
  CPU a claim        of the server and of the services it was started with; of a server that is elsewhere it is unknown
  facts on the log   what was written to be kept; embedded these are batches, each with one fsync
  bytes in Redis     of all keys of the campaign, by MEMORY USAGE

Exit code 1 when an invariant does not hold.`;

interface CompareFlags extends SharedOptions {
  users: number;
  quantity: number;
  perSecond: number;
  concurrency: number;
  processes: number;
  seed: number;
  services?: string | true;
  servicePids: number[];
}

export function compareCommand(): Command {
  return new Command('compare')
    .description('Sends the same crowd to a campaign of each mode and prints one table.')
    .option('--users <n>', 'how many people', wholeNumber(10, 1_000_000), 3000)
    .option('--quantity <n>', 'how many units', wholeNumber(1, 1_000_000), 100)
    .option('--per-second <n>', 'how many the line lets in a second', wholeNumber(1, 100_000), 200)
    .option('--concurrency <n>', 'connections', wholeNumber(1, 100_000), 200)
    .option('--processes <n>', 'generator processes, when one core is not enough', wholeNumber(1, 64), 1)
    .option('--seed <n>', 'which crowd', wholeNumber(0, 2 ** 31), 1)
    .option('--services [names]', `on the services that ${placeNames.join(', ')} name`)
    .addOption(
      new Option('--service-pids <pids>', 'whose CPU counts too, by comma')
        .argParser(pidsOf)
        .default([])
        .hideHelp(),
    )
    .addOption(
      new Option('--url <url>', 'a server that is there, instead of one of its own').conflicts('services'),
    )
    .addOption(
      new Option('--key <key>', 'operator key for --url (env: DIBS_ADMIN_KEY or DIBS_ADMIN_KEY_FILE)'),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', help)
    .action(compare);
}

const pidsOf = (text: string): number[] => text.split(',').map(Number).filter(Number.isInteger);

async function compare(flags: CompareFlags): Promise<void> {
  const { Client } = await import('./client.ts');
  if (flags.url !== undefined) {
    const client = new Client(flags, process.env);
    client.needKey();
    const parts = { durability: null, pids: [], dataDir: null, redisUrl: null };
    const ok = await compareOn(client, flags, parts, `on ${client.url}`);
    process.exitCode = ok ? exitCodes.ok : exitCodes.finding;
    return;
  }
  const { services } = flags;
  await onOwnServer({ command: 'compare', services }, async (server) => {
    const client = new Client({ url: server.url, key: server.adminKey }, {});
    const { pid } = server.process;
    const parts = {
      durability: services === undefined ? 'disk' : 'logged',
      pids: [...(pid === undefined ? [] : [pid]), ...flags.servicePids],
      dataDir: services === undefined ? server.dataDir : null,
      redisUrl: services === undefined ? null : (process.env['DIBS_REDIS_URL'] ?? null),
    };
    const ok = await compareOn(client, flags, parts, runsOn(services));
    if (!server.interrupted()) process.exitCode = ok ? exitCodes.ok : exitCodes.finding;
  });
}

function runsOn(services: string | true | undefined): string {
  if (services === undefined) return 'everything embedded';
  return `on ${services === true ? 'Redis, Kafka and MySQL' : services}`;
}

type Parts = Pick<CompareOptions, 'durability' | 'pids' | 'dataDir' | 'redisUrl'>;

async function compareOn(
  client: import('./client.ts').Client,
  flags: CompareFlags,
  parts: Parts,
  where: string,
): Promise<boolean> {
  const { runCompare } = await import('./compare/run-compare.ts');
  const { findingsOf, showCompare } = await import('./compare/show.ts');
  const { count, marks, say, sayJson, whisper } = await import('./print.ts');
  const { users, quantity, perSecond, concurrency: connections, processes, seed } = flags;
  if (!flags.json) {
    whisper(
      `${count(users)} people, ${count(quantity)} units, a line of ${count(perSecond)} a second, ${where}`,
    );
  }
  const options = { users, quantity, perSecond, connections, processes, seed, ...parts };
  const columns = await runCompare(client, options, {
    onMode: (mode, step) => {
      if (!flags.json) whisper(`  ${mode}: ${step === 'crowd' ? 'the crowd' : 'warming up'}`);
    },
    stopper: { stop() {} },
  });
  const ok = columns.every((one) => one.ok);
  if (flags.json)
    sayJson({ ok, runsOn: where, users, quantity, perSecond, modes: columns.map(withoutChecks) });
  else {
    showCompare(columns, where);
    for (const finding of findingsOf(columns)) say(`  ${marks.fail} ${finding}`);
  }
  return ok;
}

/** The figures, and of the checks only whether they held. */
function withoutChecks({ rush, ...figures }: ModeFigures): Record<string, unknown> {
  const { checks } = rush.report;
  return {
    ...figures,
    checks: checks.map(({ id, ok, compared }) => ({ id, ok, compared })),
    summary: rush.summary,
  };
}
