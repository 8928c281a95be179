/** `dibs report`: how a campaign went, in the terminal or as a file. */
import { createWriteStream } from 'node:fs';
import { Command, Option } from 'commander';
import { usageFailure } from './failure.ts';
import { type SharedOptions, talksToServer } from './options.ts';

const help = `
Examples:
  $ dibs report --campaign chicken-100                        the figures in short
  $ dibs report --campaign chicken-100 -o report.html         a page to open, mail or print
  $ dibs report --campaign chicken-100 -o report.html --lang ko --zone Asia/Seoul
  $ dibs report --campaign chicken-100 -o report.csv          for a spreadsheet
  $ dibs report --campaign chicken-100 --json | jq .presses.verdicts

The file's name says what it becomes: .html, .csv or .json; else say --format.`;

const formats = ['html', 'csv', 'json'] as const;
type Format = (typeof formats)[number];

interface ReportOptions extends SharedOptions {
  campaign: string;
  output?: string;
  format?: Format;
  lang?: string;
  zone?: string;
}

interface Told {
  readonly status: string;
  readonly given: number;
  readonly campaign: { readonly name: string; readonly quantity: number };
  readonly presses: { readonly total: number; readonly verdicts: Readonly<Record<string, number>> };
  readonly sellOut: { readonly tookMs: number; readonly fromFirstWinMs: number } | null;
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
  readonly demand: Readonly<Record<'people' | 'turnedAway', { count: number; low: number; high: number }>>;
  readonly faults: readonly { part: string; lastedMs: number; unavailable: number }[];
  readonly deadLetters: number;
  readonly integrity: { readonly ok: boolean };
}

export function reportCommand(): Command {
  const command = new Command('report')
    .description('Tells how a campaign went: answers, sell-out, waiting times, people, faults, integrity.')
    .requiredOption('--campaign <id>', 'the campaign')
    .option('-o, --output <file>', 'write it to a file')
    .addOption(new Option('--format <format>', 'what the file becomes').choices([...formats]))
    .addOption(new Option('--lang <language>', 'language of the page').choices(['en', 'ko']))
    .option('--zone <zone>', 'time zone of the page: Asia/Seoul');
  return talksToServer(command)
    .addHelpText('after', help)
    .action((options: ReportOptions) => report(options));
}

async function report(options: ReportOptions): Promise<void> {
  const { Client } = await import('./client.ts');
  const client = new Client(options, process.env);
  const path = `/v1/admin/campaigns/${encodeURIComponent(options.campaign)}/report`;
  if (options.output === undefined && options.format === undefined) {
    const { body } = await client.get<Told>(path);
    if (options.json) (await import('./print.ts')).sayJson(body);
    else await show(body);
    return;
  }
  const { pipeline } = await import('node:stream/promises');
  const asked = new URLSearchParams({ format: formatOf(options) });
  if (options.lang !== undefined) asked.set('lang', options.lang);
  if (options.zone !== undefined) asked.set('zone', options.zone);
  const body = await client.stream(`${path}?${asked.toString()}`);
  if (options.output === undefined) return pipeline(body, process.stdout, { end: false });
  await pipeline(body, createWriteStream(options.output));
  const { sayJson, say } = await import('./print.ts');
  if (options.json) sayJson({ ok: true, file: options.output });
  else say(`${options.output} is written.`);
}

function formatOf({ format, output = '' }: ReportOptions): Format {
  const named = format ?? formats.find((one) => output.endsWith(`.${one}`));
  if (named !== undefined) return named;
  throw usageFailure(
    `${output} does not say what it is to become`,
    'End its name with .html, .csv or .json, or say --format.',
  );
}

async function show(told: Told): Promise<void> {
  const { columns, count, dim, duration, marks, say, strong } = await import('./print.ts');
  const { presses, sellOut, latencyMs, demand, faults, integrity } = told;
  const about = ({ count: some, low, high }: Told['demand']['people']): string =>
    `about ${count(some)} ${dim(`(${count(low)} to ${count(high)})`)}`;
  const lines: [string, string][] = [
    ['given', `${count(told.given)} of ${count(told.campaign.quantity)} ${dim(told.status)}`],
    ['presses', count(presses.total)],
    ...Object.entries(presses.verdicts).map(([name, some]): [string, string] => [`  ${name}`, count(some)]),
    ['people', about(demand.people)],
    ['left without one', about(demand.turnedAway)],
  ];
  if (sellOut !== null) lines.push(['sold out after', duration(sellOut.tookMs)]);
  if (latencyMs !== null)
    lines.push(['answered within', `${duration(latencyMs.p50)} half, ${duration(latencyMs.p99)} 99 %`]);
  for (const { part, lastedMs, unavailable } of faults)
    lines.push([`fault: ${part}`, `${duration(lastedMs)}, ${count(unavailable)} presses told to ask again`]);
  lines.push(['dead letters', count(told.deadLetters)]);
  const verdict = integrity.ok ? `${marks.ok} every invariant holds` : `${marks.fail} see dibs verify`;
  lines.push(['integrity', verdict]);
  say(strong(told.campaign.name));
  for (const line of columns(lines)) say(`  ${line}`);
}
