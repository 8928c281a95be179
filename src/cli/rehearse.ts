/** `dibs rehearse`: a crowd against the shadow of a campaign, with a kill in its middle when that is wanted. */
import { Command } from 'commander';
import type { RehearsalResult } from '../core/rehearsal.ts';
import type { Client } from './client.ts';
import { exitCodes } from './failure.ts';
import { type SharedOptions, talksToServer, wholeNumber } from './options.ts';

const help = `
Examples:
  $ dibs rehearse --campaign chicken-100 --users 5000
  $ dibs rehearse --campaign chicken-100 --users 5000 --kill-at 2        kill its server at second 2
  $ dibs rehearse --campaign chicken-100 --users 5000 --json | jq .ok

The server plays it on an embedded server of its own, in a folder that is thrown away: nothing of the campaign is
touched, and nothing goes out. It is refused while a drop is hot, and within 10 minutes before an opening.

Exit code 1 when anything does not hold, or it did not come to its end.`;

interface RehearseFlags extends SharedOptions {
  campaign: string;
  users: number;
  concurrency: number;
  killAt?: number;
  over?: number;
}

/** A rehearsal as the server tells of it. */
export interface RehearsalRow {
  readonly id: string;
  readonly shadowId: string;
  readonly state: string;
  readonly ok: boolean | null;
  readonly error: string | null;
  readonly users: number;
  readonly progress: { readonly stage: string; readonly presses: number; readonly finished: number } | null;
  readonly result: RehearsalResult | null;
}

const LOOK_MS = 300;

export function rehearseCommand(): Command {
  const command = new Command('rehearse')
    .description('Plays a rehearsal of a campaign and shows what came of it.')
    .requiredOption('--campaign <id>', 'the campaign; it stays as it is')
    .option('--users <n>', 'how many people', wholeNumber(1, 20_000), 5000)
    .option('--concurrency <n>', 'connections, each with one request at a time', wholeNumber(1, 1000), 100)
    .option(
      '--kill-at <second>',
      'kill -9 the server of the shadow then, and start it again',
      wholeNumber(0, 60),
    )
    .option(
      '--over <seconds>',
      'people come over so long (default: as fast as answers come back)',
      wholeNumber(1, 60),
    );
  return talksToServer(command).addHelpText('after', help).action(rehearse);
}

async function rehearse(flags: RehearseFlags): Promise<void> {
  const { Client } = await import('./client.ts');
  const client = new Client(flags, process.env);
  const path = `/v1/admin/campaigns/${encodeURIComponent(flags.campaign)}/rehearsals`;
  const { users, concurrency, killAt, over } = flags;
  const kill = killAt === undefined ? null : { part: 'server', atSecond: killAt };
  const asked = await client.post<RehearsalRow>(path, {
    users,
    concurrency,
    kill,
    overSeconds: over ?? null,
  });
  const ended = await watch(client, `${path}/${asked.body.id}`, flags.json === true);
  if (flags.json) (await import('./print.ts')).sayJson(ended);
  else (await import('./rehearsal/show.ts')).showRehearsal(ended);
  process.exitCode = ended.ok === true ? exitCodes.ok : exitCodes.finding;
}

/** Until it has ended. The first Ctrl-C breaks it off. */
async function watch(client: Client, path: string, quiet: boolean): Promise<RehearsalRow> {
  const { sleep } = await import('./clock.ts');
  const { count, dim, whisper } = await import('./print.ts');
  const stop = (): void => void client.post(`${path}/stop`).catch(() => undefined);
  process.once('SIGINT', stop);
  let said = '';
  for (;;) {
    const { body } = await client.get<RehearsalRow>(path);
    const { stage = 'waiting', finished = 0, presses = 0 } = body.progress ?? {};
    const of = presses === 0 ? '' : `  ${count(finished)} of ${count(presses)}`;
    const line = `${stage}${of}`;
    if (!quiet && line !== said) whisper(dim(`  ${line}`));
    said = line;
    if (body.state !== 'queued' && body.state !== 'running') {
      process.off('SIGINT', stop);
      return body;
    }
    await sleep(LOOK_MS);
  }
}
