// The static checks, as a list that `npm run check` prints and `npm test` counts: format and lint (biome), promises
// that nobody awaits (oxlint with types), types (tsc), and what nobody uses (knip).

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

interface Check {
  name: string;
  /** The npm package whose command is run. */
  package: string;
  args: string[];
}

const checks: Check[] = [
  {
    name: 'format and lint (biome)',
    package: '@biomejs/biome',
    args: ['check', '--error-on-warnings', '--max-diagnostics=100', '.'],
  },
  {
    name: 'promises (oxlint)',
    package: 'oxlint',
    args: ['--type-aware', '--tsconfig', 'tsconfig.json', '--deny-warnings'],
  },
  { name: 'types (tsc)', package: 'typescript', args: ['--noEmit', '--project', 'tsconfig.json'] },
  { name: 'types of the pages (tsc)', package: 'typescript', args: ['--project', 'tsconfig.web.json'] },
  { name: 'types of the console (tsc)', package: 'typescript', args: ['--project', 'tsconfig.console.json'] },
  { name: 'unused files, exports, dependencies (knip)', package: 'knip', args: ['--no-progress'] },
];

export interface CheckResult {
  name: string;
  ok: boolean;
  durationMs: number;
  /** What the tool said; worth showing when it is not ok. */
  output: string;
}

/** Runs all checks at once; `onResult` is called as each ends. Never rejects: a tool that cannot start has failed. */
export async function runChecks(onResult: (result: CheckResult) => void): Promise<CheckResult[]> {
  return await Promise.all(
    checks.map(async (check) => {
      const result = await run(check);
      onResult(result);
      return result;
    }),
  );
}

function run(check: Check): Promise<CheckResult> {
  const started = performance.now();
  const child = spawn(process.execPath, [commandOf(check.package), ...check.args], { cwd: root });
  return new Promise((resolve) => {
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    const end = (ok: boolean) =>
      resolve({ name: check.name, ok, durationMs: performance.now() - started, output: output.trim() });
    child.on('error', (error) => {
      output += error.message;
      end(false);
    });
    child.on('close', (code) => end(code === 0));
  });
}

/** The file behind the first command of an installed package. Run by this Node, whatever `node` on the PATH is. */
function commandOf(name: string): string {
  const folder = join(root, 'node_modules', name);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    bin: string | Record<string, string>;
  };
  const file = typeof bin === 'string' ? bin : Object.values(bin)[0];
  if (file === undefined) throw new Error(`${name} has no command`);
  return join(folder, file);
}

/** One line for people, and the tool's own words when it failed. */
export function describeCheck({ name, ok, durationMs, output }: CheckResult): string {
  const line = `${ok ? '✓' : '✗'} ${name} (${(durationMs / 1000).toFixed(1)} s)`;
  return ok || output === '' ? line : `${line}\n${output}\n`;
}
