/** The four plots of a report. Each says in words what it shows, for whoever cannot see it. */

import { startsAt } from '../core/campaign.ts';
import type { AnswerGroup, Span } from '../core/series.ts';
import { ANSWER_GROUPS } from '../core/series.ts';
import type { Report } from '../flow/report.ts';
import { escapeText } from './escape.ts';
import type { Formats } from './formats.ts';
import { edgeClass, patternId, patterns } from './patterns.ts';
import type { Area, Size } from './plot.ts';
import { FULL, HALF, plot, round } from './plot.ts';
import { everyFew, roundSteps, ticksTo } from './scale.ts';
import type { Words } from './words.ts';

export interface Writing {
  words: Words;
  formats: Formats;
}

const X_TICKS = 8;
const Y_TICKS = 4;
/** Shorter spans than this are told in seconds from their beginning, longer ones by the clock. */
const CLOCK_FROM_MS = 5 * 60_000;
/** Shorter ones in milliseconds. */
const SECONDS_FROM_MS = 2_000;

interface TimeAxis {
  xLabel: string;
  xTicks: { at: number; text: string }[];
}

/** `zero`: what a short span is counted from, unless that is long before. */
function timeAxis(
  { from, to, stepMs }: Span,
  zero: { at: number; is: 'opening' | 'firstWin' },
  { words, formats }: Writing,
): TimeAxis {
  const length = to - from;
  const isNear = zero.at <= to && from - zero.at < CLOCK_FROM_MS;
  if (length > CLOCK_FROM_MS || !isNear) {
    const steps = Math.round(length / stepMs);
    const marks = everyFew(steps, X_TICKS).map((i) => ({
      at: i / steps,
      text: formats.tick(from + i * stepMs, stepMs),
    }));
    return { xLabel: words.axis.clock(formats.zone), xTicks: marks };
  }
  const unitMs = length < SECONDS_FROM_MS ? 1 : 1000;
  const least = zero.is === 'firstWin' ? Math.max(0, from - zero.at) : from - zero.at;
  const xTicks = roundSteps(least, to - zero.at, X_TICKS).map((ms) => ({
    at: (zero.at + ms - from) / length,
    text: formats.count(ms / unitMs),
  }));
  return { xLabel: words.axis.since[zero.is](unitMs === 1 ? words.axis.ms : words.axis.s), xTicks };
}

/** The opening; of campaigns without one, the first thing there is. */
function opening(report: Report, span: Span): { at: number; is: 'opening' | 'firstWin' } {
  return { at: startsAt(report.campaign) ?? span.from, is: 'opening' };
}

/** Groups that anybody was told, in the order in which they are stacked. */
export function groupsIn(report: Report): AnswerGroup[] {
  return ANSWER_GROUPS.filter((group) => report.presses.steps.some(({ counts }) => (counts[group] ?? 0) > 0));
}

/** Answers a second by what was told. */
export function answersPlot(report: Report, writing: Writing): string {
  const { span, steps } = report.presses;
  if (span === null) return '';
  const { words, formats } = writing;
  const groups = groupsIn(report);
  const perSecond = 1000 / span.stepMs;
  const tops = steps.map(({ counts }) => groups.reduce((sum, group) => sum + (counts[group] ?? 0), 0));
  const peak = Math.max(...tops, 0) * perSecond;
  const axes = {
    title: words.plots.answers,
    describes: words.describes.answers(formats.count(Math.round(peak)), formats.count(report.presses.total)),
    yLabel: words.axis.perSecond,
    yTicks: ticksTo(peak, Y_TICKS),
    yText: formats.short,
    ...timeAxis(span, opening(report, span), writing),
  };
  return plot('answers', FULL, axes, (area, id) => {
    const bottoms = steps.map(() => 0);
    const layers = groups.map((group) => {
      const below = [...bottoms];
      steps.forEach(({ counts }, i) => {
        bottoms[i] = (bottoms[i] as number) + (counts[group] ?? 0) * perSecond;
      });
      const path = band(area, below, bottoms);
      return `<path d="${path}" fill="url(#${patternId(id, group)})" class="layer ${edgeClass(group)}"/>`;
    });
    return patterns(id, groups) + layers.join('') + soldOutMark(report, span, area, words);
  });
}

/** The ground between two stairs, where there is any: a piece for each run of steps. */
function band(area: Area, below: number[], above: number[]): string {
  const n = above.length;
  const has = (i: number): boolean => (above[i] ?? 0) > (below[i] ?? 0);
  let path = '';
  for (let first = 0; first < n; first++) {
    if (!has(first)) continue;
    let end = first;
    while (has(end)) end += 1;
    const stairs = (heights: number[]): string[] =>
      heights.slice(first, end).map((height, i) => {
        const [x, next] = [area.x((first + i) / n), area.x((first + i + 1) / n)];
        return heights === above ? `${x} ${area.y(height)}H${next}` : `${next} ${area.y(height)}H${x}`;
      });
    path += `M${[...stairs(above), ...stairs(below).reverse()].join('L')}Z`;
    first = end;
  }
  return path;
}

function soldOutMark({ sellOut }: Report, { from, to }: Span, area: Area, words: Words): string {
  if (sellOut === null || sellOut.soldOutAt < from || sellOut.soldOutAt > to) return '';
  const x = area.x((sellOut.soldOutAt - from) / (to - from));
  const isLate = x > (area.left + area.right) / 2;
  return (
    `<path class="event" d="M${x} ${area.top - 18}V${area.bottom}"/>` +
    `<text class="note" x="${isLate ? x - 5 : x + 5}" y="${area.top - 8}" text-anchor="${isLate ? 'end' : 'start'}">${escapeText(words.soldOut)}</text>`
  );
}

/** Units left over time. */
export function remainingPlot(report: Report, writing: Writing): string {
  const { remaining } = report;
  if (remaining === null) return '';
  const { words, formats } = writing;
  const { span, left } = remaining;
  const start =
    (left[0] ?? 0) + (report.winners.units > 0 ? Math.max(0, report.quantity - (left[0] ?? 0)) : 0);
  const axes = {
    title: words.plots.remaining,
    describes: words.describes.remaining(formats.count(start), formats.count(left.at(-1) ?? 0)),
    yLabel: words.axis.units,
    yTicks: ticksTo(start, Y_TICKS),
    yText: formats.short,
    ...timeAxis(span, opening(report, span), writing),
  };
  return plot('remaining', HALF, axes, (area) => {
    const n = left.length;
    const points = [start, ...left].map((value, i) => `${area.x(i / n)} ${area.y(value)}`);
    const end = words.leftAtEnd(formats.count(left.at(-1) ?? 0));
    const label = `<text class="note" x="${area.right}" y="${area.top - 8}" text-anchor="end">${escapeText(end)}</text>`;
    return (
      `<path class="under" d="M${points.join('L')}V${area.bottom}H${area.left}Z"/>` +
      `<path class="line" d="M${points.join('L')}"/>${label}`
    );
  });
}

/** How long people waited for their answer. */
export function waitPlot(report: Report, writing: Writing): string {
  const { latency } = report;
  if (latency === null) return '';
  const { words, formats } = writing;
  const { bars, measured } = latency;
  const most = Math.max(...bars.map(({ count }) => count / measured));
  const axes = {
    title: words.plots.wait,
    describes: words.describes.wait(formats.latency(latency.p50), formats.latency(latency.p99)),
    yLabel: words.axis.share,
    yTicks: ticksTo(most, Y_TICKS, false),
    yText: formats.share,
    xLabel: words.axis.wait,
    xTicks: everyFew(bars.length, X_TICKS).map((i) => ({
      at: i / bars.length,
      text: formats.latency(bars[i]?.fromMs ?? bars.at(-1)?.toMs ?? 0),
    })),
  };
  return plot('wait', HALF, axes, (area) => {
    const n = bars.length;
    const shapes = bars.map(({ count }, i) => {
      const [x, y] = [area.x(i / n), area.y(count / measured)];
      const width = round(Math.max(1, area.x((i + 1) / n) - x - 1));
      return count === 0
        ? ''
        : `<rect class="bar" x="${x}" y="${y}" width="${width}" height="${round(area.bottom - y)}"/>`;
    });
    return shapes.join('') + percentileMarks(report, area, writing);
  });
}

function percentileMarks({ latency }: Report, area: Area, { words, formats }: Writing): string {
  if (latency === null) return '';
  const { bars } = latency;
  const low = Math.log2(bars[0]?.fromMs ?? 1);
  const range = Math.log2(bars.at(-1)?.toMs ?? 2) - low;
  return ([50, 99] as const)
    .map((percent, row) => {
      const ms = percent === 50 ? latency.p50 : latency.p99;
      const x = area.x(Math.min(1, Math.max(0, (Math.log2(ms) - low) / range)));
      const isLate = x > area.right - 90;
      const text = words.withinShare(percent, formats.latency(ms));
      return (
        `<path class="event" d="M${x} ${area.top - 18}V${area.bottom}"/>` +
        `<text class="note" x="${isLate ? x - 5 : x + 5}" y="${area.top - 8 + row * 15}" text-anchor="${isLate ? 'end' : 'start'}">${escapeText(text)}</text>`
      );
    })
    .join('');
}

/** What became of the units, added up. */
export const UNIT_LINES = ['issued', 'redeemed', 'revoked', 'returned', 'expired'] as const;

export function unitsPlot(report: Report, writing: Writing): string {
  const { span, totals } = report.units;
  if (span === null) return '';
  const { words, formats } = writing;
  const lines = UNIT_LINES.filter((line) => totals[line] > 0);
  const top = Math.max(...lines.map((line) => totals[line]), 1);
  const axes = {
    title: words.plots.units,
    describes: words.describes.units(
      lines.map((line) => `${words.units[line]} ${formats.count(totals[line])}`).join(', '),
    ),
    yLabel: words.axis.units,
    yTicks: ticksTo(top, Y_TICKS),
    yText: formats.short,
    ...timeAxis(span, { at: report.winners.first?.wonAt ?? span.from, is: 'firstWin' }, writing),
  };
  return plot('units', FULL, axes, (area, _id, size) =>
    lines.map((line, i) => unitLine(report, area, line, i, size)).join(''),
  );
}

function unitLine(
  report: Report,
  area: Area,
  line: (typeof UNIT_LINES)[number],
  nth: number,
  size: Size,
): string {
  const { steps } = report.units;
  const n = steps.length;
  let sum = 0;
  const points: string[] = [];
  const stairs = steps.map((step, i) => {
    sum += step[line];
    points.push(`${area.x((i + 1) / n)} ${area.y(sum)}`);
    return `V${area.y(sum)}H${area.x((i + 1) / n)}`;
  });
  const every = Math.max(1, Math.floor(steps.length / (size.width > 400 ? 8 : 4)));
  const marks = points
    .filter((_, i) => i % every === every - 1 || i === points.length - 1)
    .map((point) => unitMark(line, point))
    .join('');
  return `<path class="line u-${line} n${nth}" d="M${area.x(0)} ${area.y(0)}${stairs.join('')}"/>${marks}`;
}

/** Each line has marks of its own shape. */
export function unitMark(line: (typeof UNIT_LINES)[number], point: string): string {
  const shapes: Record<typeof line, string> = {
    issued: 'm-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0',
    redeemed: 'm-4 -4h8v8h-8z',
    revoked: 'm-4 -4l8 8m0 -8l-8 8',
    returned: 'm0 -5l5 9h-10z',
    expired: 'm0 -5l5 5l-5 5l-5 -5z',
  };
  return `<path class="dot u-${line}" d="M${point}${shapes[line]}"/>`;
}
