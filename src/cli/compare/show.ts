/** How the modes look side by side: one table, and what each is good for in words. */
import { count, dim, duration, heading, marks, percent, say, strong, table } from '../print.ts';
import { APART_MS } from '../rush/fairness.ts';
import type { Mode, ModeFigures } from './run-compare.ts';

const goodFor: Record<Mode, string> = {
  instant:
    'The verdict is in the answer: nobody waits and nothing is asked twice. For one gate that bears the rush.',
  ordered:
    'The log decides the order and can be read again: for a rush that one gate should not bear, where 202 and a moment are fine.',
  queued:
    'People see a number and how long it takes; what is behind gets a steady pace. For things that take time, as paying or booking.',
};

const none = dim('–');
const right = 'right' as const;

export function showCompare(columns: readonly ModeFigures[], runsOn: string): void {
  say(heading(`The same crowd in each mode, ${runsOn}`));
  const row = (title: string, cell: (one: ModeFigures) => string): string[] => [title, ...columns.map(cell)];
  const told = (word: string, at: 'p50' | 'p99') => (one: ModeFigures) => {
    const latency = one.toldWithinMs[word];
    return latency ? duration(latency[at]) : none;
  };
  const rows = [
    row('told within, p50', told('all', 'p50')),
    row('told within, p99', told('all', 'p99')),
    row('winners told within, p50', told('won', 'p50')),
    row('winners told within, p99', told('won', 'p99')),
    row('claims answered a second', (one) => count(Math.round(one.claimsPerSecond))),
    row('questions by ticket, a claim', (one) => one.asksPerClaim.toFixed(2)),
    row('winners', (one) => count(one.won)),
    row('inversions among winners', ({ fairness }) => {
      return `${count(fairness.inversions)} (${percent(fairness.inversions, fairness.pairs)})`;
    }),
    row(`  pressed ${APART_MS} ms apart or more`, ({ fairness }) => count(fairness.inversionsApart)),
    row('CPU a claim', (one) => (one.cpuMsPerClaim === null ? none : duration(one.cpuMsPerClaim))),
    row(`${columns[0]?.logUnit ?? 'facts'} on the log`, (one) =>
      one.factsOnLog === null ? none : count(one.factsOnLog),
    ),
    row('bytes in Redis', (one) => (one.redisBytes === null ? none : count(one.redisBytes))),
    row('every invariant', (one) => (one.ok ? `${marks.ok} holds` : `${marks.fail} does not hold`)),
  ];
  say(table(['', ...columns.map((one) => one.mode)], rows, ['left', right, right, right]));
  say();
  for (const { mode } of columns) say(`  ${strong(mode.padEnd(8))} ${goodFor[mode]}`);
  say();
  say(
    dim(
      '  told within: from the press to the verdict, waiting included. An inversion: of two winners, the one who',
    ),
  );
  say(dim('  pressed first has the higher number; presses of one moment are put in order by the network.'));
}

/** Invariants that did not hold, by mode; empty when all did. */
export function findingsOf(columns: readonly ModeFigures[]): string[] {
  return columns.flatMap(({ mode, rush }) =>
    rush.report.checks
      .filter((check) => !check.ok)
      .map(({ id, findings }) => `${mode} ${id}: ${findings[0] ?? ''}`),
  );
}
