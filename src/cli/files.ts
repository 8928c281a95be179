/** `dibs files`: brings files for jobs, and takes those that jobs have made. */
import { Command } from 'commander';
import { type SharedOptions, talksToServer } from './options.ts';

const help = `
Jobs read files by their id: codes for a pool, users for a grant. What a job has written is a file too.

Examples:
  $ dibs files put users.csv
  $ dibs jobs run grant --campaign sorry-2026 --param file=f-0a1b2c3d4e5f607182
  $ dibs jobs run export --campaign chicken-100 --param what=winners --wait
  $ dibs files get export-run-0mb2k3 -o winners.csv
  $ dibs files list
  $ dibs files remove f-0a1b2c3d4e5f607182`;

interface StoredFile {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly role: string;
  readonly createdAt: string;
  readonly sha256: string | null;
}

const path = '/v1/admin/files';

export function filesCommand(): Command {
  return new Command('files')
    .description('Brings files for jobs, and takes those that jobs have made.')
    .addHelpText('after', help)
    .addCommand(
      talksToServer(new Command('put'))
        .description('Sends a CSV file, packed as gzip or not, and prints its id.')
        .argument('<file>', 'the file; - for standard input')
        .option('--name <name>', 'what a download is called (default: the name of the file)')
        .action(put),
    )
    .addCommand(talksToServer(new Command('list')).description('Lists the files, newest first.').action(list))
    .addCommand(
      talksToServer(new Command('get'))
        .description('Downloads a file.')
        .argument('<id>', 'its id, as `dibs files list` shows it')
        .option('-o, --output <file>', 'where to write it (default: standard output)')
        .action(get),
    )
    .addCommand(
      talksToServer(new Command('remove'))
        .description('Removes a file.')
        .argument('<id>', 'its id')
        .action(remove),
    );
}

async function put(file: string, options: SharedOptions & { name?: string }): Promise<void> {
  const { client, print } = await load(options);
  const { basename } = await import('node:path');
  const { openUpload } = await import('./upload-file.ts');
  const { body, type } = await openUpload(file);
  const name = options.name ?? (file === '-' ? undefined : basename(file));
  const query = name === undefined ? '' : `?name=${encodeURIComponent(name)}`;
  const stored = await client.upload<StoredFile>(path + query, body, { 'content-type': type });
  if (options.json) return print.sayJson(stored);
  print.say(stored.id);
  print.whisper(print.dim(`${stored.name}, ${stored.bytes} bytes, sha256 ${stored.sha256}`));
}

async function list(options: SharedOptions): Promise<void> {
  const { client, print } = await load(options);
  for await (const file of client.pages<StoredFile>(path, 100)) {
    if (options.json) print.sayJson(file);
    else print.say(`${file.id}  ${file.createdAt}  ${String(file.bytes).padStart(10)}  ${file.name}`);
  }
}

async function get(id: string, options: SharedOptions & { output?: string }): Promise<void> {
  const { client } = await load(options);
  const { pipeline } = await import('node:stream/promises');
  const { createWriteStream } = await import('node:fs');
  const body = await client.stream(`${path}/${encodeURIComponent(id)}`);
  if (options.output === undefined) await pipeline(body, process.stdout, { end: false });
  else await pipeline(body, createWriteStream(options.output));
}

async function remove(id: string, options: SharedOptions): Promise<void> {
  const { client, print } = await load(options);
  await client.delete(`${path}/${encodeURIComponent(id)}`);
  if (options.json) print.sayJson({ id, removed: true });
  else print.whisper(`removed ${id}`);
}

async function load(options: SharedOptions) {
  const { Client } = await import('./client.ts');
  return { client: new Client(options, process.env), print: await import('./print.ts') };
}
