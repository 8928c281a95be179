// Protects: whatever the server says by a code, the pages say in Korean too; a new code without its words fails here.

import { describe, expect, it } from 'vitest';
import { type AuditFigures, audit, type Check } from '../../src/core/audit.ts';
import { auditLine } from '../../src/core/audit-line.ts';
import { PROBLEMS } from '../../src/core/problem.ts';
import { readSaid, type SaidCode, SENTENCES, said } from '../../src/core/said.ts';
import { POINT_CODES, POINTS } from '../../src/flow/checklist.ts';
import { type JobParts, makeJobs } from '../../src/jobs/all.ts';
import { korean } from '../../src/report/words-ko.ts';
import { checkSaysKo, FIGURE_NAMES } from '../../src/words/checks.ts';
import { PART_WORDS, PARTS } from '../../src/words/parts.ts';
import { PROBLEMS_KO, SAY_MORE } from '../../src/words/problems-ko.ts';
import { fill, SAID_KO } from '../../src/words/said-ko.ts';
import { words as checklist } from '../../web/console/src/areas/checklist/words.ts';
import { words as integrity } from '../../web/console/src/areas/integrity/words.ts';
import { KOREAN, KOREAN_PARAMS, KOREAN_STEPS } from '../../web/console/src/areas/jobs/korean.ts';
import { words as rehearsal } from '../../web/console/src/areas/rehearsal/words.ts';

const HANGUL = /[가-힣]/;
const codes = Object.keys(SENTENCES) as SaidCode[];
const placesOf = (template: string): string[] =>
  [...template.matchAll(/\{#?(\w+)\}/g)].map(([, name = '']) => name).filter((name) => name !== 'raw');
/** Something for each place: `7` is both a number and a text. */
const figuresOf = (code: SaidCode) =>
  Object.fromEntries(
    [...SENTENCES[code].matchAll(/\{(#?)(\w+)\}/g)].map(([, isNumber, name = '']) => [
      name,
      isNumber ? 7 : `a ${name}: (b)`,
    ]),
  );

/** Every figure that breaks an invariant at once. */
const BROKEN: AuditFigures = {
  quantity: 3,
  returned: 0,
  perUserLimit: 1,
  everyUnitHasCode: true,
  startsAt: 1000,
  closesAt: 2000,
  gate: { issued: 2, lastSeq: 2, issuedBefore: 9 },
  record: {
    issued: 5,
    lastSeq: 9,
    perUserMax: 2,
    distinctSeqs: 4,
    withCode: 4,
    unissued: 0,
    distinctCodes: 3,
    firstWonAt: 1,
    lastWonAt: 3000,
  },
  deadLetters: 1,
  drained: true,
  toldSoldOut: true,
  seen: {
    repeats: { compared: 5, different: 1 },
    order: { compared: 5, inverted: 1 },
    soldOut: { compared: 5, early: 1 },
  },
};

const brokenChecks: Check[] = [
  ...audit(BROKEN).checks,
  ...auditLine('x', { facts: [], wins: null }).checks.map((check) => ({
    ...check,
    ok: false,
    figures: { compared: 4, wrong: 2, first: 3 },
  })),
];

describe('sentences of the server', () => {
  it.each(codes)('%s is found again by its text, with its figures', (code) => {
    const figures = figuresOf(code);
    expect(readSaid(said(code, figures))).toEqual({ code, figures });
  });

  it.each(codes)('%s has a Korean one with the same places', (code) => {
    expect(SAID_KO[code]).toMatch(HANGUL);
    expect(new Set(placesOf(SAID_KO[code]))).toEqual(new Set(placesOf(SENTENCES[code])));
    expect(fill(SAID_KO[code], figuresOf(code))).not.toContain('{');
  });

  it('are none where the words are those of somebody else', () => {
    expect(readSaid('connect ECONNREFUSED 127.0.0.1:3306')).toBeNull();
    expect(readSaid(null)).toBeNull();
  });

  it('keep what stands in them as text', () => {
    expect(fill('{line}번째: {code}', { line: 1234, code: '<b>' }, (n) => n.toLocaleString('ko'))).toBe(
      '1,234번째: <b>',
    );
  });
});

describe('problems', () => {
  it('each have a Korean sentence, and no other code has one', () => {
    expect(Object.keys(PROBLEMS_KO).toSorted()).toEqual(Object.keys(PROBLEMS).toSorted());
    for (const sentence of Object.values(PROBLEMS_KO)) expect(sentence).toMatch(HANGUL);
    for (const code of SAY_MORE) expect(PROBLEMS).toHaveProperty(code);
  });
});

describe('checks of integrity', () => {
  it.each(brokenChecks.map((check) => [check.id, check] as const))(
    '%s says in both how it is broken',
    (id, check) => {
      expect(check.ok).toBe(false);
      expect(check.says).not.toBe('');
      expect(checkSaysKo(check, String)).toMatch(HANGUL);
      expect(checkSaysKo(check, String)).not.toMatch(/undefined|NaN/);
      for (const language of ['ko', 'en'] as const) expect(integrity[language].checks[id]).toBeTruthy();
      expect(korean.invariants[id]).toMatch(HANGUL);
      for (const name of Object.keys(check.figures)) expect(FIGURE_NAMES.ko).toHaveProperty(name);
    },
  );

  it('of what people saw in a rehearsal have Korean titles', () => {
    const known = { ...integrity.ko.checks, ...rehearsal.ko.checks };
    for (const id of ['W1', 'W2', 'W3', 'W4', 'L5', 'I11']) expect(known[id]).toMatch(HANGUL);
  });
});

describe('points of the checklist and parts', () => {
  it.each(['ko', 'en'] as const)('have their words in %s', (language) => {
    for (const code of POINT_CODES) expect(checklist[language].says[code]?.(() => '1')).toBeTruthy();
    for (const id of POINTS) expect(checklist[language].names[id]).toBeTruthy();
    for (const part of PARTS) {
      expect(PART_WORDS[language][part].name).toBeTruthy();
      expect(PART_WORDS[language][part].fault).toBeTruthy();
    }
  });
});

describe('jobs', () => {
  it('have Korean names, and so have their params and their steps', () => {
    // Nothing of it is used before a job runs.
    const nothing = { stored: {}, sweep: { keep: { rows: {} } }, heat: {}, stage: {} } as unknown as JobParts;
    for (const { name, params, steps } of makeJobs(nothing)) {
      expect([name, KOREAN[name]?.summary]).toEqual([name, expect.stringMatching(HANGUL)]);
      const { properties = {} } = params as { properties?: Record<string, unknown> };
      for (const param of Object.keys(properties)) {
        expect([name, param, KOREAN_PARAMS[param]]).toEqual([name, param, expect.stringMatching(HANGUL)]);
      }
      for (const step of steps) expect(KOREAN_STEPS).toHaveProperty([step.name]);
    }
  });
});
