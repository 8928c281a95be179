/** `dibs reconcile`: what differs between gate, log and record of a campaign, and what is done about it. */
import { Command } from 'commander';
import { exitCodes, usageFailure } from './failure.ts';
import { type SharedOptions, talksToServer } from './options.ts';

const help = `
Examples:
  $ dibs reconcile --campaign chicken-100                only looks, and says what it would do
  $ dibs reconcile --campaign chicken-100 --apply        sends on what nobody brought to the log
  $ dibs reconcile --campaign chicken-100 --apply --release-reserved --reason "nobody turned up in a day"

--apply sends wins on that the gate decided and nobody brought to the log, and nothing else by itself. Units that count
as given since a gate was lost, and whose holder nobody knows, go back to the stock only with --release-reserved and a
reason; it is in the audit log afterwards. What has no rule is told and left alone.

Exit code 1 when something differs that does not pass by itself.`;

interface ReconcileOptions extends SharedOptions {
  campaign: string;
  apply?: boolean;
  dryRun?: boolean;
  releaseReserved?: boolean;
  reason?: string;
}

/** As the server reports it. */
export interface ReconcileReport {
  readonly ok: boolean;
  readonly applied: boolean;
  readonly figures: Readonly<Record<string, number | null>>;
  readonly differences: readonly {
    readonly kind: string;
    readonly count: number;
    readonly seqs: readonly number[];
    readonly says: string;
    readonly repair: string | null;
    readonly alarm: boolean;
    readonly done: boolean;
  }[];
}

export function reconcileCommand(): Command {
  const command = new Command('reconcile')
    .description(
      'Compares gate, outbox, log and record of a campaign, says what each difference is, and repairs by rule.',
    )
    .requiredOption('--campaign <id>', 'the campaign')
    .option('--dry-run', 'only look (the default)')
    .option('--apply', 'do what can be done by rule')
    .option('--release-reserved', 'give units without a known holder back to the stock; needs --reason')
    .option('--reason <text>', 'why, for the audit log');
  return talksToServer(command)
    .addHelpText('after', help)
    .action((options: ReconcileOptions) => reconcile(options));
}

async function reconcile(options: ReconcileOptions): Promise<void> {
  const { campaign, apply = false, dryRun = false, releaseReserved = false, reason } = options;
  if (apply && dryRun) throw usageFailure('--apply and --dry-run contradict each other');
  if (releaseReserved && !reason?.trim()) {
    throw usageFailure('--release-reserved needs --reason', 'Say why nobody will turn up for these units.');
  }
  const { Client } = await import('./client.ts');
  const { say, sayJson } = await import('./print.ts');
  const path = `/v1/admin/campaigns/${encodeURIComponent(campaign)}/reconcile`;
  const asked = { apply, releaseReserved, ...(reason === undefined ? {} : { reason }) };
  const { body } = await new Client(options, process.env).post<ReconcileReport>(path, asked);
  if (options.json) sayJson(body);
  else for (const line of await reconcileLines(campaign, body)) say(line);
  process.exitCode = body.ok ? exitCodes.ok : exitCodes.finding;
}

async function reconcileLines(campaign: string, report: ReconcileReport): Promise<string[]> {
  const { columns, count, dim, marks, strong } = await import('./print.ts');
  const { applied, differences, figures } = report;
  const told = Object.entries(figures).map(([name, value]) => `${wordsOf(name)} ${value ?? 'not compared'}`);
  const rows = differences.map(({ kind, count: units, says, alarm, done }) => {
    const mark = done ? marks.ok : alarm ? marks.fail : marks.skip;
    return [mark, wordsOf(kind), count(units), alarm ? strong(says) : says];
  });
  const lines = columns(rows, ['left', 'left', 'right']).flatMap((line, at) => {
    const { seqs, count: units, repair, done } = differences[at] as ReconcileReport['differences'][number];
    const more = units > seqs.length ? ' …' : '';
    const numbers = seqs.length === 0 ? [] : [dim(`      No. ${seqs.join(', ')}${more}`)];
    const todo = repair === null || done ? [] : [dim(`      → ${applied ? '' : 'with --apply: '}${repair}`)];
    return [`  ${line}`, ...numbers, ...todo];
  });
  return [
    `${strong(`Reconciliation of ${campaign}`)}${applied ? '' : dim('  looked only')}`,
    `  ${dim(told.join(', '))}`,
    ...lines,
    `  ${report.ok ? marks.ok : marks.fail} ${strong(lastWord(report))}`,
  ];
}

function lastWord({ ok, differences }: ReconcileReport): string {
  if (differences.length === 0) return 'Gate, log and record tell the same story.';
  if (ok) return 'What differs passes by itself.';
  const open = differences.filter(({ alarm }) => alarm);
  return open.every(({ kind }) => kind === 'gate_away')
    ? 'The gate could not be compared; ask again when it is back.'
    : 'Something differs that does not pass by itself.';
}

/** `left_behind` → `left behind`, `deadLetters` → `dead letters` */
const wordsOf = (name: string): string =>
  name.replaceAll('_', ' ').replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
