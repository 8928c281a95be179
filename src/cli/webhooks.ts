/** `dibs webhooks`: who is told of what by webhook, how it went, and sending again. A secret is shown once. */
import { Command, Option } from 'commander';
import { CommandFailure, exitCodes } from './failure.ts';
import { type SharedOptions, talksToServer, wholeNumber } from './options.ts';

const help = `
Examples:
  $ dibs webhooks add https://shop.example/dibs --facts coupon.issued,coupon.redeemed
  $ dibs webhooks test wh_4f7a…                    send one now, and see the answer
  $ dibs webhooks deliveries wh_4f7a… --state failed
  $ dibs webhooks resend wh_4f7a… 17
  $ dibs webhooks rotate wh_4f7a… --overlap 3600   the secret before signs too for an hour

Receivers check signatures by Standard Webhooks; see docs/webhooks.md.`;

interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly facts: readonly string[] | null;
  readonly campaigns: readonly string[] | null;
  readonly state: string;
  readonly why: string | null;
  readonly secret?: string;
}

interface Answer {
  readonly status: number | null;
  readonly ms: number;
  readonly error: string | null;
  readonly body: string;
}

interface Delivery {
  readonly id: number;
  readonly eventId: string;
  readonly state: string;
  readonly tries: number;
  readonly nextTryAt: string | null;
  readonly settledAt: string | null;
  readonly answers: readonly Answer[];
}

const path = '/v1/admin/webhooks';
const pathOf = (id: string): string => `${path}/${encodeURIComponent(id)}`;
const split = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

export function webhooksCommand(): Command {
  const command = new Command('webhooks')
    .description('Tells other programs of facts: adds, lists, tests and removes webhooks; shows deliveries.')
    .addHelpText('after', help);
  for (const one of [addCommand(), rotateCommand(), deliveriesCommand(), resendCommand()])
    command.addCommand(one);
  command.addCommand(
    talksToServer(new Command('list')).description('Lists the webhooks, without their secrets.').action(list),
  );
  command.addCommand(
    ofOne('test', 'Sends `webhook.test` now and shows the answer; exit code 1 when it was not taken.', test),
  );
  for (const act of ['enable', 'disable'] as const) {
    const says = act === 'enable' ? 'Sends to it again, what waits first.' : 'Sends nothing to it any more.';
    command.addCommand(ofOne(act, says, (id, options) => setState(id, act, options)));
  }
  return command.addCommand(ofOne('remove', 'Removes it with its deliveries.', remove));
}

function ofOne<Options extends SharedOptions>(
  name: string,
  says: string,
  run: (id: string, options: Options) => Promise<void>,
): Command {
  return talksToServer(new Command(name))
    .description(says)
    .argument('<id>', 'its id, as `dibs webhooks list` shows it')
    .action(run);
}

function addCommand(): Command {
  return talksToServer(
    new Command('add')
      .description('Adds a webhook and prints its secret once.')
      .argument('<address>', 'where facts are sent: https://…')
      .option('--facts <a,b>', 'which facts, e.g. coupon.issued,coupon.redeemed (default: all)', split)
      .option('--campaigns <a,b>', 'of which campaigns (default: all)', split)
      .option('--description <text>', 'what it is for'),
  ).action(add);
}

function rotateCommand(): Command {
  const overlap = new Option('--overlap <s>', 'how long the secret before signs too, in seconds');
  return ofOne('rotate', 'Gives it a new secret and prints it once.', rotate).addOption(
    overlap.argParser(wholeNumber(0, 2_592_000)),
  );
}

function deliveriesCommand(): Command {
  const state = new Option('--state <state>', 'only these').choices(['pending', 'delivered', 'failed']);
  return ofOne('deliveries', 'Lists its latest deliveries, newest first.', deliveries)
    .addOption(state)
    .addOption(new Option('--limit <n>', 'how many').default(20).argParser(wholeNumber(1, 1000)));
}

function resendCommand(): Command {
  return talksToServer(new Command('resend'))
    .description('Sends a delivery again, whatever became of it.')
    .argument('<id>', 'the webhook')
    .argument('<delivery>', 'number of the delivery, as `dibs webhooks deliveries` shows it')
    .action(resend);
}

interface AddOptions extends SharedOptions {
  facts?: string[];
  campaigns?: string[];
  description?: string;
}

async function add(
  address: string,
  { facts, campaigns, description, ...options }: AddOptions,
): Promise<void> {
  const { client, print } = await load(options);
  const given = { url: address, facts, campaigns, description };
  const { body } = await client.post<Webhook>(path, given);
  if (options.json) return print.sayJson(body);
  print.say(body.secret ?? '');
  print.whisper(print.dim(`webhook ${body.id}: its secret is shown this once; give it to the receiver now`));
}

async function list(options: SharedOptions): Promise<void> {
  const { client, print } = await load(options);
  const { items } = (await client.get<{ items: Webhook[] }>(path)).body;
  if (options.json) return print.sayJson(items);
  if (items.length === 0) return print.say(print.dim('no webhooks'));
  const rows = items.map(({ id, state, url, facts, campaigns, why }) => [
    id,
    state === 'enabled' ? print.marks.ok : print.marks.fail,
    url,
    facts?.join(' ') ?? 'all facts',
    campaigns?.join(' ') ?? 'all campaigns',
    why ?? '',
  ]);
  print.say(print.table(['id', '', 'address', 'facts', 'campaigns', ''], rows));
}

async function test(id: string, options: SharedOptions): Promise<void> {
  const { client, print } = await load(options);
  const { body } = await client.post<Answer & { ok: boolean }>(`${pathOf(id)}/test`);
  if (options.json) print.sayJson(body);
  else print.say(`${body.ok ? print.marks.ok : print.marks.fail} ${answerText(body)} after ${body.ms} ms`);
  if (!body.ok) process.exitCode = exitCodes.finding;
}

const answerText = ({ status, error }: Answer): string => error ?? `answered ${status}`;

async function rotate(id: string, options: SharedOptions & { overlap?: number }): Promise<void> {
  const { client, print } = await load(options);
  const given = options.overlap === undefined ? {} : { overlapSeconds: options.overlap };
  const { body } = await client.post<Webhook>(`${pathOf(id)}/rotate`, given);
  if (options.json) return print.sayJson(body);
  print.say(body.secret ?? '');
  print.whisper(print.dim(`webhook ${id}: the new secret is shown this once; give it to the receiver now`));
}

async function setState(id: string, act: 'enable' | 'disable', options: SharedOptions): Promise<void> {
  const { client, print } = await load(options);
  const { body } = await client.post<Webhook>(`${pathOf(id)}/${act}`);
  if (options.json) print.sayJson(body);
  else print.say(`${print.marks.ok} webhook ${id} is ${body.state}`);
}

async function deliveries(
  id: string,
  options: SharedOptions & { state?: string; limit: number },
): Promise<void> {
  const { client, print } = await load(options);
  const query = `limit=${options.limit}${options.state === undefined ? '' : `&state=${options.state}`}`;
  const { items } = (await client.get<{ items: Delivery[] }>(`${pathOf(id)}/deliveries?${query}`)).body;
  if (options.json) return print.sayJson(items);
  if (items.length === 0) return print.say(print.dim('no deliveries'));
  const rows = items.map(({ id: number, eventId, state, tries, nextTryAt, settledAt, answers }) => {
    const last = answers.at(-1);
    return [
      String(number),
      state,
      eventId,
      String(tries),
      nextTryAt ?? settledAt ?? '',
      last ? answerText(last) : '',
    ];
  });
  print.say(
    print.table(['', 'state', 'fact', 'tries', 'next try, or settled', 'last answer'], rows, ['right']),
  );
}

async function resend(id: string, delivery: string, options: SharedOptions): Promise<void> {
  if (!/^\d+$/.test(delivery)) {
    throw new CommandFailure(exitCodes.usage, 'the delivery is a number', 'See dibs webhooks deliveries.');
  }
  const { client, print } = await load(options);
  const { body } = await client.post<object>(`${pathOf(id)}/deliveries/${delivery}/resend`);
  if (options.json) print.sayJson(body);
  else print.say(`${print.marks.ok} delivery ${delivery} is sent again`);
}

async function remove(id: string, options: SharedOptions): Promise<void> {
  const { client, print } = await load(options);
  await client.delete(pathOf(id));
  if (options.json) print.sayJson({ ok: true, id });
  else print.say(`${print.marks.ok} webhook ${id} is removed`);
}

async function load(options: SharedOptions) {
  const { Client } = await import('./client.ts');
  return { client: new Client(options, process.env), print: await import('./print.ts') };
}
