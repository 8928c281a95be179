/** `dibs jobs`: batch jobs. What there is, ask for a run and watch it, stop it, let it go on, say when it runs. */
import { Command } from 'commander';
import { usageFailure } from './failure.ts';
import type { JobRow, RunRow } from './job-show.ts';
import { type SharedOptions, talksToServer } from './options.ts';

const help = `
Examples:
  $ dibs jobs list
  $ dibs jobs run reconcile --param campaign=chicken-100 --wait
  $ dibs jobs status                                     the last run of each job
  $ dibs jobs status run-0mbx3k1c9a41b2c3d4e5f607        one run with its steps
  $ dibs jobs stop run-0mbx3k1c9a41b2c3d4e5f607
  $ dibs jobs restart run-0mbx3k1c9a41b2c3d4e5f607 --wait
  $ dibs jobs schedule reconcile --cron "*/5 * * * *" --time-zone Asia/Seoul
  $ dibs jobs schedule reconcile --off

The same params are the same work: while a run of it waits or runs there is no second one, and one that failed or was
stopped goes on after the last chunk that was committed.

With --wait the exit code is 1 unless the run is completed.`;

const base = '/v1/admin/jobs';

interface RunOptions extends SharedOptions {
  param: Record<string, string>;
  campaign?: string;
  wait?: boolean;
}

interface ScheduleOptions extends SharedOptions {
  cron?: string;
  timeZone?: string;
  param: Record<string, string>;
  id?: string;
  off?: boolean;
  remove?: boolean;
}

export function jobsCommand(): Command {
  return new Command('jobs')
    .description('Lists, runs, watches, stops and schedules batch jobs.')
    .addHelpText('after', help)
    .addCommand(
      talksToServer(new Command('list')).description('Lists the jobs with their params.').action(list),
    )
    .addCommand(
      withParams(talksToServer(new Command('run')))
        .description('Asks for a run.')
        .argument('<job>', 'its name, as `dibs jobs list` shows it')
        .option('--campaign <id>', 'short for --param campaign=<id>')
        .option('--wait', 'show its progress, and end when it has ended')
        .action(run),
    )
    .addCommand(
      talksToServer(new Command('status'))
        .description('Shows the last run of each job, or one run with its steps.')
        .argument('[run]', 'id of a run')
        .action(status),
    )
    .addCommand(
      talksToServer(new Command('stop'))
        .description('Stops a run after the chunk that it is in.')
        .argument('<run>', 'id of the run')
        .action(stop),
    )
    .addCommand(
      talksToServer(new Command('restart'))
        .description('Lets a run that failed or was stopped go on after its last chunk.')
        .argument('<run>', 'id of the run')
        .option('--wait', 'show its progress, and end when it has ended')
        .action(restart),
    )
    .addCommand(
      withParams(talksToServer(new Command('schedule')))
        .description('Makes or changes a schedule, switches it off, or removes it.')
        .argument('<job>', 'name of the job')
        .option('--cron <expression>', 'five fields, or six with seconds before them')
        .option('--time-zone <name>', 'as IANA names it (default UTC)')
        .option('--id <name>', 'another than the usual one, which has the name of the job')
        .option('--off', 'keep it, and do not run by it')
        .option('--remove', 'remove it')
        .action(schedule),
    );
}

function withParams(command: Command): Command {
  const collect = (text: string, all: Record<string, string>): Record<string, string> => {
    const at = text.indexOf('=');
    if (at < 1) throw usageFailure(`--param ${text} has no value`, 'Write it as name=value.');
    return { ...all, [text.slice(0, at)]: text.slice(at + 1) };
  };
  return command.option('--param <name=value>', 'a param of the job; can be repeated', collect, {});
}

async function load(options: SharedOptions) {
  const { Client } = await import('./client.ts');
  const client = new Client(options, process.env);
  return { client, print: await import('./print.ts'), show: await import('./job-show.ts') };
}

async function list(options: SharedOptions): Promise<void> {
  const { client, print, show } = await load(options);
  const { body } = await client.get<{ items: JobRow[] }>(base);
  if (options.json) print.sayJson(body.items);
  else for (const line of show.jobLines(body.items)) print.say(line);
}

/** Text from the command line as the job's schema wants it. What it does not know is sent as it is, and refused there. */
async function typed(
  client: { get<T>(path: string): Promise<{ body: T }> },
  job: string,
  given: Record<string, string>,
) {
  if (Object.keys(given).length === 0) return {};
  const { body } = await client.get<{ items: JobRow[] }>(base);
  const known = body.items.find(({ name }) => name === job)?.params.properties ?? {};
  return Object.fromEntries(
    Object.entries(given).map(([name, text]) => [name, asTyped(text, known[name]?.type)]),
  );
}

function asTyped(text: string, type: unknown): unknown {
  if (type === 'boolean' && (text === 'true' || text === 'yes')) return true;
  if (type === 'boolean' && (text === 'false' || text === 'no')) return false;
  if ((type === 'integer' || type === 'number') && text !== '' && Number.isFinite(Number(text)))
    return Number(text);
  if (type === 'array') return text.split(',');
  return text;
}

async function run(job: string, options: RunOptions): Promise<void> {
  const { client } = await load(options);
  const { campaign, param } = options;
  const params = await typed(client, job, campaign === undefined ? param : { ...param, campaign });
  const asked = await client.post<RunRow>(`${base}/${encodeURIComponent(job)}/runs`, { params });
  await told(asked.body, options);
}

async function restart(id: string, options: RunOptions): Promise<void> {
  const { client } = await load(options);
  const asked = await client.post<RunRow>(`${base}/runs/${encodeURIComponent(id)}/restart`);
  await told(asked.body, options);
}

/** Says what was asked for, or watches it until it has ended. */
async function told(asked: RunRow, options: RunOptions): Promise<void> {
  const { client, print, show } = await load(options);
  if (!options.wait) {
    if (options.json) print.sayJson(asked);
    else print.say(`${print.marks.ok} ${asked.job}: ${asked.id} is ${asked.status}`);
    return;
  }
  const ended = await show.watch(
    async () => (await client.get<RunRow>(`${base}/runs/${asked.id}`)).body,
    options.json ?? false,
  );
  if (options.json) print.sayJson(ended);
  else for (const line of show.runLines(ended)) print.say(line);
  const { exitCodes } = await import('./failure.ts');
  process.exitCode = ended.status === 'completed' ? exitCodes.ok : exitCodes.finding;
}

async function status(id: string | undefined, options: SharedOptions): Promise<void> {
  const { client, print, show } = await load(options);
  if (id !== undefined) {
    const { body } = await client.get<RunRow>(`${base}/runs/${encodeURIComponent(id)}`);
    if (options.json) print.sayJson(body);
    else for (const line of show.runLines(body)) print.say(line);
    return;
  }
  const { body } = await client.get<{ items: JobRow[] }>(base);
  const runs = body.items.flatMap(({ lastRun }) => (lastRun === null ? [] : [lastRun]));
  if (options.json) print.sayJson(runs);
  else print.say(show.runTable(runs));
}

async function stop(id: string, options: SharedOptions): Promise<void> {
  const { client, print } = await load(options);
  const { body } = await client.post<RunRow>(`${base}/runs/${encodeURIComponent(id)}/stop`);
  if (options.json) print.sayJson(body);
  else if (body.status === 'stopped') print.say(`${print.marks.ok} ${id} is stopped`);
  else print.say(`${print.marks.ok} ${id} stops after the chunk that it is in`);
}

async function schedule(job: string, options: ScheduleOptions): Promise<void> {
  const { client, print } = await load(options);
  const { id = job, cron, timeZone, off = false, remove = false, param, json } = options;
  const path = `${base}/schedules/${encodeURIComponent(id)}`;
  if (remove) {
    await client.delete(path);
    if (json) print.sayJson({ ok: true, id });
    else print.say(`${print.marks.ok} schedule ${id} is removed`);
    return;
  }
  const { body: jobs } = await client.get<{ items: JobRow[] }>(base);
  const before = jobs.items.find(({ name }) => name === job)?.schedules.find((one) => one.id === id);
  const expression = cron ?? before?.cron;
  if (expression === undefined) throw usageFailure(`${job} has no schedule ${id}`, 'Give one with --cron.');
  const params = Object.keys(param).length === 0 ? (before?.params ?? {}) : await typed(client, job, param);
  const zone = timeZone ?? before?.timeZone ?? 'UTC';
  const { body } = await client.put<object>(path, {
    job,
    cron: expression,
    timeZone: zone,
    params,
    enabled: !off,
  });
  if (json) print.sayJson(body);
  else
    print.say(
      `${print.marks.ok} ${job} ${off ? 'does not run by itself' : `runs at ${expression} (${zone})`}`,
    );
}
