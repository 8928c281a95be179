/** `dibs winners`: the record's winners in order of seq, streamed. */
import { Command } from 'commander';
import { type SharedOptions, talksToServer } from './options.ts';

const help = `
Examples:
  $ dibs winners --campaign chicken-100
  $ dibs winners --campaign chicken-100 --csv > winners.csv
  $ dibs winners --campaign chicken-100 --json | jq -r .userId     one JSON object a line`;

interface WinnersOptions extends SharedOptions {
  campaign: string;
  csv?: boolean;
}

export interface Winner {
  readonly seq: number;
  readonly userId: string;
  readonly code: string | null;
  readonly id: string;
  readonly status: string;
  readonly wonAt: string;
}

export function winnersCommand(): Command {
  const command = new Command('winners')
    .description('Lists the winners of a campaign in order of seq, as the record has them.')
    .requiredOption('--campaign <id>', 'the campaign')
    .option('--csv', 'print CSV: seq,userId,code,id,status,wonAt');
  return talksToServer(command)
    .addHelpText('after', help)
    .action((options: WinnersOptions) => winners(options));
}

async function winners(options: WinnersOptions): Promise<void> {
  const { Client } = await import('./client.ts');
  const client = new Client(options, process.env);
  const path = `/v1/admin/campaigns/${encodeURIComponent(options.campaign)}/claims`;
  if (options.csv) {
    const { pipeline } = await import('node:stream/promises');
    await pipeline(await client.stream(`${path}.csv`), process.stdout, { end: false });
    return;
  }
  const { columns, dim, say } = await import('./print.ts');
  let page: Winner[] = [];
  let total = 0;
  for await (const win of client.pages<Winner>(path)) {
    page.push(win);
    if (page.length < 1000) continue;
    total += page.length;
    write(page);
    page = [];
  }
  write(page);
  if (total + page.length === 0 && !options.json) say(dim('no winners yet'));

  function write(wins: Winner[]): void {
    if (options.json) {
      for (const win of wins) say(JSON.stringify(win));
      return;
    }
    const cells = wins.map((win) => [
      String(win.seq),
      win.userId,
      win.code ?? dim('–'),
      win.status,
      win.wonAt,
    ]);
    for (const line of columns(cells, ['right'])) say(line);
  }
}
