/** `dibs rush`: a crowd against any server, with a checker of everything it was told. */
import { Command, Option } from 'commander';
import type { Client } from './client.ts';
import { exitCodes, usageFailure } from './failure.ts';
import { durationMs, ratio, type SharedOptions, talksToServer, wholeNumber } from './options.ts';
import type { Pace } from './rush/generator-options.ts';
import type { WaitingOptions } from './rush/plan.ts';
import type { RushOptions, RushResult } from './rush/run-rush.ts';

const help = `
Examples:
  $ dibs rush --campaign chicken-100 --users 10000
  $ dibs rush --campaign chicken-100 --users 10000 --double-press 20% --retries 1000 --cut 5%
  $ dibs rush --campaign chicken-100 --users 100000 --concurrency 1000 --processes 2
  $ dibs rush --campaign chicken-100 --users 60000 --rate 20000      open loop: 20,000 presses a second
  $ dibs rush --campaign chicken-100 --at-opening                    press in the moment it opens
  $ dibs rush --campaign gifticon-line --users 1000 --leave 5% --hasty 2%       a waiting line
  $ dibs rush --campaign chicken-100 --json | jq .report.ok

What it checks: every try is written down (who, when sent, when answered, what was told) and held against the
invariants: never more than the quantity, one unit a person, every told win recorded with its number and code,
order of arrival, the same answer when asked again, sold_out only when true. With an operator key the record is
compared too; without one only the answers among themselves.

In the modes ordered and queued a press is answered with a ticket (202), and its person waits: he asks by the ticket
when he is told to, now and then holds the line for the answer, leaves or comes back when --leave and --come-back
say so, and presses once more when the campaign wants that of people who are let in. Then it is checked too that
places are unique and kept, that the serving number never falls and nobody ever stands further back, that winners are
the first of those who stayed, that whoever had his ticket before another pressed stands before him, that one ticket
has one answer, and that nobody waits on a second after the last unit. "From press to verdict" counts from the press
to the last word; a long line needs a long --line-patience.

The crowd is the same for the same --seed. People are named <prefix>0, <prefix>1, …

Environment:
  DIBS_URL, DIBS_ADMIN_KEY       as for every command
  DIBS_AUTH=jwt                  send a bearer token for each user instead of naming him in the body; signed with
                                 DIBS_JWT_SECRET (and DIBS_JWT_ISSUER, DIBS_JWT_AUDIENCE)

Exit code 1 when anything does not hold, or a press never got its answer.`;

interface RushFlags extends SharedOptions {
  campaign: string;
  users: number;
  concurrency: number;
  doublePress?: string | true;
  retries?: string | true;
  cut: number;
  leave?: string | true;
  comeBack?: string | true;
  hasty?: string | true;
  noShow?: string | true;
  linePatience: number;
  rate?: number;
  burst?: number | true;
  burstGap: number;
  atOpening?: boolean;
  processes: number;
  claimsPerUser: number;
  userPrefix: string;
  seed: number;
  exclusive?: boolean;
  tries: number;
  patience: number;
  timeout: number;
  settle: number;
}

export function rushCommand(): Command {
  const command = new Command('rush')
    .description('Sends a crowd to a campaign and checks every answer.')
    .requiredOption('--campaign <id>', 'the campaign')
    .option('--users <n>', 'how many people', wholeNumber(1, 10_000_000), 10_000)
    .option('--concurrency <n>', 'connections, each with one request at a time', wholeNumber(1, 100_000), 200)
    .option(
      '--double-press [share]',
      'people who press twice at once: a share (0.2, 20%) or a number (default 20%)',
    )
    .option('--retries [share]', 'people who ask again after their answer: a share or a number (default 10%)')
    .option('--cut <share>', 'tries whose connection is cut before the answer, and asked again', ratio, 0)
    .option('--rate <n>', 'open loop: presses a second, whether answers come or not', wholeNumber(1))
    .option(
      '--burst [n]',
      'n presses at once, then a gap, and again (default: as many as connections)',
      wholeNumber(1),
    )
    .addOption(timeOption('--burst-gap <time>', 'the gap between bursts', 100, '100ms'))
    .option('--at-opening', "connect first, and press in the moment of opensAt by the server's clock")
    .option('--processes <n>', 'generator processes, when one core is not enough', wholeNumber(1, 64), 1)
    .option(
      '--claims-per-user <n>',
      'claims of each person, each with an Idempotency-Key',
      wholeNumber(1, 255),
      1,
    )
    .option('--user-prefix <text>', 'what the names begin with', 'u-')
    .option(
      '--seed <n>',
      'which crowd: order of people, who presses twice, who is cut',
      wholeNumber(0, 2 ** 31),
      1,
    );
  return talksToServer(limits(waits(command)))
    .addHelpText('after', help)
    .action(rush);
}

/** What people do who have to wait. */
function waits(command: Command): Command {
  return command
    .option('--leave [share]', 'in line: people who leave it: a share or a number (default 5%)')
    .option('--come-back [share]', 'in line: of those who leave, people who press again (default 20%)')
    .option('--hasty [share]', 'waiting: people who ask far more often than they are told to (default 2%)')
    .option('--no-show [share]', 'let in: people who do not press once more when they should (default 5%)');
}

function limits(command: Command): Command {
  return command
    .option('--exclusive', 'nobody else presses: then every other winner in the record is a finding')
    .option('--tries <n>', 'how often one press is sent at most', wholeNumber(1), 30)
    .addOption(timeOption('--patience <time>', 'how long one press is asked again', 60_000, '60s'))
    .addOption(
      timeOption('--line-patience <time>', 'how long somebody waits in a line that moves', 1_800_000, '30m'),
    )
    .addOption(timeOption('--timeout <time>', 'how long one try waits for its answer', 10_000, '10s'))
    .addOption(
      timeOption('--settle <time>', 'how long the record may take after the last answer', 10_000, '10s'),
    );
}

const timeOption = (flags: string, text: string, ms: number, shown: string): Option =>
  new Option(flags, text).argParser(durationMs).default(ms, shown);

async function rush(flags: RushFlags): Promise<void> {
  const options = await rushOptions(flags);
  const { Client } = await import('./client.ts');
  const client = new Client(flags, process.env);
  const result = await rushAndShow(client, options, flags.json === true);
  if (flags.json) (await import('./print.ts')).sayJson(result);
  process.exitCode = result.ok ? exitCodes.ok : exitCodes.finding;
}

/** Runs a rush with its progress on stderr and, unless quiet, its tables on stdout. The first Ctrl-C ends it early. */
export async function rushAndShow(client: Client, options: RushOptions, quiet: boolean): Promise<RushResult> {
  const { runRush } = await import('./rush/run-rush.ts');
  const { openProgressView, showRush, silentView } = await import('./rush/show.ts');
  const { count, say, strong } = await import('./print.ts');
  const view = quiet ? silentView : await openProgressView();
  const stopper = { stop: () => {} };
  const interrupt = () => stopper.stop();
  process.once('SIGINT', interrupt);
  const { campaignId, crowd, connections } = options;
  if (!quiet) {
    const people = `${count(crowd.users)} people over ${count(connections)} connections`;
    say(`${strong(campaignId)}  ${people}, seed ${crowd.seed}\n`);
  }
  const onProgress = view.update.bind(view);
  const result = await runRush(client, options, {
    onProgress,
    onStage: view.stage.bind(view),
    stopper,
  }).finally(() => {
    view.stop();
    process.off('SIGINT', interrupt);
  });
  if (!quiet) showRush(result);
  return result;
}

async function rushOptions(flags: RushFlags): Promise<RushOptions> {
  const { users, claimsPerUser, seed, concurrency } = flags;
  const userPrefix = flags.userPrefix.normalize('NFC');
  return {
    campaignId: flags.campaign,
    crowd: {
      ...{ users, userPrefix, claimsPerUser, seed },
      doublePressers: await people('--double-press', flags.doublePress, users, '20%'),
      askers: await people('--retries', flags.retries, users, '10%'),
      cutRatio: flags.cut,
      waiting: await waitingOf(flags, users),
    },
    connections: concurrency,
    processes: flags.processes,
    pace: paceOf(flags),
    atOpening: flags.atOpening === true,
    exclusive: flags.exclusive === true,
    triesMax: flags.tries,
    patienceMs: flags.patience,
    linePatienceMs: flags.linePatience,
    timeoutMs: flags.timeout,
    settleMs: flags.settle,
    jwt: await jwtOf(process.env),
  };
}

async function waitingOf(flags: RushFlags, users: number): Promise<WaitingOptions> {
  const leavers = await people('--leave', flags.leave, users, '5%');
  return {
    leavers,
    returners: await people('--come-back', flags.comeBack, leavers, '20%'),
    hasty: await people('--hasty', flags.hasty, users, '2%'),
    noShows: await people('--no-show', flags.noShow, users, '5%'),
  };
}

async function people(
  flag: string,
  value: string | true | undefined,
  users: number,
  preset: string,
): Promise<number> {
  if (value === undefined) return 0;
  const { countOf } = await import('./rush/plan.ts');
  const found = countOf(value === true ? preset : value, users);
  if (found === null) throw usageFailure(`${flag} is a share (0.2 or 20%) or a number of people: ${value}`);
  return found;
}

function paceOf(flags: RushFlags): Pace {
  if (flags.rate !== undefined && flags.burst !== undefined) {
    throw usageFailure('--rate and --burst are two ways of arriving: give one of them');
  }
  if (flags.rate !== undefined) return { kind: 'rate', perSecond: flags.rate };
  if (flags.burst === undefined) return { kind: 'closed' };
  const size = flags.burst === true ? flags.concurrency : flags.burst;
  return { kind: 'burst', size, gapMs: flags.burstGap };
}

/** Tokens outlive any rush; a crowd that is refused in its middle because of them would show nothing. */
const tokenLifeS = 24 * 3600;

async function jwtOf(env: NodeJS.ProcessEnv): Promise<RushOptions['jwt']> {
  if (env['DIBS_AUTH'] !== 'jwt') return null;
  const { jwtSecret } = await import('./token.ts');
  const { wallMs } = await import('./clock.ts');
  return {
    secret: jwtSecret(env),
    issuer: env['DIBS_JWT_ISSUER'] ?? null,
    audience: env['DIBS_JWT_AUDIENCE'] ?? null,
    expiresAtS: Math.floor(wallMs() / 1000) + tokenLifeS,
  };
}
