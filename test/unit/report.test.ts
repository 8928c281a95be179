// Protects: the figures of a report are those of the record and of all processes together, and follow from nothing else:
// when it sold out, who was first and last, how many left without a unit, what a fault did.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { People } from '../../src/core/hyperloglog.ts';
import { LatencyHistogram } from '../../src/core/latency-histogram.ts';
import { PROBLEMS } from '../../src/core/problem.ts';
import {
  answerGroup,
  groupsOver,
  isUnavailable,
  pressSpan,
  spanOf,
  totalsOf,
} from '../../src/core/series.ts';
import { VERDICTS } from '../../src/core/verdict.ts';
import { makeCatalog } from '../../src/flow/catalog.ts';
import type { Report, ReportParts } from '../../src/flow/report.ts';
import { makeReport } from '../../src/flow/report.ts';
import type { CountedStretch, PartFault, SourceFigures } from '../../src/ports/figures.ts';
import type { RecordCounts, StoredClaim } from '../../src/ports/record.ts';
import { sampleCampaign, T0 } from '../support/samples.ts';

const DAY = 86_400_000;
const COUNTS: RecordCounts = {
  ...{ issued: 100, redeemed: 40, revoked: 0, expired: 0, returned: 0, unissued: 0, lastSeq: 100 },
  ...{ distinctUsers: 100, perUserMax: 1, distinctSeqs: 100, withCode: 100, distinctCodes: 100 },
  ...{ firstWonAt: T0 + 200, lastWonAt: T0 + 900 },
};

interface Given {
  campaign?: Parameters<typeof sampleCampaign>[0];
  counts?: Partial<RecordCounts>;
  counted?: CountedStretch[];
  sources?: SourceFigures[];
  faults?: (PartFault & { source: string })[];
  acts?: Record<string, { at: number; count: number }[]>;
  units?: Record<number, number>;
  now?: number;
  flush?: () => Promise<void>;
}

async function report(given: Given): Promise<Report> {
  const catalog = makeCatalog();
  const campaign = sampleCampaign({ openedAt: T0, ...given.campaign });
  catalog.put(campaign);
  const unit = (seq: number): StoredClaim[] => {
    const wonAt = given.units?.[seq] ?? T0 + 200 + seq;
    return [{ seq, userId: `u-${seq}`, wonAt } as StoredClaim];
  };
  const parts: ReportParts = {
    catalog,
    record: {
      counts: async () => ({ ...COUNTS, ...given.counts }),
      page: async (_id, after) => unit(after + 1),
      find: async (_id, by) => ('seq' in by ? unit(by.seq) : []),
    },
    stored: { letters: { counts: async () => ({ dead: 2, replayed: 0, discarded: 0, units: 2 }) } },
    store: {
      counts: async () => given.counted ?? [],
      sources: async (_id, after, limit) =>
        (given.sources ?? []).filter(({ source }) => source > after).slice(0, limit),
      faults: async () => given.faults ?? [],
      acts: async (_id, act) => given.acts?.[act] ?? [],
    },
    system: { now: () => given.now ?? T0 + DAY },
    integrity: async (campaignId) => ({
      ...{ ok: true, campaignId, checkedAt: T0, drained: true, gate: 'compared', checks: [] },
    }),
    ...(given.flush && { figures: { flush: given.flush } }),
  };
  const made = await makeReport(parts)(campaign.id);
  if (made === null) throw new Error('no report');
  return made;
}

const stretch = (at: number, name: string, count: number): CountedStretch => ({
  at: T0 + at,
  widthMs: 100,
  name,
  count,
});

function source(name: string, from: number, to: number): SourceFigures {
  const people = new People([1, 2]);
  const latency = new LatencyHistogram();
  for (let i = from; i < to; i++) {
    people.see(`u-${i}`);
    latency.add(i < 990 ? 1 : 50);
  }
  const times = { startedAt: T0, notedAt: T0 + to };
  return { source: name, ...times, latency: latency.stored(), people: people.registers };
}

describe('a report', () => {
  it('adds up what all processes have counted', async () => {
    const { presses, demand, latency, counted, unavailable } = await report({
      counted: [
        stretch(0, 'won', 60),
        stretch(0, 'sold_out', 10),
        stretch(100, 'won', 40),
        stretch(100, 'gate_unavailable', 7),
        stretch(200, 'later:sold_out', 5),
      ],
      sources: Array.from({ length: 120 }, (_, i) =>
        source(`s-${String(i).padStart(3, '0')}`, i === 0 ? 0 : 500, i === 0 ? 600 : 1000),
      ),
    });
    expect(presses.verdicts).toEqual({ won: 100, sold_out: 10, gate_unavailable: 7 });
    expect([presses.total, presses.later, unavailable]).toEqual([117, { sold_out: 5 }, 7]);
    expect(presses.steps.map(({ counts }) => counts)).toEqual([
      { won: 60, sold_out: 10 },
      { won: 40, unavailable: 7 },
    ]);
    expect(counted).toEqual({ processes: 120, notedAt: T0 + 1000 });
    expect(Math.abs(demand.people.count - 1000)).toBeLessThan(40);
    expect(demand.turnedAway.count).toBe(demand.people.count - 100);
    expect(latency?.p50).toBeCloseTo(1, 1);
    expect(latency?.max).toBeGreaterThan(48);
  });

  it('knows when it sold out by the win that took the last unit, and when it did not', async () => {
    const sold = await report({});
    expect(sold.sellOut).toEqual({ startedAt: T0, soldOutAt: T0 + 900, tookMs: 900, fromFirstWinMs: 700 });
    expect((await report({ counts: { issued: 99 } })).sellOut).toBeNull();
    expect((await report({ campaign: { openedAt: null } })).sellOut).toBeNull();
  });

  it('says of units that came back when none was left for the first time', async () => {
    const back = await report({
      campaign: { quantity: 103, returned: 3 },
      counts: { issued: 101, returned: 3, lastSeq: 101, lastWonAt: T0 + DAY },
      units: { 100: T0 + 900 },
    });
    expect(back.sellOut?.tookMs).toBe(900);
    expect([back.quantity, back.given]).toEqual([100, 98]);
  });

  it('tells nobody turned away who has a unit, whatever the estimate is', async () => {
    const { demand } = await report({});
    expect(demand.people).toEqual({ count: 100, low: 100, high: 100 });
    expect(demand.turnedAway).toEqual({ count: 0, low: 0, high: 0 });
  });

  it('has the faults as one line for each part and time, with what they did', async () => {
    const fault = { part: 'log', campaignId: '', what: 'gone', over: true };
    const { faults } = await report({
      counted: [
        stretch(0, 'won', 1),
        stretch(5_000, 'gate_unavailable', 300),
        stretch(90_000, 'overloaded', 9),
      ],
      faults: [
        { ...fault, source: 'a', since: T0 + 4_000, until: T0 + 8_000 },
        { ...fault, source: 'b', since: T0 + 4_600, until: T0 + 9_000 },
        { ...fault, source: 'b', since: T0 + 40_000, until: T0 + 41_000, over: false },
      ],
    });
    expect(
      faults.map(({ since, until, processes, unavailable, over }) => [
        since - T0,
        until - T0,
        processes,
        unavailable,
        over,
      ]),
    ).toEqual([
      [4_000, 9_000, 2, 300, true],
      [40_000, 41_000, 1, 0, false],
    ]);
  });

  it('puts units that ran out where they ran out', async () => {
    const { units } = await report({
      campaign: { validDays: 7 },
      counts: { expired: 60 },
      acts: { won: [{ at: T0 - (T0 % DAY), count: 100 }], unused: [{ at: T0 - (T0 % DAY), count: 60 }] },
      now: T0 + 30 * DAY,
    });
    const ran = units.steps.filter(({ expired }) => expired > 0);
    expect(ran.map(({ expired }) => expired)).toEqual([60]);
    expect(Math.abs((ran[0]?.at ?? 0) - T0 - 7 * DAY)).toBeLessThan(2 * DAY);
    expect(units.totals).toEqual({ issued: 100, redeemed: 40, revoked: 0, returned: 0, expired: 60 });
  });

  it('goes on without what this process cannot store now', async () => {
    const made = await report({ flush: () => Promise.reject(new Error('away')) });
    expect([made.deadLetters, made.winners.first?.seq, made.winners.last?.seq]).toEqual([2, 1, 100]);
  });
});

describe('stretches of time', () => {
  const counted = fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 5_000 }).map((step) => T0 + step * 100),
      widthMs: fc.constant(100),
      name: fc.constantFrom('won', 'sold_out', 'pending', 'overloaded'),
      count: fc.integer({ min: 1, max: 1_000 }),
    }),
    { minLength: 1, maxLength: 60 },
  );

  it('shows all but a hundredth of the presses, in few steps, none twice', () => {
    fc.assert(
      fc.property(counted, (unsorted) => {
        const all = [...unsorted].sort((a, b) => a.at - b.at);
        const span = pressSpan(all, T0, 150);
        if (span === null) throw new Error('no span');
        const steps = groupsOver(all, span);
        expect(steps.length).toBeLessThanOrEqual(152);
        const total = all.reduce((sum, { count }) => sum + count, 0);
        const shown = steps
          .flatMap(({ counts }) => Object.values(counts))
          .reduce((sum, count) => sum + count, 0);
        expect(shown).toBeGreaterThanOrEqual(0.99 * total - 1);
        expect(shown).toBeLessThanOrEqual(total);
        expect(Object.values(totalsOf(all)).reduce((a, b) => a + b)).toBe(total);
      }),
    );
    expect(pressSpan([], T0, 150)).toBeNull();
  });

  it('begins and ends with whole steps, however long it is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10 ** 12 }),
        fc.integer({ min: 1, max: 10 ** 12 }),
        (from, length) => {
          const span = spanOf(from, from + length, 60);
          expect([span.from % span.stepMs, span.to % span.stepMs]).toEqual([0, 0]);
          expect(span.from).toBeLessThanOrEqual(from);
          expect(span.to).toBeGreaterThanOrEqual(from + length);
          expect((span.to - span.from) / span.stepMs).toBeLessThanOrEqual(62);
        },
      ),
    );
  });

  it('has a group for each verdict and problem', () => {
    for (const verdict of VERDICTS) expect(isUnavailable(verdict)).toBe(false);
    const failed = Object.keys(PROBLEMS).filter((code) => answerGroup(code) === 'unavailable');
    expect(failed).toEqual(expect.arrayContaining(['overloaded', 'gate_unavailable', 'outcome_unknown']));
    expect([answerGroup('closed'), answerGroup('rate_limited'), answerGroup('constructor')]).toEqual([
      ...['refused', 'rate_limited', 'refused'],
    ]);
  });
});
