/** Figures over time for plots: which stretch of time is worth showing, in steps of which length, and what fell into each. */

import { PROBLEMS } from './problem.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND],
  ...[MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR],
  ...[DAY, 2 * DAY, 7 * DAY, 30 * DAY],
];
/** Presses that may come after what is shown: a campaign is pressed now and then for as long as its page is open. */
const TAIL_SHARE = 0.01;

/** A stretch of time in steps of one length. */
export interface Span {
  /** epoch ms */
  from: number;
  to: number;
  stepMs: number;
}

/** How many were told something in a stretch of time. */
export interface Counted {
  at: number;
  widthMs: number;
  name: string;
  count: number;
}

/** What a plot tells apart; a press belongs to one. `pending`: told to wait. `unavailable`: nobody could decide. */
export const ANSWER_GROUPS = [
  'won',
  'already_won',
  'pending',
  'sold_out',
  'refused',
  'rate_limited',
  'unavailable',
] as const;
export type AnswerGroup = (typeof ANSWER_GROUPS)[number];

/** By the name of a verdict or the code of a problem. */
export function answerGroup(name: string): AnswerGroup {
  if (name === 'won' || name === 'already_won' || name === 'pending' || name === 'sold_out') return name;
  if (name === 'rate_limited') return name;
  return isUnavailable(name) ? 'unavailable' : 'refused';
}

/** Was somebody told that it cannot be decided now? */
export function isUnavailable(name: string): boolean {
  return Object.hasOwn(PROBLEMS, name) && PROBLEMS[name as keyof typeof PROBLEMS].status === 503;
}

/** The shortest usual step that makes at most `most` of a stretch of time. */
export function stepFor(ms: number, most: number, atLeast = 0): number {
  const found = STEPS.find((step) => step >= atLeast && ms / step <= most);
  if (found !== undefined) return found;
  const longest = STEPS.at(-1) as number;
  return Math.ceil(ms / most / longest) * longest || longest;
}

/** A span that begins and ends with whole steps. */
export function spanOf(from: number, to: number, most: number, atLeast = 0): Span {
  const stepMs = stepFor(Math.max(1, to - from), most, atLeast);
  const start = Math.floor(from / stepMs) * stepMs;
  return { from: start, to: Math.max(start + stepMs, Math.ceil(to / stepMs) * stepMs), stepMs };
}

/**
 * What is worth showing of presses: from the first one, or a minute before the opening when they began earlier than that,
 * until all but a hundredth of them were answered; null when there were none. `counted` is in order of time.
 */
export function pressSpan(counted: readonly Counted[], startedAt: number | null, most: number): Span | null {
  const from = startedAt === null ? Number.NEGATIVE_INFINITY : startedAt - MINUTE;
  const after = counted.filter(({ at }) => at >= from);
  const shown = after.length > 0 ? after : counted;
  const first = shown[0];
  if (first === undefined) return null;
  let left = shown.reduce((sum, { count }) => sum + count, 0) * TAIL_SHARE;
  let last = shown.length - 1;
  while (last > 0 && left >= (shown[last] as Counted).count) {
    left -= (shown[last] as Counted).count;
    last -= 1;
  }
  const { at, widthMs } = shown[last] as Counted;
  const widest = shown.slice(0, last + 1).reduce((most, one) => Math.max(most, one.widthMs), 0);
  return spanOf(first.at, at + widthMs, most, widest);
}

/** Counts by group in each step of a span. What was counted in a longer stretch than a step is in the step it began in. */
export function groupsOver(
  counted: readonly Counted[],
  { from, to, stepMs }: Span,
): { at: number; counts: Partial<Record<AnswerGroup, number>> }[] {
  const steps = Array.from({ length: Math.round((to - from) / stepMs) }, (_, i) => ({
    at: from + i * stepMs,
    counts: {} as Partial<Record<AnswerGroup, number>>,
  }));
  for (const { at, name, count } of counted) {
    const step = steps[Math.floor((at - from) / stepMs)];
    if (step === undefined) continue;
    const group = answerGroup(name);
    step.counts[group] = (step.counts[group] ?? 0) + count;
  }
  return steps;
}

/** Sums by name. */
export function totalsOf(counted: readonly Counted[]): Record<string, number> {
  const totals = new Map<string, number>();
  for (const { name, count } of counted) totals.set(name, (totals.get(name) ?? 0) + count);
  return Object.fromEntries([...totals].sort(([, a], [, b]) => b - a));
}
