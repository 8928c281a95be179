/** `dibs serve`: hands the flags over to the composition and stays until it is told to stop. */
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { optionRows } from '../config/options.ts';
import { optionsHelp } from '../config/show.ts';
import type { RunningServer } from '../main/serve.ts';
import { monotonicMs } from './clock.ts';
import { CommandFailure, exitCodes } from './failure.ts';
import { makeStopSteps } from './stop-steps.ts';

const help = `
Examples:
  $ dibs serve                                          everything embedded, data in ./data
  $ dibs serve --port 9000 --data-dir /var/lib/dibs
  $ dibs serve --workers 4                              API processes on one port (needs Redis and MySQL)
  $ dibs serve --role recorder                          one role of a bigger setup
  $ DIBS_AUTH=jwt DIBS_JWT_SECRET_FILE=./jwt.secret dibs serve --host 0.0.0.0

At its first start it makes an operator key, prints it once and keeps it in data/admin.key (only you can read it).
SIGTERM and Ctrl-C stop it gently: what was taken is finished and stored first. Ctrl-C again, more than a second
later, ends it at once.`;

export function serveCommand(): Command {
  const command = new Command('serve')
    .description('Serves the API and the pages. With no settings everything runs in this one process.')
    .option('--ready-json', 'print one JSON line when ready: {"url":…,"adminKey":…}');
  // The table knows what each may be; here they are only carried. `optionsHelp` shows them better than a list can.
  for (const { flag } of optionRows) command.addOption(new Option(`${flag} <value>`).hideHelp());
  return command
    .addHelpText('after', () => `\n${optionsHelp()}\n${help}`)
    .action((flags: Record<string, string | true>) => serveWith(flags));
}

async function serveWith({ readyJson, ...flags }: Record<string, string | true>): Promise<void> {
  const { serve, StartRefused, isWorker, reportReady } = await import('../main/serve.ts');
  const server = await serve(process.env, flags).catch((error: unknown) => {
    if (error instanceof StartRefused) throw new CommandFailure(exitCodes.finding, error.message, null);
    throw error;
  });
  // Before anything is said: whoever waits for the ready line may send a signal at once.
  stopOnSignal(server);
  if (isWorker()) return reportReady(server.url);
  if (readyJson) say(JSON.stringify({ url: server.url, adminKey: server.adminKey }));
  else await greet(server);
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function greet({ url, adminKey, parts, dataDir }: RunningServer): Promise<void> {
  const { default: color } = await import('picocolors');
  const rows: [string, string][] = [
    ['people', `${url}/`],
    ['operators', `${url}/admin`],
    ['API', `${url}/docs`],
    ['runs on', parts],
    ['data', resolve(dataDir)],
  ];
  say(`${color.bold('Dibs')} serves on ${color.bold(url)}\n`);
  for (const [name, value] of rows) say(`  ${color.dim(name.padEnd(10))} ${value}`);
  if (adminKey === null) return;
  say(`\n  ${color.dim('operator key')}  ${color.bold(adminKey)}`);
  say(
    color.dim(`  Shown this once; it is in ${join(dataDir, 'admin.key')}, where the dibs commands find it.`),
  );
}

/**
 * The first signal stops gently. One signal to a whole process group arrives here two or three times (from the sender,
 * from npm, from the launcher), so a repeated one changes nothing; only whoever presses Ctrl-C again is in a hurry.
 */
function stopOnSignal(server: RunningServer): void {
  const step = makeStopSteps(monotonicMs);
  const stop = (signal: NodeJS.Signals): void => {
    const next = step(signal);
    if (next === 'wait') return;
    if (next === 'end') process.exit(exitCodes.finding);
    server.log.info({ signal }, 'stopping: finishing what was taken');
    server.stop().then(
      () => process.exit(exitCodes.ok),
      (error: unknown) => {
        server.log.error({ err: error }, 'the stop failed');
        process.exit(exitCodes.finding);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
