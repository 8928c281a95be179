/** `dibs topics`: the topics in Kafka, held against what they must be. It speaks to Kafka, not to a server of Dibs. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { optionRows } from '../config/options.ts';
import type { Drain, TopicReport, Topics } from '../main/topics.ts';
import { CommandFailure, exitCodes, usageFailure } from './failure.ts';

const help = `
Examples:
  $ DIBS_KAFKA_BROKERS=127.0.0.1:9092 dibs topics list
  $ dibs topics make --kafka-brokers 127.0.0.1:9092 --kafka-partitions 12
  $ dibs topics delete --kafka-prefix trial- --yes
  $ DIBS_DATABASE_URL=mysql://… dibs topics migrate --partitions 12

Settings are those of \`dibs serve\`: every DIBS_KAFKA_ variable, every --kafka- flag, and DIBS_DATABASE_URL, which knows
the versions of the topic of requests.

Exit codes:
  0 all is as planned   1 a topic is missing or not as planned, was not deleted, or a version is not drained yet
  2 wrong usage   3 Kafka or the database cannot be reached`;

const PARTITIONS_MAX = 1_000;
const WAIT = 60;
const WAIT_MAX = 86_400;

type Flags = Record<string, string | boolean | number>;
interface MigrateFlags {
  partitions: number;
  wait: number;
}
type Asked = { topics: Topics; json: boolean };

export function topicsCommand(): Command {
  return new Command('topics')
    .description('Lists, makes and deletes the topics in Kafka, and changes the partitions of requests.')
    .addHelpText('after', help)
    .addCommand(
      talksToKafka(new Command('list').description('Lists what is there against what must be.')).action(
        (flags: Flags) => withTopics(flags, list),
      ),
    )
    .addCommand(
      talksToKafka(
        new Command('make').description('Makes what is missing; changes nothing that is there.'),
      ).action((flags: Flags) => withTopics(flags, make)),
    )
    .addCommand(
      talksToKafka(new Command('delete').description('Deletes topics with everything in them.'))
        .argument('[topics...]', 'which of them; none: all that are there')
        .option('--yes', 'do not ask')
        .action((names: string[], flags: Flags) =>
          withTopics(flags, (asked) => remove(asked, names, flags['yes'] === true)),
        ),
    )
    .addCommand(
      talksToKafka(
        new Command('migrate').description(
          'Gives the topic of requests another number of partitions while people press: a new version of it, and both are read until the old one is drained. Can be run again.',
        ),
      )
        .requiredOption('--partitions <number>', 'of the new version', countOf(PARTITIONS_MAX))
        .option(
          '--wait <seconds>',
          'how long to watch until the old version is drained',
          countOf(WAIT_MAX),
          WAIT,
        )
        .action((flags: MigrateFlags & Record<string, string>) =>
          withTopics(flags, (asked) => migrate(asked, flags)),
        ),
    );
}

/** The flags of Kafka, out of the table that `dibs serve` has. */
function talksToKafka(command: Command): Command {
  for (const { flag, name, description } of optionRows) {
    if (!name.startsWith('DIBS_KAFKA_') && name !== 'DIBS_DATABASE_URL') continue;
    command.addOption(new Option(`${flag} <value>`, `${description} (env: ${name})`));
  }
  return command.option('--json', 'print JSON');
}

async function withTopics(flags: Flags, act: (asked: Asked) => Promise<void>): Promise<void> {
  const { json, yes: _, partitions: __, wait: ___, ...settings } = flags;
  const { openTopics, TopicsRefused, KafkaAway, DatabaseAway } = await import('../main/topics.ts');
  try {
    const topics = await openTopics(process.env, settings, (path) => readFileSync(path, 'utf8'));
    await act({ topics, json: json === true });
  } catch (error) {
    if (error instanceof TopicsRefused) throw usageFailure(error.message);
    if (error instanceof KafkaAway) {
      throw new CommandFailure(
        exitCodes.unreachable,
        error.message,
        'Check DIBS_KAFKA_BROKERS and the login.',
      );
    }
    if (error instanceof DatabaseAway) {
      throw new CommandFailure(exitCodes.unreachable, error.message, 'Check DIBS_DATABASE_URL.');
    }
    throw error;
  }
}

/** Reads a whole number from 1 on. */
function countOf(max: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d+$/.test(text) && count >= 1 && count <= max) return count;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${max}.`);
  };
}

async function list({ topics, json }: Asked): Promise<void> {
  const reports = await topics.list();
  const isRight = reports.every(({ problems }) => problems.length === 0);
  if (!isRight) process.exitCode = exitCodes.finding;
  const print = await import('./print.ts');
  const { brokers, versions } = topics;
  if (json) return print.sayJson({ ok: isRight, brokers, topics: reports.map(asJson), versions });
  const { marks, count, dim } = print;
  const rows = reports.map(({ name, plan, found, messages, problems }) => [
    problems.length === 0 ? marks.ok : found === null ? marks.warn : marks.fail,
    name,
    found === null ? dim(`not there (${plan.partitions} planned)`) : String(found.partitions),
    found === null ? '' : String(found.replicas),
    messages === null ? '' : count(messages),
  ]);
  print.say(print.table(['', 'topic', 'partitions', 'replicas', 'messages'], rows));
  for (const { found, problems } of reports) {
    for (const problem of found === null ? [] : problems) print.say(dim(`      → ${problem}`));
  }
  print.say(dim(`\n  requests: ${describeVersions(versions)}`));
  if (reports.some(({ found }) => found === null))
    print.say(dim('\n  dibs topics make makes what is missing'));
}

function describeVersions(versions: Topics['versions']): string {
  if (versions === null) return 'version 1, if there is no other: DIBS_DATABASE_URL is not set';
  return versions
    .map(({ version, partitions, state }) => `version ${version} (${partitions} partitions) ${state}`)
    .join(', ');
}

async function migrate({ topics, json }: Asked, { partitions, wait }: MigrateFlags): Promise<void> {
  const print = await import('./print.ts');
  let said = '';
  const result = await topics.migrate({
    partitions,
    waitMs: wait * 1000,
    tell(drain, version) {
      const now = describeDrain(drain, version);
      if (!json && now !== said) print.say(`${print.marks.warn} ${now}`);
      said = now;
    },
  });
  if (result.kind === 'refused') {
    throw new CommandFailure(exitCodes.finding, result.problems.join('\n'), null, {
      problems: result.problems,
    });
  }
  if (result.kind === 'draining') process.exitCode = exitCodes.finding;
  if (json) return print.sayJson({ ok: result.kind !== 'draining', partitions, ...result });
  const current = `version ${result.version} with ${partitions} partitions`;
  if (result.kind === 'draining') {
    print.say(
      `${print.marks.fail} Not drained within ${wait} s. It goes on by itself; the same command watches it.`,
    );
  } else if (result.kind === 'nothing') print.say(`${print.marks.ok} ${current} is the one there is`);
  else
    print.say(
      `${print.marks.ok} the version before is drained and closed; ${current} is written and decided`,
    );
}

function describeDrain(drain: Drain, current: number): string {
  switch (drain.kind) {
    case 'written':
      return `version ${drain.version}: ${drain.writers} processes may still write to it (a process that was killed: 10 s)`;
    case 'undecided':
      return `version ${drain.version}: ${drain.messages} messages are not decided`;
    default:
      return `version ${current} is written`;
  }
}

const asJson = ({ name, found, messages, problems }: TopicReport) => ({
  name,
  present: found !== null,
  partitions: found?.partitions ?? null,
  replicas: found?.replicas ?? null,
  minInsyncReplicas: numberOf(found, 'min.insync.replicas'),
  retentionMs: numberOf(found, 'retention.ms'),
  messages,
  problems,
});

function numberOf(found: TopicReport['found'], setting: string): number | null {
  const text = found?.settings.get(setting) ?? null;
  return text === null ? null : Number(text);
}

async function make({ topics, json }: Asked): Promise<void> {
  const result = await topics.make();
  if (result.kind === 'refused') {
    throw new CommandFailure(exitCodes.finding, result.problems.join('\n'), null, {
      problems: result.problems,
    });
  }
  const print = await import('./print.ts');
  if (json) return print.sayJson({ ok: true, made: result.made });
  for (const name of result.made) print.say(`${print.marks.ok} ${name} made`);
  if (result.made.length === 0) print.say(`${print.marks.ok} all ${topics.plans.length} are there`);
}

async function remove({ topics, json }: Asked, names: readonly string[], yes: boolean): Promise<void> {
  const known = [...topics.plans, ...topics.past];
  const strangers = names.filter((name) => !known.some((plan) => plan.name === name));
  if (strangers.length > 0) {
    throw usageFailure(`${strangers.join(', ')} is no topic of Dibs.`, 'dibs topics list shows them.');
  }
  const there = (await topics.list()).filter(({ found }) => found !== null);
  const doomed = there.filter(({ name }) => names.length === 0 || names.includes(name));
  const print = await import('./print.ts');
  if (doomed.length === 0)
    return json ? print.sayJson({ ok: true, deleted: [] }) : print.say('Nothing is there.');
  const lost = describeLoss(doomed, print.count);
  if (!yes) await confirm(lost);
  await topics.remove(doomed.map(({ name }) => name));
  if (json) {
    print.sayJson({ ok: true, deleted: doomed.map(({ name, messages }) => ({ name, messages })) });
    return;
  }
  print.say(lost);
  print.say(`${print.marks.ok} ${doomed.length} deleted`);
}

function describeLoss(doomed: readonly TopicReport[], count: (value: number) => string): string {
  const lines = doomed.map(({ name, messages }) => `  ${name}: ${count(messages ?? 0)} messages`);
  return [
    'Lost for good:',
    ...lines,
    'Wins among them that the record does not have yet are lost with them, and the record still counts from where it',
    'has read: topics of the same names that are made anew need another database, or its table `recorder` emptied.',
  ].join('\n');
}

const WORD = 'delete';

async function confirm(lost: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw usageFailure(`${lost}\nNothing was deleted.`, 'Say --yes when that is meant.');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(`${lost}\nType "${WORD}" to go on: `).finally(() => lines.close());
  if (answer.trim() === WORD) return;
  throw new CommandFailure(exitCodes.finding, 'Nothing was deleted.', null, { code: 'not_confirmed' });
}
