// A report in which everything has happened, for what writes reports down.

import { audit } from '../../src/core/audit.ts';
import type { Report, UnitStep } from '../../src/flow/report.ts';
import { sampleCampaign, T0 } from './samples.ts';

const SECOND = 1_000;
const DAY = 86_400_000;
const STEPS = 60;

/** Names as somebody would write them who wants to be more than text. */
export const HOSTILE = `<script>alert("1")</script><img src=x onerror='alert(2)'>&amp;=HYPERLINK("http://x")`;

function steps(): Report['presses']['steps'] {
  return Array.from({ length: STEPS }, (_, i) => ({
    at: T0 + i * SECOND,
    counts: {
      won: i < 20 ? 50 : 0,
      already_won: i < 40 ? 12 : 3,
      pending: i % 7 === 0 ? 30 : 0,
      sold_out: i < 18 ? 0 : Math.round(900 * Math.exp(-(i - 18) / 14)),
      refused: i < 3 ? 160 : 4,
      rate_limited: i > 10 && i < 25 ? 40 : 0,
      unavailable: i > 30 && i < 36 ? 85 : 0,
    },
  }));
}

function unitSteps(): UnitStep[] {
  return Array.from({ length: 30 }, (_, i) => ({
    at: T0 + i * DAY,
    issued: i === 0 ? 1_000 : 0,
    redeemed: Math.round(60 * Math.exp(-i / 6)),
    revoked: i === 4 ? 40 : 0,
    returned: i === 5 ? 25 : 0,
    expired: i === 29 ? 360 : 0,
  }));
}

function integrity(): Report['integrity'] {
  const figures = { issued: 1_000, lastSeq: 1_003, perUserMax: 1, distinctSeqs: 1_000, withCode: 1_000 };
  const { checks } = audit({
    ...{ quantity: 1_000, returned: 25, perUserLimit: 1, everyUnitHasCode: true },
    ...{ startsAt: T0, closesAt: null, deadLetters: 3, drained: true, toldSoldOut: true },
    gate: { issued: 1_003, lastSeq: 1_003, issuedBefore: 1_003 },
    record: {
      ...figures,
      distinctCodes: 1_000,
      unissued: 0,
      firstWonAt: T0 + 40,
      lastWonAt: T0 + 20 * SECOND,
    },
    seen: {
      repeats: { compared: 640, different: 0 },
      order: { compared: 0, inverted: 0 },
      soldOut: { compared: 9_120, early: 0 },
    },
  } as Parameters<typeof audit>[0]);
  return {
    ok: false,
    campaignId: 'chicken-1000',
    checkedAt: T0 + DAY,
    drained: true,
    gate: 'compared',
    checks,
  };
}

const LATENCY: Report['latency'] = {
  measured: 2_400,
  ...{ p50: 0.84, p90: 2.1, p99: 14.2, p999: 210, max: 412 },
  bars: Array.from({ length: 20 }, (_, i) => ({
    fromMs: 0.25 * 2 ** (i / 2),
    toMs: 0.25 * 2 ** ((i + 1) / 2),
    count: Math.round(900 * Math.exp(-((i - 4) ** 2) / 5)) + (i > 12 ? 6 : 0),
  })),
};

export function sampleReport(over: Partial<Report> = {}): Report {
  const told = steps();
  const verdicts = { sold_out: 11_900, won: 1_000, rate_limited: 560, gate_unavailable: 425 };
  return {
    campaign: {
      ...sampleCampaign(),
      ...{ id: 'chicken-1000', name: '후라이드 치킨 기프티콘', mode: 'instant', openedAt: null, opensAt: T0 },
      benefit: { title: '후라이드 치킨 1마리', worth: 20_000 },
    },
    ...{ quantity: 1_000, given: 975, status: 'closed', generatedAt: T0 + 30 * DAY },
    presses: {
      total: Object.values(verdicts).reduce((a, b) => a + b),
      verdicts,
      later: { won: 12, sold_out: 30 },
      span: { from: T0, to: T0 + STEPS * SECOND, stepMs: SECOND },
      steps: told,
      outside: 41,
    },
    counted: { processes: 3, notedAt: T0 + 61 * SECOND },
    sellOut: { startedAt: T0, soldOutAt: T0 + 20_400, tookMs: 20_400, fromFirstWinMs: 20_360 },
    remaining: {
      span: { from: T0, to: T0 + 21 * SECOND, stepMs: SECOND },
      left: Array.from({ length: 21 }, (_, i) => Math.max(0, 950 - i * 50)),
    },
    latency: LATENCY,
    winners: {
      ...{ units: 1_000, people: 1_000 },
      first: { seq: 1, userId: 'u-4711', wonAt: T0 + 40 },
      last: { seq: 1_003, userId: '민지-👑', wonAt: T0 + 20_400 },
    },
    demand: {
      people: { count: 9_840, low: 9_683, high: 9_997 },
      turnedAway: { count: 8_840, low: 8_683, high: 8_997 },
    },
    units: {
      totals: { issued: 1_000, redeemed: 384, revoked: 40, returned: 25, expired: 360 },
      span: { from: T0, to: T0 + 30 * DAY, stepMs: DAY },
      steps: unitSteps(),
    },
    faults: [
      {
        part: 'log',
        what: 'The brokers do not answer: connection refused at 10.0.0.7:9092.',
        ...{ since: T0 + 30_400, until: T0 + 36_200, over: true, processes: 3, unavailable: 425 },
      },
      {
        part: 'recorder',
        what: 'The database has not answered for 2 s.',
        ...{ since: T0 + 50_000, until: T0 + 58_000, over: false, processes: 1, unavailable: 0 },
      },
    ],
    unavailable: 425,
    deadLetters: 3,
    integrity: integrity(),
    ...over,
  };
}
