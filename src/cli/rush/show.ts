/** How a rush looks: a live line while it runs, tables when it is over. */
import type { HistoryCheck } from '../../core/history.ts';
import { monotonicMs } from '../clock.ts';
import {
  bar,
  columns,
  count,
  dim,
  duration,
  heading,
  marks,
  percent,
  say,
  strong,
  table,
  whisper,
} from '../print.ts';
import { progressBar } from '../progress-bar.ts';
import type { LineSummary } from './line-summary.ts';
import type { LatencyMs } from './percentiles.ts';
import type { Progress } from './progress.ts';
import type { RushResult } from './run-rush.ts';
import type { RushSummary, WinnerLine } from './summary.ts';

export interface ProgressView {
  update(progress: Progress): void;
  stage(text: string): void;
  stop(): void;
}

export const silentView: ProgressView = { update() {}, stage() {}, stop() {} };

/** A bar on a terminal; elsewhere a line a second, on stderr in both cases. */
export async function openProgressView(): Promise<ProgressView> {
  return process.stderr.isTTY ? barView() : lineView();
}

async function barView(): Promise<ProgressView> {
  const view = await progressBar('{finished} of {of}  {counts}');
  let started = false;
  return {
    update(progress) {
      const of = count(progress.presses);
      if (!started) view.start(progress.presses, 0, { finished: '0', of, counts: '' });
      started = true;
      view.update(progress.finished, { finished: count(progress.finished), counts: countsOf(progress) });
    },
    stage(text) {
      if (!started) whisper(dim(`  ${text}`));
    },
    stop() {
      if (started) view.stop();
      started = false;
    },
  };
}

function lineView(): ProgressView {
  let saidMs = monotonicMs();
  return {
    update(progress) {
      const nowMs = monotonicMs();
      if (nowMs - saidMs < 1000) return;
      saidMs = nowMs;
      whisper(`  ${count(progress.finished)} of ${count(progress.presses)}  ${countsOf(progress)}`);
    },
    stage(text) {
      whisper(`  ${text}`);
    },
    stop() {},
  };
}

function countsOf({ words, waiting, waitingMost, serving }: Progress): string {
  const { won = 0, already_won: again = 0, sold_out: soldOut = 0, pending = 0, ...others } = words;
  const some = waitingMost > 0 ? 0 : pending;
  const other = Object.values(others).reduce((sum, one) => sum + one, some);
  const parts = [`won ${count(won)}`, `again ${count(again)}`, `sold out ${count(soldOut)}`];
  if (waitingMost > 0) parts.unshift(`waiting ${count(waiting)}`);
  if (serving > 0) parts.unshift(`serving No. ${count(serving)}`);
  if (other > 0) parts.push(`other ${count(other)}`);
  return parts.join('  ');
}

/** What each word of the verdict table means, for those that a stranger may stumble over. */
const meanings: Record<string, string> = {
  won: 'a unit',
  already_won: 'asked again, same claim',
  sold_out: 'all units given',
  pending: 'a ticket, or a place in line',
  left: 'left the line',
  expired: 'let in, and did not press once more in time',
  line_full: 'the line has its greatest length',
  no_chance: 'too many before him for the units there are',
  cut: 'connection cut on purpose, asked again',
  timeout: 'no answer in time, asked again',
  connection_lost: 'connection lost, asked again',
  overloaded: 'refused under load, asked again',
  rate_limited: 'too many tries, asked again',
};

export function showRush({ summary, report }: RushResult): void {
  showVerdicts(summary);
  if (summary.waiting) showTold(summary);
  showLatency(summary);
  if (summary.waiting) showLine(summary, summary.waiting);
  showSpeed(summary);
  showWinners(summary);
  say();
  say(heading('Every answer, checked'));
  for (const line of columns(report.checks.map(checkRow))) say(`  ${line}`);
  for (const check of report.checks.filter((one) => !one.ok)) showFindings(check);
  showLastLine(summary, report.ok);
}

function showVerdicts(summary: RushSummary): void {
  say(heading('Verdicts'));
  const most = Math.max(1, ...Object.values(summary.verdicts));
  const rows = Object.entries(summary.verdicts).map(([word, times]) => [
    word,
    count(times),
    percent(times, summary.tries),
    bar(times / most),
    dim(meanings[word] ?? ''),
  ]);
  for (const line of columns(rows, ['left', 'right', 'right'])) say(`  ${line}`);
  const { users, presses, tries } = summary;
  say(dim(`  ${count(users)} people, ${count(presses)} presses, ${count(tries)} tries`));
}

function showTold(summary: RushSummary): void {
  say();
  say(heading('From press to verdict'));
  const rows = Object.entries(summary.toldWithinMs).map(([word, latency]) => latencyRow(word, latency));
  const right = 'right' as const;
  say(table(['', 'p50', 'p90', 'p99', 'max'], rows, ['left', right, right, right, right]));
}

/** The line, or the log, in words. */
function showLine({ asks, mode }: RushSummary, line: LineSummary): void {
  const { waitingMost, lastPosition, servingNumber, paceSet, paceMeasured, soldOutToldMs, left } = line;
  say();
  say(
    `  ${strong(count(waitingMost))} waited at the same time, and asked ${count(asks)} times by their tickets`,
  );
  if (mode === 'queued') {
    const gone = left > 0 ? `, ${count(left)} left` : '';
    say(
      `  the line came to No. ${count(lastPosition)}${gone}; the serving number to No. ${count(servingNumber)}`,
    );
  }
  if (mode === 'queued' && paceMeasured !== null) {
    const set = paceSet === null ? '' : ` of ${count(paceSet)} set (${offBy(paceMeasured, paceSet)})`;
    say(`  let in ${strong(paceMeasured.toFixed(1))} a second${set}`);
  }
  if (soldOutToldMs !== null) {
    const { p50, p99, max } = soldOutToldMs;
    const spread = `p50 ${duration(p50)}, p99 ${duration(p99)}, last ${duration(max)}`;
    say(`  told that nothing is left after the last unit: ${spread}`);
  }
}

const offBy = (measured: number, set: number): string => {
  const share = (100 * (measured - set)) / set;
  return `${share < 0 ? '−' : '+'}${Math.abs(share).toFixed(1)} %`;
};

function showLatency(summary: RushSummary): void {
  say();
  say(heading(summary.waiting ? 'Latency of each answer' : 'Latency'));
  const rows = Object.entries(summary.latencyMs).map(([word, latency]) => latencyRow(word, latency));
  const right = 'right' as const;
  say(table(['', 'p50', 'p90', 'p99', 'max'], rows, ['left', right, right, right, right]));
}

const latencyRow = (word: string, { p50, p90, p99, max }: LatencyMs): string[] => [
  word,
  duration(p50),
  duration(p90),
  duration(p99),
  duration(max),
];

function showSpeed(summary: RushSummary): void {
  const { durationMs, claimsPerSecond, generator } = summary;
  const speed = `${strong(count(Math.round(claimsPerSecond)))} tries a second`;
  say();
  say(`  ${speed} for ${duration(durationMs)}, ${soldOutText(summary)}`);
  if (generator.cpuShare > 0.9) {
    say(dim('  The crowd itself was busy all the time: with --processes 2 the server may show more.'));
  }
}

function soldOutText({ soldOutAfterMs, takenBefore, quantity }: RushSummary): string {
  if (takenBefore >= quantity) return 'sold out before it began';
  return soldOutAfterMs === null ? 'not sold out' : `sold out after ${strong(duration(soldOutAfterMs))}`;
}

function showWinners({ firstWinner, lastWinner }: RushSummary): void {
  if (firstWinner === null || lastWinner === null) return;
  const rows = [winnerRow('first winner', firstWinner), winnerRow('last winner', lastWinner)];
  say();
  for (const line of columns(rows, ['left', 'right'])) say(`  ${line}`);
}

const winnerRow = (title: string, { seq, userId, code, afterMs }: WinnerLine): string[] => [
  dim(title),
  strong(`No. ${count(seq)}`),
  userId,
  code ?? '',
  dim(`after ${duration(afterMs)}`),
];

function checkRow(check: HistoryCheck): string[] {
  if (check.skipped !== undefined)
    return [marks.skip, check.id, check.title, dim(`not looked at: ${check.skipped}`)];
  const compared = dim(`${count(check.compared)} compared`);
  if (check.ok) return [marks.ok, check.id, check.title, compared];
  return [marks.fail, check.id, strong(check.title), `${count(check.violations)} findings`];
}

function showFindings(check: HistoryCheck): void {
  say();
  say(`  ${marks.fail} ${strong(`${check.id} ${check.title}`)}`);
  for (const finding of check.findings) say(`      ${finding}`);
  const more = check.violations - check.findings.length;
  if (more > 0) say(dim(`      and ${count(more)} more`));
}

function showLastLine(summary: RushSummary, ok: boolean): void {
  const { toldWins, quantity, recorded, unresolved } = summary;
  if (unresolved > 0) {
    say(`  ${marks.fail} ${count(unresolved)} presses never got a final answer.`);
  }
  const record = recorded === null ? '' : `, ${count(recorded)} recorded`;
  const units = `${count(toldWins)} of ${count(quantity)} told${record}`;
  say(
    ok
      ? `  ${marks.ok} ${strong('Everything holds.')} ${dim(units)}`
      : `  ${marks.fail} ${strong('Not right.')} ${units}`,
  );
}
