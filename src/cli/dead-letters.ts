/** `dibs dead-letters`: what was set aside; sends it through again, or gives it up. */
import { Command } from 'commander';
import { exitCodes } from './failure.ts';
import { type SharedOptions, talksToServer, wholeNumber } from './options.ts';

const help = `
Examples:
  $ dibs dead-letters list --campaign chicken-100                  newest first, with what a replay would do now
  $ dibs dead-letters show 17                                      one of them, with its causes
  $ dibs dead-letters replay 17 --reason "disk is mended"          through the record once more
  $ dibs dead-letters replay --campaign chicken-100 --dry-run      what would become of all of them
  $ dibs dead-letters replay --all --per-second 50
  $ dibs dead-letters discard 17 --reason "a test account"         for good; its unit goes back to the stock

A dead letter is a win that the record could not take in. It counts as issued, and its user is told that he has won. A
replay goes by the rules of the recorder: what is refused again stays dead, and whatever is done twice changes nothing.

Exit code 1 when something stays dead.`;

interface FilterOptions extends SharedOptions {
  campaign?: string;
  filterReason?: string;
  since?: string;
}

interface ListOptions extends FilterOptions {
  state?: string;
}

interface ReplayOptions extends FilterOptions {
  all?: boolean;
  dryRun?: boolean;
  reason?: string;
  perSecond?: number;
}

/** As the server tells it. */
export interface LetterShown {
  readonly id: number;
  readonly campaignId: string | null;
  readonly type: string;
  readonly seq: number | null;
  readonly userId: string | null;
  readonly state: string;
  readonly reason: string;
  readonly causes: readonly { readonly message: string; readonly code: string | null }[];
  readonly source: string;
  readonly payload: string;
  readonly tries: number;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly resolvedAt: string | null;
  readonly resolvedBy: string | null;
  readonly resolvedReason: string | null;
  readonly wouldDo: { readonly kind: string; readonly why: string | null } | null;
}

export interface Totals {
  issued: number;
  alreadyThere: number;
  stillDead: number;
}

interface Part extends Totals {
  readonly next: string | null;
}

const PATH = '/v1/admin/dead-letters';
const STATES = ['dead', 'replayed', 'discarded'];

export function deadLettersCommand(): Command {
  const command = new Command('dead-letters')
    .description('Lists what was set aside, sends it through again, or gives it up.')
    .addHelpText('after', help);
  command.addCommand(listCommand());
  command.addCommand(showCommand());
  command.addCommand(replayCommand());
  command.addCommand(discardCommand());
  return command;
}

function filtered(command: Command): Command {
  return command
    .option('--campaign <id>', 'only of this campaign')
    .option('--filter-reason <text>', 'only those with this text in their reason')
    .option('--since <time>', 'only those first set aside then or later (2026-12-01T10:00:00+09:00)');
}

function listCommand(): Command {
  const command = filtered(new Command('list').description('Dead letters, newest first.')).option(
    '--state <state>',
    STATES.join(', '),
  );
  return talksToServer(command).action((options: ListOptions) => list(options));
}

function showCommand(): Command {
  const command = new Command('show')
    .description('One of them, with its causes.')
    .argument('<id>', 'its number');
  return talksToServer(command).action((id: string, options: SharedOptions) => show(id, options));
}

function replayCommand(): Command {
  const command = filtered(
    new Command('replay')
      .description('Sends one through again, or those of a filter, or all.')
      .argument('[id]', 'its number; without it: --campaign, another filter, or --all'),
  )
    .option('--all', 'every one that is dead')
    .option('--dry-run', 'only say what would become of them')
    .option('--per-second <n>', 'letters a second, at most', wholeNumber(1, 10_000))
    .option('--reason <text>', 'why, for the audit log');
  return talksToServer(command).action((id: string | undefined, options: ReplayOptions) =>
    id === undefined ? replayMany(options) : replayOne(id, options),
  );
}

function discardCommand(): Command {
  const command = new Command('discard')
    .description('Gives one up for good; its unit goes back to the stock.')
    .argument('<id>', 'its number')
    .requiredOption('--reason <text>', 'why, for the audit log');
  return talksToServer(command).action((id: string, options: SharedOptions & { reason: string }) =>
    discard(id, options),
  );
}

async function clientOf(options: SharedOptions) {
  const { Client } = await import('./client.ts');
  return new Client(options, process.env);
}

async function list(options: ListOptions): Promise<void> {
  const { say, sayJson, dim } = await import('./print.ts');
  const { letterLines } = await import('./letter-show.ts');
  const client = await clientOf(options);
  const asked = {
    campaign: options.campaign,
    state: options.state,
    reason: options.filterReason,
    since: options.since,
  };
  const query = new URLSearchParams({ limit: '100' });
  for (const [name, value] of Object.entries(asked)) if (value !== undefined) query.set(name, value);
  const items: LetterShown[] = [];
  for (let next: string | null = ''; next !== null; ) {
    if (next !== '') query.set('cursor', next);
    const { body }: { body: { items: LetterShown[]; next: string | null } } = await client.get(
      `${PATH}?${query.toString()}`,
    );
    items.push(...body.items);
    next = body.next;
  }
  if (options.json) return sayJson({ items });
  for (const line of letterLines(items)) say(line);
  if (items.length === 0) say(dim('nothing was set aside'));
}

async function show(id: string, options: SharedOptions): Promise<void> {
  const { say, sayJson } = await import('./print.ts');
  const { oneLetterLines } = await import('./letter-show.ts');
  const { body } = await (await clientOf(options)).get<LetterShown>(`${PATH}/${encodeURIComponent(id)}`);
  if (options.json) return sayJson(body);
  for (const line of oneLetterLines(body)) say(line);
}

async function replayOne(id: string, options: ReplayOptions): Promise<void> {
  const { say, sayJson } = await import('./print.ts');
  const { outcomeLine } = await import('./letter-show.ts');
  const path = `${PATH}/${encodeURIComponent(id)}/replay${options.dryRun ? '?dryRun=true' : ''}`;
  const asked = options.reason === undefined ? {} : { reason: options.reason };
  const { body } = await (await clientOf(options)).post<{ outcome: string; why: string | null }>(path, asked);
  if (options.json) sayJson(body);
  else say(outcomeLine(id, body, options.dryRun === true));
  process.exitCode = body.outcome === 'stays' ? exitCodes.finding : exitCodes.ok;
}

/** Call after call, each of which goes on where the one before ended. */
async function replayMany(options: ReplayOptions): Promise<void> {
  const { campaign, filterReason, since, all, dryRun = false, perSecond, reason } = options;
  if (!all && [campaign, filterReason, since].every((one) => one === undefined)) {
    const { usageFailure } = await import('./failure.ts');
    throw usageFailure('say which: an id, --campaign, --filter-reason, --since, or --all');
  }
  const { say, sayJson } = await import('./print.ts');
  const { totalsLine } = await import('./letter-show.ts');
  const client = await clientOf(options);
  const filter = {
    ...(campaign === undefined ? {} : { campaign }),
    ...(filterReason === undefined ? {} : { reason: filterReason }),
    ...(since === undefined ? {} : { since }),
  };
  const asked = {
    filter,
    dryRun,
    ...(perSecond === undefined ? {} : { perSecond }),
    ...(reason === undefined ? {} : { reason }),
  };
  const totals: Totals = { issued: 0, alreadyThere: 0, stillDead: 0 };
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body }: { body: Part } = await client.post(
      `${PATH}/replay`,
      cursor === '' ? asked : { ...asked, cursor },
    );
    totals.issued += body.issued;
    totals.alreadyThere += body.alreadyThere;
    totals.stillDead += body.stillDead;
    cursor = body.next;
  }
  if (options.json) sayJson({ ...totals, dryRun });
  else say(totalsLine(totals, dryRun));
  process.exitCode = totals.stillDead > 0 ? exitCodes.finding : exitCodes.ok;
}

async function discard(id: string, options: SharedOptions & { reason: string }): Promise<void> {
  const { say, sayJson, marks } = await import('./print.ts');
  const path = `${PATH}/${encodeURIComponent(id)}/discard`;
  const { body } = await (await clientOf(options)).post<object>(path, { reason: options.reason });
  if (options.json) return sayJson(body);
  say(`${marks.ok} ${id} is given up`);
}
