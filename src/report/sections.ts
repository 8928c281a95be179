/** The parts of the page below its number: plots with their keys, tables, the certificate. */

import type { Check } from '../core/audit.ts';
import { readSaid } from '../core/said.ts';
import type { MetFault } from '../flow/met-faults.ts';
import type { Report } from '../flow/report.ts';
import { checkSaysKo, FIGURE_NAMES } from '../words/checks.ts';
import { partWords } from '../words/parts.ts';
import { fill, SAID_KO } from '../words/said-ko.ts';
import type { Writing } from './charts.ts';
import { answersPlot, groupsIn, remainingPlot, UNIT_LINES, unitMark, unitsPlot, waitPlot } from './charts.ts';
import { escapeText } from './escape.ts';
import type { Formats } from './formats.ts';
import { swatch } from './patterns.ts';

export function section(title: string, body: string, name = ''): string {
  return `<section${name === '' ? '' : ` id="${name}"`}><h2>${escapeText(title)}</h2>${body}</section>`;
}

function table(head: readonly string[], rows: readonly string[], numbers: readonly number[] = []): string {
  const cells = head.map((text, i) =>
    text === ''
      ? '<td></td>'
      : `<th scope="col"${numbers.includes(i) ? ' class="num"' : ''}>${escapeText(text)}</th>`,
  );
  return `<div class="scroll" tabindex="0"><table><thead><tr>${cells.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function paragraph(text: string, kind = 'small'): string {
  return `<p class="${kind}">${escapeText(text)}</p>`;
}

export function plots(report: Report, writing: Writing): string {
  const { words } = writing;
  const answers = answersPlot(report, writing);
  const first = section(
    words.plots.answers,
    answers === ''
      ? paragraph(words.noPresses)
      : answers + answersKey(report, writing) + outside(report, writing),
    'answers-plot',
  );
  const remaining = remainingPlot(report, writing);
  const wait = waitPlot(report, writing);
  const side = [
    remaining === '' ? '' : section(words.plots.remaining, remaining, 'remaining-plot'),
    wait === '' ? '' : section(words.plots.wait, wait, 'wait-plot'),
  ].join('');
  return `${first}<div class="two">${side}</div>${unitsSection(report, writing)}`;
}

function unitsSection(report: Report, writing: Writing): string {
  const { words, formats } = writing;
  const { issued, ...acts } = report.units.totals;
  if (issued === 0) return '';
  const hasMoved = Object.values(acts).some((count) => count > 0);
  const body = hasMoved
    ? unitsPlot(report, writing) + unitsKey(report, writing)
    : paragraph(words.unitsQuiet(formats.count(issued)));
  return section(words.plots.units, body, 'units-plot');
}

function outside({ presses }: Report, { words, formats }: Writing): string {
  return presses.outside > 0 ? paragraph(words.made.outside(formats.count(presses.outside))) : '';
}

function answersKey(report: Report, { words, formats }: Writing): string {
  const items = groupsIn(report).map((group) => {
    const count = report.presses.steps.reduce((sum, { counts }) => sum + (counts[group] ?? 0), 0);
    return `<li>${swatch(`key-${group}`, group)}<span>${escapeText(words.groups[group])} <b>${formats.count(count)}</b></span></li>`;
  });
  return `<ul class="key">${items.join('')}</ul>`;
}

function unitsKey({ units: { totals } }: Report, { words, formats }: Writing): string {
  const items = UNIT_LINES.filter((line) => totals[line] > 0).map((line) => {
    const sign =
      `<svg class="swatch" width="32" height="16" viewBox="0 0 32 16" aria-hidden="true">` +
      `<path class="line u-${line}" d="M0 8H32"/>${unitMark(line, '16 8')}</svg>`;
    return `<li>${sign}<span>${escapeText(words.units[line])} <b>${formats.count(totals[line])}</b></span></li>`;
  });
  return `<ul class="key">${items.join('')}</ul>`;
}

function verdictRows(verdicts: Readonly<Record<string, number>>, { words, formats }: Writing): string[] {
  const total = Object.values(verdicts).reduce((sum, count) => sum + count, 0);
  return Object.entries(verdicts).map(([name, count]) => {
    const bar =
      `<svg width="120" height="8" viewBox="0 0 120 8" aria-hidden="true"><rect class="track" width="120" height="8"/>` +
      `<rect class="bar" width="${Math.max(count > 0 ? 1 : 0, Math.round((count / total) * 120))}" height="8"/></svg>`;
    return (
      `<tr><td class="mono name">${escapeText(name)}</td><td class="wide-only">${escapeText(words.verdicts[name] ?? '')}</td>` +
      `<td class="num">${formats.count(count)}</td><td class="num">${formats.share(count / total)}</td>` +
      `<td class="wide-only">${bar}</td></tr>`
    );
  });
}

export function verdictTables(report: Report, writing: Writing): string {
  const { words } = writing;
  const head = ({ columns }: typeof words): string =>
    `<thead><tr><th scope="col">${escapeText(columns.verdict)}</th><th scope="col" class="wide-only">${escapeText(columns.means)}</th>` +
    `<th scope="col" class="num">${escapeText(columns.count)}</th><th scope="col" class="num">${escapeText(columns.share)}</th>` +
    `<td class="wide-only"></td></tr></thead>`;
  const of = (title: string, verdicts: Readonly<Record<string, number>>, name: string): string =>
    Object.keys(verdicts).length === 0
      ? ''
      : section(
          title,
          `<table>${head(words)}<tbody>${verdictRows(verdicts, writing).join('')}</tbody></table>`,
          name,
        );
  const { presses } = report;
  return (
    of(words.sections.answers, presses.verdicts, 'verdicts') +
    of(words.sections.later, presses.later, 'later')
  );
}

export function latencyTable({ latency }: Report, { words, formats }: Writing): string {
  if (latency === null) return '';
  const shares: [string, number][] = [
    ['50 %', latency.p50],
    ['90 %', latency.p90],
    ['99 %', latency.p99],
    ['99.9 %', latency.p999],
    ['100 %', latency.max],
  ];
  const rows = shares.map(
    ([share, ms]) => `<tr><td>${share}</td><td class="num">${escapeText(formats.latency(ms))}</td></tr>`,
  );
  const body = table([words.columns.share, words.sections.latency], rows, [1]);
  return section(words.sections.latency, body, 'latency');
}

export function winnersTable({ winners }: Report, { words, formats }: Writing): string {
  const rows = (['first', 'last'] as const).flatMap((which) => {
    const winner = winners[which];
    if (winner === null) return [];
    const { seq, userId, wonAt } = winner;
    return [
      `<tr><td class="state">${escapeText(words[which])}</td><td class="num">${formats.count(seq)}</td>` +
        `<td>${escapeText(userId)}</td>${momentCell(wonAt, formats)}</tr>`,
    ];
  });
  const { columns } = words;
  const body =
    rows.length === 0
      ? paragraph(words.nobody)
      : table(['', columns.seq, columns.user, columns.at], rows, [1, 3]);
  return section(words.sections.winners, body, 'winners');
}

export function faultsTable(report: Report, writing: Writing): string {
  const { words, formats } = writing;
  const { faults, unavailable } = report;
  const told = unavailable > 0 ? paragraph(words.faultsTold(formats.count(unavailable))) : '';
  if (faults.length === 0) return section(words.sections.faults, paragraph(words.noFaults) + told, 'faults');
  const items = faults.map((fault) => faultItem(fault, writing)).join('');
  return section(words.sections.faults, `${told}<ul class="faults">${items}</ul>`, 'faults');
}

/** Date and time may stand on two lines, and neither is broken. */
function momentCell(ms: number, { day, time }: Formats): string {
  return `<td class="when"><span>${escapeText(day(ms))}</span> <span>${escapeText(time(ms))}</span></td>`;
}

function faultItem(fault: MetFault, { words, formats }: Writing): string {
  const { part, what, since, until, over, unavailable } = fault;
  const lasted = formats.duration(until - since) + (over ? '' : ` (${words.ongoing})`);
  const about = words.fault(lasted, formats.count(unavailable));
  const known = partWords(formats.language, part);
  const saying = [escapeText(known?.fault ?? ''), ...whatSaid(what, formats)].join(' ').trim();
  return (
    `<li><p><b class="bad">${escapeText(known?.name ?? part)}</b> ${escapeText(about)}</p>` +
    `<p class="small">${escapeText(formats.moment(since))} · ${saying}</p></li>`
  );
}

/** What was seen, in the language of the page where it is a sentence of ours; else as it was said, marked as such. */
function whatSaid(what: string, { language, count }: Formats): string[] {
  if (language === 'en') return [escapeText(what)];
  const sentence = readSaid(what);
  const raw = sentence === null ? what : sentence.figures['raw'];
  return [
    ...(sentence === null ? [] : [escapeText(fill(SAID_KO[sentence.code], sentence.figures, count))]),
    ...(raw === undefined ? [] : [`원문: <span lang="en">${escapeText(String(raw))}</span>`]),
  ];
}

/** Every invariant with its figures, on a stub. */
export function certificate({ integrity, campaign }: Report, writing: Writing): string {
  const { words, formats } = writing;
  const { ok, checks, drained, checkedAt } = integrity;
  const seal = `<p class="seal ${ok ? 'ok' : 'bad'}"><span aria-hidden="true">${ok ? '✓' : '✕'}</span> ${escapeText(ok ? words.allHold : words.notAllHold)}</p>`;
  const remark = drained ? '' : paragraph(words.onTheWay);
  const rows = checks.map((check) => checkRow(check, writing));
  const { columns } = words;
  const when = paragraph(`${campaign.id} · ${words.generated(formats.moment(checkedAt), formats.zone)}`);
  const head =
    `<thead><tr><th scope="col">${escapeText(columns.state)}</th><th scope="col">${escapeText(columns.invariant)}</th>` +
    `<th scope="col" class="wide-only">${escapeText(columns.figures)}</th></tr></thead>`;
  const body = `${seal}${remark}<table>${head}<tbody>${rows.join('')}</tbody></table>${when}`;
  return `<section id="certificate" class="stub"><h2>${escapeText(words.sections.certificate)}</h2>${body}</section>`;
}

function checkRow(check: Check, writing: Writing): string {
  const { words } = writing;
  const { id, ok } = check;
  const word = ok ? words.holds : words.holdsNot;
  const basis = check.basis === 'sampled' ? ` <span class="small">(${escapeText(words.sampled)})</span>` : '';
  return (
    `<tr><td class="state ${ok ? 'ok' : 'bad'}"><span aria-hidden="true">${ok ? '✓' : '✕'}</span> <b>${escapeText(id)}</b> ${escapeText(word)}</td>` +
    `<td>${escapeText(saysOf(check, writing))}${basis}</td>` +
    `<td class="wide-only small">${escapeText(figuresOf(check, writing))}</td></tr>`
  );
}

/** In English a check speaks for itself. */
function saysOf(check: Check, { words, formats }: Writing): string {
  if (formats.language === 'en') return check.says;
  return checkSaysKo(check, formats.count) ?? words.invariants[check.id] ?? check.says;
}

function figuresOf({ figures }: Check, { words, formats }: Writing): string {
  const names = FIGURE_NAMES[formats.language];
  return Object.entries(figures)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => {
      const named = names[name] ?? name;
      if (typeof value !== 'number') return `${named} ${value ? words.yes : words.no}`;
      return `${named} ${name.endsWith('At') ? formats.moment(value) : formats.count(value)}`;
    })
    .join(', ');
}
