/** `dibs campaign`: campaigns as files, and their life cycle. */
import { Command } from 'commander';
import type { CampaignDocument, Change } from './campaign-file.ts';
import type { Client } from './client.ts';
import { type SharedOptions, talksToServer } from './options.ts';

const help = `
Examples:
  $ dibs campaign apply -f chicken.yaml --dry-run       show what would change
  $ dibs campaign apply -f chicken.yaml
  $ dibs campaign open chicken-100                      open now, before opensAt too
  $ dibs campaign pause chicken-100
  $ dibs campaign list`;

const applyHelp = `
A campaign file:
  # yaml-language-server: $schema=docs/reference/campaign.schema.json
  id: chicken-100
  name: 100 chickens
  kind: coupon                             # coupon, gifticon, ticket, entry
  quantity: 100
  perUserLimit: 1
  mode: instant
  durability: disk                         # memory, disk, replicated, logged
  opensAt: 2026-12-01T10:00:00+09:00       # times need an offset
  closesAt: 2026-12-01T11:00:00+09:00
  codes: { source: generated }             # none, generated, pool
  benefit: { title: One fried chicken }
  ---                                      # the next campaign
  ...

What the file does not mention stays as it is. A campaign that changed between look and write is not
overwritten (If-Match): the command says so, and can be run again.`;

/** A campaign as operators see it; only what is printed. */
interface CampaignBody {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly mode: string;
  readonly durability: string;
  readonly quantity: number;
  readonly remaining?: number;
  readonly issued?: number;
  readonly opensAt: string | null;
  readonly closesAt: string | null;
  readonly [field: string]: unknown;
}

interface Applied {
  readonly id: string;
  readonly result: 'created' | 'changed' | 'unchanged';
  readonly dryRun: boolean;
  readonly changes: readonly Change[];
}

const base = '/v1/admin/campaigns';
const pathOf = (id: string): string => `${base}/${encodeURIComponent(id)}`;

export function campaignCommand(): Command {
  const command = new Command('campaign')
    .description('Defines campaigns from files and runs their life cycle.')
    .addHelpText('after', help)
    .addCommand(
      talksToServer(
        new Command('apply')
          .description('Creates or changes campaigns as a YAML file says, and prints what changed.')
          .requiredOption('-f, --file <file>', 'the file; - for standard input')
          .option('--dry-run', 'print what would change, and change nothing'),
      )
        .addHelpText('after', applyHelp)
        .action(apply),
    )
    .addCommand(talksToServer(new Command('list')).description('Lists all campaigns.').action(list))
    .addCommand(
      talksToServer(new Command('show'))
        .description('Shows one campaign.')
        .argument('<id>', 'the campaign')
        .action(show),
    );
  for (const [verb, what] of Object.entries(verbs)) {
    command.addCommand(
      talksToServer(new Command(verb))
        .description(what)
        .argument('<id>', 'the campaign')
        .action((id: string, options: SharedOptions) => act(verb, id, options)),
    );
  }
  return command;
}

const verbs = {
  open: 'Opens a campaign now, before its opensAt too.',
  pause: 'Pauses a campaign: claims are refused as paused, places and wins stay.',
  resume: 'Goes on after a pause.',
  close: 'Closes a campaign for good. Winners keep what they have.',
  archive: 'Puts a closed campaign away; its id is never used again.',
};

async function load(options: SharedOptions) {
  const { Client } = await import('./client.ts');
  return { client: new Client(options, process.env), print: await import('./print.ts') };
}

async function apply(options: SharedOptions & { file: string; dryRun?: boolean }): Promise<void> {
  const { readCampaignFile } = await import('./campaign-file.ts');
  const documents = readCampaignFile(options.file);
  const { client, print } = await load(options);
  const applied: Applied[] = [];
  for (const document of documents) {
    const one = await applyOne(client, document, options.dryRun === true);
    applied.push(one);
    if (!options.json) tellApplied(one, print);
  }
  if (options.json) print.sayJson(applied);
}

async function applyOne(client: Client, wanted: CampaignDocument, dryRun: boolean): Promise<Applied> {
  const { changesOf } = await import('./campaign-file.ts');
  const { id } = wanted;
  const current = await client.get<CampaignBody>(pathOf(id), { accept: [404] });
  if (current.status === 404) {
    // People read the slug where a file gives no name.
    if (!dryRun) await client.post(base, { name: id, ...wanted });
    return { id, result: 'created', dryRun, changes: changesOf(wanted, {}) };
  }
  const changes = changesOf(wanted, current.body);
  if (changes.length === 0) return { id, result: 'unchanged', dryRun, changes };
  if (!dryRun) {
    const patch = Object.fromEntries(changes.map((change) => [change.field, change.after]));
    await client.patch(pathOf(id), patch, current.etag === null ? {} : { ifMatch: current.etag });
  }
  return { id, result: 'changed', dryRun, changes };
}

type Print = typeof import('./print.ts');

function tellApplied(applied: Applied, print: Print): void {
  const { id, result, changes } = applied;
  const would = applied.dryRun && result !== 'unchanged' ? print.dim(' (dry run, nothing was sent)') : '';
  const mark = result === 'unchanged' ? print.marks.skip : print.marks.ok;
  print.say(`${mark} ${print.strong(id)} ${result}${would}`);
  const rows = changes.map(({ field, before, after }) =>
    result === 'created' ? [field, shown(after)] : [field, `${print.dim(shown(before))} → ${shown(after)}`],
  );
  for (const line of print.columns(rows)) print.say(`    ${line}`);
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

async function list(options: SharedOptions): Promise<void> {
  const { client, print } = await load(options);
  const campaigns: CampaignBody[] = [];
  for await (const campaign of client.pages<CampaignBody>(base)) campaigns.push(campaign);
  if (options.json) return print.sayJson(campaigns);
  if (campaigns.length === 0) {
    return print.say(print.dim('no campaigns yet; define one with `dibs campaign apply -f file.yaml`'));
  }
  const rows = campaigns.map((one) => [
    one.id,
    one.status,
    one.mode,
    one.durability,
    print.count(one.quantity),
    one.remaining === undefined ? '' : print.count(one.remaining),
    one.opensAt ?? '–',
    one.closesAt ?? '–',
  ]);
  const head = ['id', 'status', 'mode', 'durability', 'quantity', 'remaining', 'opens', 'closes'];
  print.say(print.table(head, rows, ['left', 'left', 'left', 'left', 'right', 'right']));
}

async function show(id: string, options: SharedOptions): Promise<void> {
  const { client, print } = await load(options);
  const { body } = await client.get<CampaignBody>(pathOf(id));
  if (options.json) return print.sayJson(body);
  const rows = Object.entries(body).map(([field, value]) => [print.dim(field), shown(value)]);
  for (const line of print.columns(rows)) print.say(line);
}

async function act(verb: string, id: string, options: SharedOptions): Promise<void> {
  const { client, print } = await load(options);
  const { body } = await client.post<CampaignBody | null>(`${pathOf(id)}/${verb}`);
  if (options.json) return print.sayJson(body);
  print.say(`${print.marks.ok} ${print.strong(id)} is ${body?.status ?? verb}`);
}
