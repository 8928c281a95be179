/**
 * A report as one page that needs nothing else: its style is in it, its plots are SVG, and it has no script. It may be
 * opened from a disk, sent by mail, and printed.
 */

import { createHash } from 'node:crypto';
import { startsAt } from '../core/campaign.ts';
import type { Report } from '../flow/report.ts';
import type { Writing } from './charts.ts';
import { escapeText } from './escape.ts';
import type { Language } from './formats.ts';
import { makeFormats } from './formats.ts';
import { WORDS } from './languages.ts';
import {
  certificate,
  faultsTable,
  latencyTable,
  plots,
  section,
  verdictTables,
  winnersTable,
} from './sections.ts';
import { STYLE } from './style.ts';

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** What the page may load: nothing. Its one style is named by its hash. */
export const REPORT_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'`;

/** A whole HTML document. `zone` is a time zone that Intl knows; absent: the usual one of the language. */
export function reportPage(report: Report, language: Language, zone?: string): string {
  const writing: Writing = { words: WORDS[language], formats: makeFormats(language, zone) };
  const { words } = writing;
  const title = `${report.campaign.name} · ${words.title}`;
  return (
    `<!doctype html><html lang="${language}"><head><meta charset="utf-8">` +
    `<meta http-equiv="Content-Security-Policy" content="${escapeText(REPORT_POLICY)}">` +
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="referrer" content="no-referrer">' +
    `<title>${escapeText(title)}</title><style>${STYLE}</style></head><body>` +
    `${head(report, writing)}<main>${hero(report, writing)}${keys(report, writing)}${plots(report, writing)}` +
    `${verdictTables(report, writing)}<div class="two">${winnersTable(report, writing)}${latencyTable(report, writing)}</div>` +
    `${faultsTable(report, writing)}${certificate(report, writing)}${definition(report, writing)}${made(report, writing)}` +
    '</main></body></html>\n'
  );
}

function head(report: Report, { words, formats }: Writing): string {
  const { campaign, status, generatedAt } = report;
  const about = [words.status[status] ?? status, words.modes[campaign.mode] ?? campaign.mode, campaign.id];
  return (
    `<header><div><h1>${escapeText(campaign.name)}</h1><p class="sub">${escapeText(about.join(' · '))}</p></div>` +
    `<p class="sub">${escapeText(words.generated(formats.moment(generatedAt), formats.zone))}</p></header>`
  );
}

function hero(report: Report, { words, formats }: Writing): string {
  const { given, quantity, sellOut, demand, winners, integrity } = report;
  const number = formats.count(given);
  const size = number.length > 7 ? ' longer' : number.length > 4 ? ' long' : '';
  const went =
    sellOut === null
      ? words.heroLeft(formats.count(quantity), number)
      : words.heroSoldOut(formats.count(quantity), formats.duration(sellOut.tookMs));
  const { returned } = report.units.totals;
  const back = returned > 0 ? ` ${words.cameBack(formats.count(returned))}` : '';
  const says = winners.units === 0 ? words.heroNone : went + back;
  const { people, turnedAway } = demand;
  const pressed =
    people.count === 0
      ? words.noPresses
      : words.demand(
          ...([people.count, people.low, people.high, turnedAway.count].map(formats.count) as Four),
        );
  const { ok } = integrity;
  return (
    `<div class="hero"><p class="number${size}">${number}</p><p class="says">${escapeText(says)}</p>` +
    `<p class="demand">${escapeText(pressed)}</p>` +
    `<p class="verdict ${ok ? 'ok' : 'bad'}"><span aria-hidden="true">${ok ? '✓' : '✕'}</span> ${escapeText(ok ? words.allHold : words.notAllHold)}</p></div>`
  );
}

type Four = [string, string, string, string];

function keys(report: Report, { words, formats }: Writing): string {
  const { presses, demand, sellOut, latency, unavailable, deadLetters } = report;
  const bounds = ({ low, high }: { low: number; high: number }): string =>
    words.between(formats.count(low), formats.count(high));
  const items: [string, string, string?][] = [
    [words.keys.presses, formats.count(presses.total)],
    [words.keys.people, `≈ ${formats.count(demand.people.count)}`, bounds(demand.people)],
    [words.keys.turnedAway, `≈ ${formats.count(demand.turnedAway.count)}`, bounds(demand.turnedAway)],
  ];
  if (sellOut !== null) {
    items.push([words.keys.sellOut, formats.duration(sellOut.tookMs)]);
    items.push([words.keys.firstToLast, formats.duration(sellOut.fromFirstWinMs)]);
  }
  if (latency !== null) {
    items.push([words.keys.p50, formats.latency(latency.p50)]);
    items.push([words.keys.p99, formats.latency(latency.p99)]);
  }
  items.push([words.keys.unavailable, formats.count(unavailable)]);
  items.push([words.keys.deadLetters, formats.count(deadLetters)]);
  const cells = items.map(([name, value, aside]) => {
    const beside = aside === undefined ? '' : `<span class="aside">${escapeText(aside)}</span>`;
    return `<div><dt>${escapeText(name)}</dt><dd>${escapeText(value)}${beside}</dd></div>`;
  });
  return `<dl class="keys">${cells.join('')}</dl>`;
}

function definition({ campaign, quantity }: Report, { words, formats }: Writing): string {
  const start = startsAt(campaign);
  const end = campaign.closedAt ?? campaign.closesAt;
  const facts: Record<string, string | null> = {
    id: campaign.id,
    mode: words.modes[campaign.mode] ?? campaign.mode,
    quantity: formats.count(quantity),
    perUserLimit: formats.count(campaign.perUserLimit),
    durability: campaign.durability,
    opened: start === null ? null : formats.moment(start),
    closes: end === null ? null : formats.moment(end),
    codes: words.codes[campaign.codes.source],
    benefit: benefitText(campaign.benefit),
  };
  const rows = Object.entries(facts)
    .filter(([, value]) => value !== null)
    .map(
      ([name, value]) =>
        `<dt>${escapeText(words.definition[name] ?? name)}</dt><dd>${escapeText(value ?? '')}</dd>`,
    );
  return section(words.sections.definition, `<dl class="facts">${rows.join('')}</dl>`, 'definition');
}

const BENEFIT_MAX = 500;

/** `title: Chicken, worth: 20000`, whatever an operator wrote. */
function benefitText(benefit: Record<string, unknown> | null): string | null {
  if (benefit === null) return null;
  const text = Object.entries(benefit)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
  return text.length > BENEFIT_MAX ? `${text.slice(0, BENEFIT_MAX)}…` : text;
}

function made({ counted, latency }: Report, { words, formats }: Writing): string {
  const notes = [words.made.record];
  if (counted.notedAt !== null)
    notes.push(words.made.counted(formats.count(counted.processes), formats.moment(counted.notedAt)));
  notes.push(words.made.people);
  if (latency !== null) notes.push(words.made.latency(formats.count(latency.measured)));
  const list = notes.map((note) => `<li>${escapeText(note)}</li>`).join('');
  return section(words.sections.made, `<ul class="notes">${list}</ul>`, 'made');
}
