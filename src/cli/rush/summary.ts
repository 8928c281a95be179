/** What a rush was like, in numbers: verdicts, latency, speed, the first and the last winner. */

import type { Truth } from '../../core/history.ts';
import { isUnknown } from '../../core/history-sight.ts';
import type { CrowdResult } from './crowd.ts';
import { type Fairness, fairnessOf } from './fairness.ts';
import { firstAnswersPerSecond, type LineSummary, summarizeLine, toldWithin } from './line-summary.ts';
import { type LatencyMs, percentiles } from './percentiles.ts';
import type { CrowdOptions } from './plan.ts';
import type { TryList } from './try-list.ts';

export interface WinnerLine {
  readonly seq: number;
  readonly userId: string;
  readonly code: string | null;
  /** From the start of the rush to the answer. */
  readonly afterMs: number;
}

export interface RushSummary {
  readonly campaignId: string;
  readonly mode: string;
  readonly quantity: number;
  readonly users: number;
  readonly presses: number;
  readonly tries: number;
  /** Presses that never got a final answer. */
  readonly unresolved: number;
  /** Tries by verdict, problem code, or what cut them short. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** Latency of all answered tries, and of the ones that won, lost, or repeated. */
  readonly latencyMs: Readonly<Record<string, LatencyMs>>;
  /** From a press to its verdict, waiting and asking again included: of all verdicts, of wins, of `sold_out`. */
  readonly toldWithinMs: Readonly<Record<string, LatencyMs>>;
  /** Questions by ticket. */
  readonly asks: number;
  /** How well the numbers follow the presses. */
  readonly fairness: Fairness;
  /** Modes in which people wait; null in the others. */
  readonly waiting: LineSummary | null;
  readonly durationMs: number;
  readonly claimsPerSecond: number;
  /** Presses a second until each had its first answer, be it a verdict or a ticket. */
  readonly firstAnswersPerSecond: number;
  /** From the start until the first answer that shows that all is given; null when units are left. */
  readonly soldOutAfterMs: number | null;
  /** Units that were taken before this crowd came. */
  readonly takenBefore: number;
  readonly toldWins: number;
  /** Winners in the record; null when it was not read. */
  readonly recorded: number | null;
  readonly firstWinner: WinnerLine | null;
  readonly lastWinner: WinnerLine | null;
  readonly generator: {
    readonly processes: number;
    readonly connections: number;
    readonly seed: number;
    /** Share of its cores the crowd itself used: near 1 it measures itself. */
    readonly cpuShare: number;
  };
}

interface SummaryOptions {
  readonly campaignId: string;
  readonly mode: string;
  readonly quantity: number;
  readonly takenBefore: number;
  /** The pace set for a line; null: there is none, or it is not known. */
  readonly perSecond: number | null;
  readonly crowd: CrowdOptions;
  readonly connections: number;
  readonly processes: number;
}

export function summarize(options: SummaryOptions, result: CrowdResult, truth: Truth): RushSummary {
  const { tries, presses: pressList, progress, startMs, cpuMs } = result;
  const { campaignId, mode, quantity, takenBefore, crowd, connections, processes } = options;
  const durationMs = Math.max(0.001, lastAnswerMs(tries) - startMs);
  const wins = toldWins(tries, startMs);
  const { presses, unresolved, words, asks } = progress;
  return {
    ...{ campaignId, mode, quantity, takenBefore, presses, unresolved, asks },
    users: crowd.users,
    tries: tries.length,
    verdicts: Object.fromEntries(Object.entries(words).sort(([, a], [, b]) => b - a)),
    latencyMs: latencies(tries),
    toldWithinMs: toldWithin(pressList),
    fairness: fairnessOf(tries, pressList),
    waiting: mode === 'instant' ? null : summarizeLine(result, truth, options.perSecond),
    durationMs,
    claimsPerSecond: (tries.length * 1000) / durationMs,
    firstAnswersPerSecond: firstAnswersPerSecond(pressList, startMs),
    soldOutAfterMs: takenBefore >= quantity ? null : soldOutAfterMs(tries, startMs, wins, quantity),
    toldWins: wins.length,
    recorded: truth.record?.length ?? null,
    firstWinner: wins[0] ?? null,
    lastWinner: wins.at(-1) ?? null,
    generator: { processes, connections, seed: crowd.seed, cpuShare: cpuMs / durationMs / processes },
  };
}

function lastAnswerMs(tries: TryList): number {
  let last = 0;
  for (let row = 0; row < tries.length; row++) last = Math.max(last, tries.completedMs[row] ?? 0);
  return last;
}

/** Each told number once, with the first answer that told it, in order of seq. */
function toldWins(tries: TryList, startMs: number): WinnerLine[] {
  const bySeq = new Map<number, WinnerLine>();
  for (let row = 0; row < tries.length; row++) {
    const seq = tries.seq[row] ?? 0;
    if (seq === 0) continue;
    const afterMs = (tries.completedMs[row] ?? 0) - startMs;
    const known = bySeq.get(seq);
    if (known && known.afterMs <= afterMs) continue;
    const userId = tries.nameOf(tries.user[row] ?? 0);
    bySeq.set(seq, { seq, userId, code: tries.codes.get(row) ?? known?.code ?? null, afterMs });
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** A loser's answer may show it before the last winner has his: a win waits for the disk. */
function soldOutAfterMs(
  tries: TryList,
  startMs: number,
  wins: readonly WinnerLine[],
  quantity: number,
): number | null {
  let firstMs = Number.POSITIVE_INFINITY;
  if (wins.length >= quantity) firstMs = wins.reduce((latest, win) => Math.max(latest, win.afterMs), 0);
  const soldOut = tries.answers.indexOf('sold_out');
  for (let row = 0; row < tries.length; row++) {
    if (tries.answer[row] !== soldOut) continue;
    firstMs = Math.min(firstMs, (tries.completedMs[row] ?? 0) - startMs);
  }
  return firstMs === Number.POSITIVE_INFINITY ? null : firstMs;
}

const shownWords = ['won', 'already_won', 'sold_out'];

function latencies(tries: TryList): Record<string, LatencyMs> {
  const all = new Float64Array(tries.length);
  let answered = 0;
  const byWord = new Map<number, number[]>();
  for (const word of shownWords) {
    const id = tries.answers.indexOf(word);
    if (id >= 0) byWord.set(id, []);
  }
  for (let row = 0; row < tries.length; row++) {
    if (isUnknown(tries.status[row] ?? 0)) continue;
    const ms = (tries.completedMs[row] ?? 0) - (tries.invokedMs[row] ?? 0);
    all[answered++] = ms;
    byWord.get(tries.answer[row] ?? 0)?.push(ms);
  }
  const result: Record<string, LatencyMs> = { all: percentiles(all.slice(0, answered)) };
  for (const [id, times] of byWord) {
    result[tries.answers[id] ?? ''] = percentiles(Float64Array.from(times));
  }
  return result;
}
