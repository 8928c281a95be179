/** `dibs doctor`: looks at this machine and at the server, and says for each thing what to do. */
import { Command } from 'commander';
import { exitCodes } from './failure.ts';
import { type SharedOptions, talksToServer } from './options.ts';

const help = `
Examples:
  $ dibs doctor
  $ dibs doctor --url https://dibs.example.com
  $ dibs doctor --offline                               only this machine, before the first start

Environment:
  DIBS_DATA_DIR        folder of the server's data (default ./data)

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
      'Checks this machine (Node, data folder, disk, fsync) and the server (readiness, clock, levels).',
    )
    .option('--data-dir <dir>', "folder of the server's data (env: DIBS_DATA_DIR, default ./data)")
    .option('--offline', 'do not ask the server');
  return talksToServer(command).addHelpText('after', help).action(doctor);
}

async function doctor(options: DoctorOptions): Promise<void> {
  const { inspectMachine, inspectServer, inspectLevels } = await import('./doctor-checks.ts');
  const dataDir = options.dataDir ?? process.env['DIBS_DATA_DIR'] ?? './data';
  const machine = inspectMachine(dataDir, process.env);
  const levels = inspectLevels(process.env, machine);
  const server = options.offline ? { answers: true, checks: [] } : await inspectServer(options, process.env);
  const groups: [string, readonly Diagnosis[]][] = [
    ['This machine', machine],
    ['Durability of a told win', levels],
    ['The server', server.checks],
  ];
  const failed = groups.some(([, checks]) => checks.some((check) => check.finding === 'fail'));
  const { columns, dim, marks, say, sayJson, strong } = await import('./print.ts');
  if (options.json) sayJson({ ok: !failed && server.answers, machine, levels, server: server.checks });
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
