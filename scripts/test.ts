// `npm test`: the static checks, then every test, then what it all ran on. The last line is `N passed, N failed`, in
// which each check counts as one test. Arguments go to vitest: `npm test -- test/unit/gate.test.ts`.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeCheck, runChecks } from './checks.ts';
import { ranOn } from './ran-on.ts';
import { RAN_ON_FILE } from './services/ran.ts';

/** A run that takes longer has hung. The tests' own limit is 25 minutes on two cores. */
const RUN_TIME_MAX_MS = 40 * 60_000;

const root = join(import.meta.dirname, '..');
const started = performance.now();

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

interface Run extends Count {
  /** lines for people */
  ranOn: string[];
}

const checks = await runChecks((result) => console.log(describeCheck(result)));
const tests = await runVitest(process.argv.slice(2));

console.log(`\nRan on:\n${tests.ranOn.map((line) => `  ${line}`).join('\n')}`);
console.log(`Took ${Math.round((performance.now() - started) / 1000)} s`);
if (tests.skipped > 0) console.log(`${tests.skipped} skipped`);
const passed = tests.passed + checks.filter((check) => check.ok).length;
const failed = tests.failed + checks.filter((check) => !check.ok).length;
process.exitCode = failed === 0 ? 0 : 1;
console.log(`${passed} passed, ${failed} failed`);

async function runVitest(args: string[]): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'dibs-test-'));
  const report = join(folder, 'report.json');
  const notes = join(folder, 'ran-on');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  try {
    const code = await runChild([vitest, 'run', ...reporters, ...args], { [RAN_ON_FILE]: notes });
    return { ...count(report, code), ranOn: ranOn(notes) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs Node with `args` and hands on the signals that ask this process to stop. Resolves with the exit code. */
function runChild(args: string[], env: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  const timer = setTimeout(() => {
    console.error(`The tests have run for ${RUN_TIME_MAX_MS / 60_000} minutes and are stopped.`);
    child.kill('SIGKILL');
  }, RUN_TIME_MAX_MS);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve(code ?? 1);
    });
  });
}

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
}

/**
 * Counts from vitest's own report. A file that could not even be loaded has no failed test in it and counts as one;
 * so does a run that ended badly for a reason outside any test (an unhandled rejection, a crash).
 */
function count(file: string, exitCode: number): Count {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const unloadable = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  );
  let failed = report.numFailedTests + unloadable.length;
  if (failed === 0 && exitCode !== 0) {
    console.error(`vitest ended with ${exitCode} although no test failed: see the errors above.`);
    failed = 1;
  }
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests + report.numTodoTests };
}
