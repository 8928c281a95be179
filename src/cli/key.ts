/** `dibs key`: operator keys. A key is shown once, when it is made; the server keeps only its hash. */
import { Command, Option } from 'commander';
import { type SharedOptions, talksToServer } from './options.ts';

const help = `
Examples:
  $ dibs key add --role operate --name "night shift"
  $ dibs key add --role read --name grafana --json | jq -r .key
  $ dibs key list
  $ dibs key revoke k_4f7a

Roles:
  read      look at everything that is not secret
  operate   read, and run campaigns
  admin     operate, and manage keys

The first key is made by the server at its first start, in data/admin.key.`;

interface OperatorKey {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly key?: string;
  readonly createdAt?: string;
  readonly revokedAt?: string | null;
}

const path = '/v1/admin/keys';

export function keyCommand(): Command {
  const role = new Option('--role <role>', 'what the key may do').choices(['read', 'operate', 'admin']);
  return new Command('key')
    .description('Adds, lists and revokes operator keys.')
    .addHelpText('after', help)
    .addCommand(
      talksToServer(
        new Command('add')
          .description('Makes a key and prints it once.')
          .addOption(role.makeOptionMandatory())
          .requiredOption('--name <name>', 'who or what uses it'),
      ).action(add),
    )
    .addCommand(
      talksToServer(new Command('list')).description('Lists the keys, without their secrets.').action(list),
    )
    .addCommand(
      talksToServer(new Command('revoke'))
        .description('Revokes a key at once.')
        .argument('<id>', 'its id, as `dibs key list` shows it')
        .action(revoke),
    );
}

async function add(options: SharedOptions & { role: string; name: string }): Promise<void> {
  const { client, print } = await load(options);
  const { body } = await client.post<OperatorKey>(path, { role: options.role, name: options.name });
  if (options.json) return print.sayJson(body);
  print.say(body.key ?? '');
  print.whisper(print.dim(`key ${body.id} (${body.role}, ${body.name}) is shown this once; keep it now`));
}

async function list(options: SharedOptions): Promise<void> {
  const { client, print } = await load(options);
  const keys: OperatorKey[] = [];
  for await (const key of client.pages<OperatorKey>(path)) keys.push(key);
  if (options.json) return print.sayJson(keys);
  const rows = keys.map((key) => [
    key.id,
    key.role,
    key.name,
    key.createdAt ?? '',
    key.revokedAt ? print.dim(`revoked ${key.revokedAt}`) : '',
  ]);
  print.say(print.table(['id', 'role', 'name', 'made', ''], rows));
}

async function revoke(id: string, options: SharedOptions): Promise<void> {
  const { client, print } = await load(options);
  await client.delete(`${path}/${encodeURIComponent(id)}`);
  if (options.json) print.sayJson({ ok: true, id });
  else print.say(`${print.marks.ok} key ${id} is revoked`);
}

async function load(options: SharedOptions) {
  const { Client } = await import('./client.ts');
  return { client: new Client(options, process.env), print: await import('./print.ts') };
}
