/** `dibs verify`: the server's integrity report, line by line. */
import { Command } from 'commander';
import type { Client } from './client.ts';
import { exitCodes } from './failure.ts';
import { type SharedOptions, talksToServer } from './options.ts';

const help = `
Examples:
  $ dibs verify --campaign chicken-100
  $ dibs verify --campaign chicken-100 --json

Exit code 1 when an invariant does not hold.`;

/** One invariant as the server reports it. */
export interface IntegrityCheck {
  readonly id: string;
  readonly ok: boolean;
  /** `sampled` when only answers can show it. */
  readonly basis: string;
  readonly figures: Readonly<Record<string, unknown>>;
  readonly says: string;
}

export interface IntegrityReport {
  readonly ok: boolean;
  /** false: wins were on their way to the record when the figures were taken. */
  readonly drained?: boolean;
  /** What became of the question to the gate: compared, rebuilding, away, over. */
  readonly gate?: string;
  readonly checks: readonly IntegrityCheck[];
}

export function verifyCommand(): Command {
  const command = new Command('verify')
    .description('Compares gate, log and record of a campaign and prints every invariant with its figures.')
    .requiredOption('--campaign <id>', 'the campaign');
  return talksToServer(command)
    .addHelpText('after', help)
    .action(async (options: SharedOptions & { campaign: string }) => {
      const { Client } = await import('./client.ts');
      const { dim, say, sayJson, strong } = await import('./print.ts');
      const report = await readIntegrity(new Client(options, process.env), options.campaign);
      if (options.json) sayJson(report);
      else {
        say(strong(`Integrity of ${options.campaign}`));
        for (const line of await integrityLines(report)) say(line);
        if (!report.ok) say(dim(`    → dibs reconcile --campaign ${options.campaign}   says what differs`));
      }
      process.exitCode = report.ok ? exitCodes.ok : exitCodes.finding;
    });
}

export async function readIntegrity(client: Client, campaignId: string): Promise<IntegrityReport> {
  const path = `/v1/admin/campaigns/${encodeURIComponent(campaignId)}/integrity`;
  return (await client.get<IntegrityReport>(path)).body;
}

/** One aligned line for each invariant, and a last one for all. */
export async function integrityLines(report: IntegrityReport): Promise<string[]> {
  const { columns, dim, marks, strong } = await import('./print.ts');
  const rows = report.checks.map((check) => [
    check.ok ? marks.ok : marks.fail,
    check.id,
    check.ok ? check.says : strong(check.says),
    dim(figuresOf(check)),
  ]);
  const failed = report.checks.filter((check) => !check.ok).length;
  const last = report.ok ? 'Every invariant holds.' : `${failed} of ${rows.length} do not hold.`;
  return [
    ...columns(rows).map((line) => `  ${line}`),
    ...remarks(report).map((remark) => `  ${marks.skip} ${remark}`),
    `  ${report.ok ? marks.ok : marks.fail} ${strong(last)}`,
  ];
}

/** What one must know to read the lines above. */
function remarks({ drained, gate }: IntegrityReport): string[] {
  const found: string[] = [];
  if (drained === false) found.push('Wins are on their way to the record: look again in a moment.');
  if (gate === 'rebuilding') found.push('The gate is being made good: until then the record speaks alone.');
  if (gate === 'away') found.push('The gate does not answer: until then the record speaks alone.');
  return found;
}

/** `quantity 100, recorded 100`; moments as text, what is unknown left out. */
function figuresOf({ basis, figures }: IntegrityCheck): string {
  const told = Object.entries(figures)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name} ${figure(name, value)}`);
  return [...(basis === 'sampled' ? ['sampled'] : []), ...told].join(', ');
}

function figure(name: string, value: unknown): string {
  if (typeof value === 'number' && name.endsWith('At')) return new Date(value).toISOString();
  return typeof value === 'string' ? value : JSON.stringify(value);
}
