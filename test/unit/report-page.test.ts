// Protects: a report says the same in each form, nothing that people named is more than text in it, and its page needs
// nothing from anywhere: no script, no address, no style that its policy does not know.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { said } from '../../src/core/said.ts';
import type { Report } from '../../src/flow/report.ts';
import { reportCsv } from '../../src/report/csv.ts';
import { escapeText } from '../../src/report/escape.ts';
import { isZone, makeFormats } from '../../src/report/formats.ts';
import { reportJson } from '../../src/report/json.ts';
import { languageOf, WORDS } from '../../src/report/languages.ts';
import { REPORT_POLICY, reportPage } from '../../src/report/page.ts';
import { everyFew, roundSteps, ticksTo } from '../../src/report/scale.ts';
import { SAID_KO } from '../../src/words/said-ko.ts';
import { HOSTILE, sampleReport } from '../support/sample-report.ts';

function hostile(): Report {
  const plain = sampleReport();
  const [fault] = plain.faults;
  return sampleReport({
    campaign: { ...plain.campaign, name: HOSTILE, benefit: { [HOSTILE]: HOSTILE } },
    winners: { ...plain.winners, first: { seq: 1, userId: HOSTILE, wonAt: 1 } },
    faults: fault ? [{ ...fault, part: HOSTILE, what: HOSTILE }] : [],
    presses: { ...plain.presses, verdicts: { [HOSTILE]: 3 } },
  });
}

/** Rows of cells (RFC 4180). */
function parse(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
    rows.at(-1)?.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (end === '\n') rows.push([]);
  }
  return rows.filter((row) => row.length === 4);
}

const tagsOf = (html: string): string[] =>
  [...html.matchAll(/<\/?([a-zA-Z!][\w-]*)/g)].map(([, name]) => name as string);

describe('the page of a report', () => {
  it.each(['en', 'ko'] as const)('has no tag of a name that somebody made up (%s)', (language) => {
    const page = reportPage(hostile(), language);
    expect(page).not.toContain('<script');
    expect(page).not.toContain('<img');
    expect(page).not.toMatch(/onerror='/);
    expect(new Set(tagsOf(page))).toEqual(new Set(tagsOf(reportPage(sampleReport(), language))));
    expect(page).toContain(escapeText(HOSTILE));
  });

  it('says in Korean what is broken and which part failed, and marks what are the words of others', () => {
    const { integrity, faults } = sampleReport();
    const broken = integrity.checks.map((check) => ({ ...check, ok: false }));
    const what = [
      said('gate_rebuilding'),
      said('thread_died', { thread: 'recorder', raw: HOSTILE }),
      HOSTILE,
    ];
    const page = reportPage(
      sampleReport({
        integrity: { ...integrity, ok: false, checks: broken },
        faults: what.map((one) => ({ ...(faults[0] as Report['faults'][number]), part: 'gate', what: one })),
      }),
      'ko',
    );
    for (const { says } of broken) expect(page).not.toContain(escapeText(says));
    expect(page).toContain(SAID_KO.gate_rebuilding);
    expect(page).toContain('<b class="bad">선착순 판정</b>');
    expect(page.split(`원문: <span lang="en">${escapeText(HOSTILE)}</span>`).length).toBe(3);
    expect(page).not.toMatch(/perUserLimit|lastSeq|<img/);
  });

  it('loads nothing, runs nothing, and its one style is the one its policy names', () => {
    const page = reportPage(sampleReport(), 'en');
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(page) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    expect(REPORT_POLICY).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
    );
    expect(page).toContain(escapeText(REPORT_POLICY));
    expect(page).not.toMatch(/ style=| on\w+=|<script|<link|<iframe|href=|src=|url\((?!#)|@import/);
  });

  it('has each id once, and every fill refers to a pattern that is there', () => {
    const page = reportPage(sampleReport(), 'ko');
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const used = [...page.matchAll(/url\(#([^)]+)\)/g)].map(([, id]) => id);
    expect(used.length).toBeGreaterThan(10);
    for (const id of used) expect(ids).toContain(id);
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it('has a drawing of every part, tables of its figures, and every invariant', () => {
    const page = reportPage(sampleReport(), 'en');
    for (const plot of ['answers', 'remaining', 'wait', 'units']) {
      for (const size of ['wide', 'middle', 'narrow']) expect(page).toContain(`id="${plot}-${size}-t"`);
    }
    for (let i = 1; i <= 11; i++) expect(page).toContain(`<b>I${i}</b>`);
    expect(page).toContain('Not every invariant holds.');
    expect(page).toContain('About 9,840 people pressed (9,683 to 9,997); about 8,840 left without one.');
    expect(page).toContain('425 presses were told');
    expect(page).toContain('All 1,000 went in 20.4 s.');
  });

  it('is a page too when nothing has happened', () => {
    const nobody = { count: 0, low: 0, high: 0 };
    const report = sampleReport({
      given: 0,
      presses: { total: 0, verdicts: {}, later: {}, span: null, steps: [], outside: 0 },
      ...{ sellOut: null, remaining: null, latency: null, faults: [], unavailable: 0 },
      winners: { units: 0, people: 0, first: null, last: null },
      demand: { people: nobody, turnedAway: nobody },
      units: {
        totals: { issued: 0, redeemed: 0, revoked: 0, returned: 0, expired: 0 },
        span: null,
        steps: [],
      },
      counted: { processes: 0, notedAt: null },
    });
    for (const language of ['en', 'ko'] as const) {
      const page = reportPage(report, language);
      expect(page).toContain(WORDS[language].heroNone);
      expect(page).toContain(WORDS[language].noPresses);
      expect(page).not.toMatch(/NaN|undefined|<svg class="plot/);
    }
    expect(reportCsv(report, false)).toContain('presses,total,,0');
  });

  it('says what it says in the zone that was asked for', () => {
    expect(reportPage(sampleReport(), 'en', 'America/New_York')).toContain('(America/New_York)');
    expect([isZone('Asia/Seoul'), isZone('Mars/Olympus')]).toEqual([true, false]);
  });
});

describe('a report as CSV', () => {
  it('is one figure a line, as the JSON has it', () => {
    const rows = parse(reportCsv(sampleReport(), true));
    const value = (section: string, name: string, at = ''): string | undefined =>
      rows.find((row) => row[0] === section && row[1] === name && row[2] === at)?.[3];
    expect(value('presses', 'verdicts.sold_out')).toBe('11900');
    expect(value('winners', 'last.userId')).toBe('민지-👑');
    const [step] = (reportJson(sampleReport())['answersOverTime'] as { steps: { at: string }[] }).steps;
    expect(value('answersOverTime', 'won', step?.at)).toBe('50');
    expect(value('sellOut', 'tookMs')).toBe('20400');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '=cmd|"/c calc"!A1', '＝1'])(
    'has no cell that a spreadsheet would take for a formula: %j',
    (name) => {
      const plain = sampleReport();
      const report = sampleReport({ campaign: { ...plain.campaign, name } });
      const of = (raw: boolean): string | undefined =>
        parse(reportCsv(report, raw)).find(([section, of]) => section === 'campaign' && of === 'name')?.[3];
      expect(of(false)).toBe(`'${name}`);
      expect(of(true)).toBe(name);
    },
  );

  it('has no formula in a name of a figure either', () => {
    const plain = sampleReport();
    const report = sampleReport({
      presses: { ...plain.presses, verdicts: {} },
      campaign: { ...plain.campaign, benefit: { '=1': '=2' } },
    });
    for (const row of parse(reportCsv(report, false)))
      for (const cell of row) expect(cell).not.toMatch(/^[=+@\t\r]/);
  });
});

describe('numbers and languages', () => {
  it('has round ticks that reach the top', () => {
    expect(ticksTo(0, 4)).toEqual([0, 1]);
    expect(ticksTo(100, 4)).toEqual([0, 25, 50, 75, 100]);
    expect(ticksTo(22_000, 4)).toEqual([0, 10_000, 20_000, 30_000]);
    expect(ticksTo(0.42, 4, false).at(-1)).toBeGreaterThanOrEqual(0.42);
    expect(everyFew(150, 8)).toEqual([0, 20, 40, 60, 80, 100, 120, 140]);
    expect(roundSteps(547, 1548, 8)).toEqual([600, 800, 1000, 1200, 1400]);
  });

  it('takes the language that is asked for, else the one that is preferred', () => {
    expect(languageOf('ko', 'en')).toBe('ko');
    expect(languageOf(undefined, 'fr, ko-KR;q=0.8, en;q=0.9')).toBe('en');
    expect(languageOf(undefined, 'ko-KR,ko;q=0.9,en-US;q=0.8')).toBe('ko');
    expect([
      languageOf('xx', 'de'),
      languageOf(undefined, undefined),
      languageOf(undefined, 'ko;q=0'),
    ]).toEqual(['en', 'en', 'en']);
  });

  it('writes lengths of time with their unit', () => {
    const { duration, latency } = makeFormats('en');
    expect([499, 1_380, 20_400, 724_000, 7_500_000, 200_000_000].map(duration)).toEqual([
      ...['0.5 s', '1.38 s', '20.4 s', '12 min 4 s', '2 h 5 min', '2 d 7 h'],
    ]);
    expect([0.0157, 14.24, 412, 2_345].map(latency)).toEqual(['0.02 ms', '14.2 ms', '412 ms', '2.35 s']);
    expect(makeFormats('ko').duration(724_000)).toBe('12분 4초');
  });
});
