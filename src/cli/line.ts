/** `dibs line`: what anybody may check of a waiting line. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import {
  type PublishedShuffle,
  type ShuffleCheck,
  shuffleCommitment,
  verifyShuffle,
} from '../core/shuffle.ts';
import { CommandFailure, exitCodes, usageFailure } from './failure.ts';
import { type SharedOptions, wholeNumber } from './options.ts';

const help = `
Examples:
  $ dibs line verify --campaign concert                          what the server publishes
  $ dibs line verify --campaign concert --user u-17 --place 204  and that I stand where I was told
  $ dibs line verify --file published.json                       what I saved of it; no server is asked
  $ dibs line verify --file published.json --commitment 9f86…    with the hash that I noted before the opening

Where people who come before the opening get their place by lot (line.shuffleBeforeOpen), the hash of a seed is
published when the campaign is scheduled, and the seed and all lots in order of the places after the opening. Each lot
follows from the seed and a person's id alone, so:
  1. the seed must have the hash that was published before: it was not chosen afterwards;
  2. the lots must rise from place to place: nobody was moved;
  3. with --user and --place, the lot of that person must stand at that place.
Note the hash before the opening (GET /v1/campaigns/ID, or this command): it is what makes 1 mean anything.

Exit code 1 with the first place that is wrong. It needs no operator key.`;

interface VerifyFlags extends Pick<SharedOptions, 'url' | 'json'> {
  campaign?: string;
  file?: string;
  user?: string;
  place?: number;
  commitment?: string;
}

export function lineCommand(): Command {
  const verify = new Command('verify')
    .description('Checks from published data alone that places were drawn by lot, and that none was changed.')
    .option('--campaign <id>', 'the campaign, as its server publishes it')
    .option('--file <path>', 'the published data as JSON, instead of a server; - is standard input')
    .option('--user <id>', 'a person: his place is checked too')
    .option('--place <n>', 'the place that he was told', wholeNumber(1))
    .option(
      '--commitment <hash>',
      'the hash noted before the opening, instead of the one that is published now',
    )
    .option('--url <url>', 'address of the server (env: DIBS_URL, default http://127.0.0.1:8080)')
    .option('--json', 'print JSON')
    .addHelpText('after', help)
    .action(verifyLine);
  return new Command('line').description('What anybody may check of a waiting line.').addCommand(verify);
}

/** As it is published; before the opening without seed and lots. */
interface Published {
  readonly campaignId: string;
  readonly commitment: string;
  readonly seed: string | null;
  readonly lots: readonly string[] | null;
}

async function verifyLine(flags: VerifyFlags): Promise<void> {
  const { user, place } = flags;
  if ((user === undefined) !== (place === undefined)) throw usageFailure('--user and --place go together');
  const published = await readPublished(flags);
  const { campaignId, seed, lots } = published;
  const commitment = flags.commitment ?? published.commitment;
  if (seed === null || lots === null) return tellEarly(flags, { ...published, commitment });
  const mine =
    user === undefined || place === undefined ? undefined : { userId: user.normalize('NFC'), place };
  const shuffle: PublishedShuffle = { campaignId, commitment, seed, lots };
  const check = verifyShuffle(shuffle, mine);
  process.exitCode = check.ok ? exitCodes.ok : exitCodes.finding;
  const { marks, say, sayJson, strong } = await import('./print.ts');
  if (flags.json) return sayJson({ ...check, campaignId, commitment, mine: mine ?? null });
  for (const line of await checkedLines(shuffle, check, mine)) say(line);
  if (!check.ok) say(`  ${marks.fail} ${strong('Not as it was drawn.')} ${faultOf(shuffle, check)}`);
  else say(`  ${marks.ok} ${strong('Everybody stands where his lot says.')}`);
}

async function tellEarly(flags: VerifyFlags, { campaignId, commitment }: Published): Promise<void> {
  const { say, sayJson } = await import('./print.ts');
  process.exitCode = exitCodes.finding;
  if (flags.json) return sayJson({ ok: false, why: 'not_published', campaignId, commitment });
  say(`${campaignId}: nothing is drawn yet; seed and lots are published after the opening.`);
  say(`  Note this hash, and check it then with --commitment:\n  ${commitment}`);
}

async function readPublished({ file, campaign, url }: VerifyFlags): Promise<Published> {
  if (file !== undefined) return publishedOf(readText(file), file);
  if (campaign === undefined) throw usageFailure('name a campaign (--campaign) or a file (--file)');
  const { Client } = await import('./client.ts');
  const client = new Client(url === undefined ? {} : { url }, process.env);
  const { body } = await client.get<Published>(`/v1/campaigns/${encodeURIComponent(campaign)}/line`);
  return body;
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw usageFailure(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}

function publishedOf(text: string, file: string): Published {
  const hint = 'It is what GET /v1/campaigns/ID/line answers: campaignId, commitment, seed, lots.';
  try {
    const read = JSON.parse(text) as Partial<Published>;
    const { campaignId, commitment, seed = null, lots = null } = read;
    const fits = typeof campaignId === 'string' && typeof commitment === 'string';
    if (fits && (lots === null || Array.isArray(lots))) return { campaignId, commitment, seed, lots };
  } catch {
    // Said below.
  }
  throw new CommandFailure(exitCodes.finding, `${file} is not a published line`, hint);
}

type Mine = { userId: string; place: number } | undefined;

/** What was looked at, each with its mark; what comes after the first fault was not. */
async function checkedLines(shuffle: PublishedShuffle, check: ShuffleCheck, mine: Mine): Promise<string[]> {
  const { columns, count, dim, marks, strong } = await import('./print.ts');
  const { campaignId, commitment, seed, lots } = shuffle;
  const order = ['another_seed', 'out_of_order', 'another_place'];
  const failed = check.ok ? order.length : order.indexOf(check.why);
  const steps = [
    ['the seed has the hash that was published before', dim(`${commitment.slice(0, 16)}…`)],
    [`${count(lots.length)} lots rise from place to place`, dim(`seed ${seed.slice(0, 16)}…`)],
    ...(mine ? [[`${mine.userId} stands at place ${count(mine.place)}`, '']] : []),
  ];
  const rows = steps.map(([what = '', with_ = ''], i) => {
    const mark = i < failed ? marks.ok : i === failed ? marks.fail : marks.skip;
    return [mark, i === failed ? strong(what) : what, with_];
  });
  return [strong(`The line of ${campaignId}`), ...columns(rows).map((line) => `  ${line}`)];
}

function faultOf({ seed, lots }: PublishedShuffle, check: Extract<ShuffleCheck, { ok: false }>): string {
  if (check.why === 'another_seed') {
    const hash = /^[0-9a-f]{64}$/.test(seed) ? shuffleCommitment(seed) : 'none: it is not 64 hex digits';
    return `The seed's hash is ${hash}.`;
  }
  if (check.why === 'out_of_order') {
    const { place } = check;
    const lot = lots[place - 1] ?? '';
    return place === 1
      ? `The lot of place 1 is none: ${lot}`
      : `The lot of place ${place}, ${lot}, is not above that of place ${place - 1}.`;
  }
  if (check.drawn === 0) return 'There is no lot of that person: he was not in the line before the opening.';
  return `His lot stands at place ${check.drawn}, not at ${check.told}.`;
}
