/** `dibs doctor`: looks at this machine, at the parts and at the server, and says for each thing what to do. */
import { Command } from 'commander';
import { exitCodes } from './failure.ts';
import { type SharedOptions, talksToServer } from './options.ts';

const help = `
Examples:
  $ dibs doctor
  $ dibs doctor --url https://dibs.example.com
  $ dibs doctor --offline                               only this machine and the parts, before the first start
  $ DIBS_REDIS_URL=… DIBS_KAFKA_BROKERS=… DIBS_DATABASE_URL=… dibs doctor
                                                        what Redis, Kafka and MySQL really are

Environment:
  DIBS_DATA_DIR        folder of the server's data (default ./data)
  DIBS_…               every setting of \`dibs serve\`: the parts that they name are asked, nothing is changed in them

Exit code 1 when a check fails, 3 when only the server is missing. Warnings do not count.`;

export type Finding = 'ok' | 'warn' | 'fail';

export interface Diagnosis {
  readonly name: string;
  readonly finding: Finding;
  /** What was found. */
  readonly found: string;
  /** What to do about it; absent when nothing has to be done. */
  readonly todo?: string;
}

interface DoctorOptions extends SharedOptions {
  dataDir?: string;
  offline?: boolean;
}

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description(
      'Checks this machine (Node, data folder, disk, fsync), what Redis, Kafka and MySQL really are, which durability levels hold, and the server (readiness, clock).',
    )
    .option('--data-dir <dir>', "folder of the server's data (env: DIBS_DATA_DIR, default ./data)")
    .option('--offline', 'do not ask the server');
  return talksToServer(command).addHelpText('after', help).action(doctor);
}

async function doctor(options: DoctorOptions): Promise<void> {
  const { inspectMachine, inspectParts, inspectServer, inspectLevels } = await import('./doctor-checks.ts');
  const dataDir = options.dataDir ?? process.env['DIBS_DATA_DIR'] ?? './data';
  const machine = inspectMachine(dataDir, process.env);
  const probed = await inspectParts(process.env);
  const parts = probed?.parts ?? [];
  const levels = probed?.levels ?? inspectLevels(machine);
  const server = options.offline ? { answers: true, checks: [] } : await inspectServer(options, process.env);
  const groups: [string, readonly Diagnosis[]][] = [
    ['This machine', machine],
    ...parts.map(({ part, findings }): [string, readonly Diagnosis[]] => [part, findings]),
    ['Durability of a told win', levels],
    ['The server', server.checks],
  ];
  const failed = groups.some(([, checks]) => checks.some((check) => check.finding === 'fail'));
  const { columns, dim, marks, say, sayJson, strong } = await import('./print.ts');
  if (options.json) sayJson({ ok: !failed && server.answers, machine, parts, levels, server: server.checks });
  else {
    for (const [title, checks] of groups.filter(([, list]) => list.length > 0)) {
      say(strong(title));
      const rows = checks.map((check) => [marks[check.finding], check.name, check.found]);
      for (const [at, line] of columns(rows).entries()) {
        say(`  ${line}`);
        const todo = checks[at]?.todo;
        if (todo !== undefined) say(dim(`      → ${todo}`));
      }
    }
  }
  if (failed) process.exitCode = exitCodes.finding;
  else if (!server.answers) process.exitCode = exitCodes.unreachable;
}
