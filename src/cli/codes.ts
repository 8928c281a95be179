/** `dibs codes`: imports a file of codes into a campaign's pool, and tells how many there are. */
import type { Readable } from 'node:stream';
import { Command, Option } from 'commander';
import type { CommandFailure } from './failure.ts';
import { type SharedOptions, talksToServer } from './options.ts';

const help = `
The file is UTF-8 with one code a line: CSV of one column, or with --text lines as they are. It may be
packed as gzip. All of it is imported or nothing; what cannot be imported is told with its line.
Code n of the pool is for the winner with seq n. A second file goes behind the first.

Examples:
  $ dibs codes import --campaign gifticon-1000 -f pins.csv
  $ dibs codes import --campaign gifticon-1000 -f more.csv.gz --on-duplicate skip
  $ zcat pins.csv.gz | dibs codes import --campaign gifticon-1000 -f -
  $ dibs codes status --campaign gifticon-1000`;

interface ImportOptions extends SharedOptions {
  campaign: string;
  file: string;
  text?: boolean;
  header?: boolean;
  onDuplicate: 'refuse' | 'skip';
}

interface Report {
  readonly imported: number;
  readonly first: number | null;
  readonly last: number | null;
  readonly total: number;
  readonly lines: number;
  readonly empty: number;
  readonly skipped: number;
}

interface Counts {
  readonly source: string;
  readonly issued: number;
  readonly imported?: number;
  readonly left?: number;
  readonly lastImportAt?: string | null;
}

/** Lines of a refused file that people are shown; --json has all that the server tells. */
const LINES_SHOWN = 20;

export function codesCommand(): Command {
  return new Command('codes')
    .description('Imports codes into the pool of a campaign, and tells how many there are.')
    .addHelpText('after', help)
    .addCommand(
      talksToServer(
        new Command('import')
          .description('Imports a file of codes: all of it or nothing.')
          .requiredOption('--campaign <id>', 'the campaign')
          .requiredOption('-f, --file <file>', 'the file; - for standard input')
          .option('--text', 'lines are codes as they are: quotes and commas belong to them')
          .option('--header', 'the first line is no code')
          .addOption(
            new Option('--on-duplicate <what>', 'what to do with codes that are there already')
              .choices(['refuse', 'skip'])
              .default('refuse'),
          ),
      ).action((options: ImportOptions) => importFile(options)),
    )
    .addCommand(
      talksToServer(
        new Command('status')
          .description('Tells how many codes a campaign has, and how many are left.')
          .requiredOption('--campaign <id>', 'the campaign'),
      ).action((options: SharedOptions & { campaign: string }) => status(options)),
    );
}

const pathOf = (campaign: string): string => `/v1/admin/campaigns/${encodeURIComponent(campaign)}/codes`;

async function importFile(options: ImportOptions): Promise<void> {
  const { Client } = await import('./client.ts');
  const print = await import('./print.ts');
  const client = new Client(options, process.env);
  const type = options.text ? 'text/plain; charset=utf-8' : 'text/csv; charset=utf-8';
  const headers = { 'content-type': options.header ? `${type}; header=present` : type };
  const body = await openFile(options.file, options.json === true);
  const path = `${pathOf(options.campaign)}?onDuplicate=${options.onDuplicate}`;
  const report = await client.upload<Report>(path, body, headers).catch((error: CommandFailure) => {
    if (!options.json) tellLines(error.details, print);
    throw error;
  });
  if (options.json) return print.sayJson(report);
  const { imported, first, last, total, empty, skipped } = report;
  const numbers = first === null ? '' : `, numbers ${print.count(first)} to ${print.count(last ?? first)}`;
  print.say(
    `${print.marks.ok} ${print.count(imported)} codes imported${numbers}; ${print.count(total)} in the pool`,
  );
  if (skipped > 0)
    print.say(`${print.marks.skip} ${print.count(skipped)} were there already and were left out`);
  if (empty > 0) print.say(`${print.marks.skip} ${print.count(empty)} empty lines`);
  return undefined;
}

/** The file with a progress bar over it, where somebody is looking. */
async function openFile(file: string, quiet: boolean): Promise<Readable> {
  if (file === '-') return process.stdin;
  const [{ createReadStream, statSync }, { usageFailure }] = await Promise.all([
    import('node:fs'),
    import('./failure.ts'),
  ]);
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined) throw usageFailure(`there is no file ${file}`, 'Check --file.');
  const stream = createReadStream(file);
  if (quiet || !process.stderr.isTTY) return stream;
  const { default: cliProgress } = await import('cli-progress');
  const bar = new cliProgress.SingleBar(
    {
      format: '  {bar} {percentage} %  {value} of {total} bytes',
      stream: process.stderr,
      clearOnComplete: true,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(size, 0);
  const { Readable: Piped } = await import('node:stream');
  return Piped.from(watched(stream, bar), { objectMode: false });
}

async function* watched(
  stream: AsyncIterable<Buffer>,
  bar: { increment(by: number): void; stop(): void },
): AsyncGenerator<Buffer> {
  try {
    for await (const piece of stream) {
      yield piece;
      bar.increment(piece.length);
    }
  } finally {
    bar.stop();
  }
}

interface BadLine {
  readonly line: number;
  readonly reason: string;
  readonly sameAs?: number;
}

const REASONS: Readonly<Record<string, string>> = {
  too_long: 'more than 256 bytes',
  control_character: 'a control character',
  not_text: 'not UTF-8',
  columns: 'more than one column',
  quotes: 'quotes that do not close',
  in_pool: 'in the pool already',
};

function tellLines(details: unknown, { marks, count, whisper, dim }: typeof import('./print.ts')): void {
  const { lines = [], total = 0 } = (details ?? {}) as { lines?: readonly BadLine[]; total?: number };
  for (const { line, reason, sameAs } of lines.slice(0, LINES_SHOWN)) {
    const why = sameAs === undefined ? (REASONS[reason] ?? reason) : `the same as line ${count(sameAs)}`;
    whisper(`${marks.fail} line ${count(line)}: ${why}`);
  }
  const more = total - Math.min(lines.length, LINES_SHOWN);
  if (more > 0) whisper(dim(`  and ${count(more)} more`));
}

async function status(options: SharedOptions & { campaign: string }): Promise<void> {
  const { Client } = await import('./client.ts');
  const print = await import('./print.ts');
  const { body } = await new Client(options, process.env).get<Counts>(pathOf(options.campaign));
  if (options.json) return print.sayJson(body);
  const rows = [['source', body.source]];
  if (body.imported !== undefined) rows.push(['imported', print.count(body.imported)]);
  rows.push(['issued', print.count(body.issued)]);
  if (body.left !== undefined) rows.push(['left', print.count(body.left)]);
  if (body.lastImportAt) rows.push(['last import', body.lastImportAt]);
  for (const line of print.columns(rows)) print.say(line);
  return undefined;
}
