/**
 * The command line as a table of commands. Only the file of the command that was asked for is loaded, so that
 * `dibs --help` answers at once and `dibs serve` carries nothing of the rest.
 */
import { Command, CommanderError } from 'commander';
import color from 'picocolors';
import { CommandFailure, exitCodes } from './failure.ts';

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export const commands: readonly CommandEntry[] = [
  {
    name: 'serve',
    summary: 'Serve the API and the pages, with everything embedded',
    load: async () => (await import('./serve.ts')).serveCommand(),
  },
  {
    name: 'demo',
    summary: 'Start a server, send it a crowd of 10,000, show that all holds',
    load: async () => (await import('./demo.ts')).demoCommand(),
  },
  {
    name: 'rush',
    summary: 'Send a crowd to a campaign and check every answer',
    load: async () => (await import('./rush.ts')).rushCommand(),
  },
  {
    name: 'rehearse',
    summary: 'Play a campaign with a crowd on a server of its own, and kill that in the middle',
    load: async () => (await import('./rehearse.ts')).rehearseCommand(),
  },
  {
    name: 'compare',
    summary: 'Send the same crowd to each mode, and print one table',
    load: async () => (await import('./compare.ts')).compareCommand(),
  },
  {
    name: 'line',
    summary: 'Check the order of a line that was drawn by lot',
    load: async () => (await import('./line.ts')).lineCommand(),
  },
  {
    name: 'campaign',
    summary: 'Define campaigns from files; list, show, open, pause, resume, close, archive',
    load: async () => (await import('./campaign.ts')).campaignCommand(),
  },
  {
    name: 'codes',
    summary: 'Import codes into a pool; see how many there are',
    load: async () => (await import('./codes.ts')).codesCommand(),
  },
  {
    name: 'winners',
    summary: 'List the winners of a campaign in order of seq',
    load: async () => (await import('./winners.ts')).winnersCommand(),
  },
  {
    name: 'verify',
    summary: 'Check every invariant of a campaign, line by line',
    load: async () => (await import('./verify.ts')).verifyCommand(),
  },
  {
    name: 'report',
    summary: 'Tell how a campaign went; as a page, CSV or JSON',
    load: async () => (await import('./report.ts')).reportCommand(),
  },
  {
    name: 'reconcile',
    summary: 'Compare gate, log and record of a campaign, and repair by rule',
    load: async () => (await import('./reconcile.ts')).reconcileCommand(),
  },
  {
    name: 'jobs',
    summary: 'List, run, watch, stop and schedule batch jobs',
    load: async () => (await import('./jobs.ts')).jobsCommand(),
  },
  {
    name: 'files',
    summary: 'Bring files for jobs, and take those that jobs have made',
    load: async () => (await import('./files.ts')).filesCommand(),
  },
  {
    name: 'webhooks',
    summary: 'Tell other programs of facts; see and repeat deliveries',
    load: async () => (await import('./webhooks.ts')).webhooksCommand(),
  },
  {
    name: 'dead-letters',
    summary: 'List what was set aside, send it through again, or give it up',
    load: async () => (await import('./dead-letters.ts')).deadLettersCommand(),
  },
  {
    name: 'doctor',
    summary: 'Look at this machine and at the server, and say what to do',
    load: async () => (await import('./doctor.ts')).doctorCommand(),
  },
  {
    name: 'topics',
    summary: 'List, make and delete the topics in Kafka',
    load: async () => (await import('./topics.ts')).topicsCommand(),
  },
  {
    name: 'token',
    summary: 'Make a test token for a user (auth jwt)',
    load: async () => (await import('./token.ts')).tokenCommand(),
  },
  {
    name: 'key',
    summary: 'Add, list and revoke operator keys',
    load: async () => (await import('./key.ts')).keyCommand(),
  },
];

const programHelp = `
Examples:
  $ dibs serve                                          serve on http://127.0.0.1:8080, data in ./data
  $ dibs campaign apply -f chicken.yaml                 define or change a campaign
  $ dibs campaign open chicken-100                      open it now
  $ dibs rush --campaign chicken-100 --users 10000      send a crowd and check its answers
  $ dibs verify --campaign chicken-100                  prove that every invariant holds

Environment:
  DIBS_URL             where the server is (default http://127.0.0.1:8080)
  DIBS_ADMIN_KEY       operator key; else DIBS_ADMIN_KEY_FILE, else ./data/admin.key
  NO_COLOR             no colours

Exit codes:
  0 all is well   1 a check failed   2 wrong usage   3 the server cannot be reached

dibs <command> --help shows the options, the environment and examples of each command.`;

/** The program with one command loaded in full; all others are known by name and summary only. */
export async function buildProgram(loaded: string | 'all' | null, version: string): Promise<Command> {
  const program = new Command('dibs')
    .description(
      'First come, first served, exactly: gives away a fixed quantity, one to each person, in order.',
    )
    .version(version)
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for the options and examples)')
    .addHelpText('after', programHelp)
    .exitOverride();
  for (const entry of commands) {
    const full = loaded === 'all' || loaded === entry.name;
    const command = full ? await entry.load() : new Command(entry.name);
    program.addCommand(command.summary(entry.summary));
    settle(command);
  }
  return program;
}

/** What has to be said to each command of a tree by itself. */
function settle(command: Command): void {
  command.exitOverride().showHelpAfterError('(add --help for the options and examples)');
  for (const child of command.commands) settle(child);
}

/**
 * Runs one command line.
 * @returns the exit code
 */
export async function run(args: readonly string[], version: string): Promise<number> {
  const asked = args[0] === 'help' ? args[1] : args.find((arg) => !arg.startsWith('-'));
  const program = await buildProgram(asked ?? null, version);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return Number(process.exitCode ?? exitCodes.ok);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (error instanceof CommandFailure) return tellFailure(error, args.includes('--json'));
    throw error;
  }
}

function tellFailure(failure: CommandFailure, asJson: boolean): number {
  if (asJson) {
    const { message, hint, details } = failure;
    process.stdout.write(`${JSON.stringify({ ok: false, error: { ...details, message, hint } }, null, 2)}\n`);
  } else {
    process.stderr.write(`${color.red('✗')} ${failure.message}\n`);
    if (failure.hint !== null) process.stderr.write(`  ${failure.hint}\n`);
  }
  return failure.exitCode;
}
