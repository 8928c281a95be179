/**
 * How a campaign went, in one piece: what people were told and how fast, when it sold out, how many left without a unit,
 * what became of the units, what broke meanwhile, and whether every invariant holds. Wins and units are from the record;
 * presses, waiting times and people are counted by the processes that answered them (flow/figures), and said to be so.
 */

import type { Campaign, Status } from '../core/campaign.ts';
import { expiryOf, isIssuedByJob, quantitySaid, startsAt, statusOf } from '../core/campaign.ts';
import type { Estimate } from '../core/hyperloglog.ts';
import { emptyRegisters, estimate, mergeRegisters } from '../core/hyperloglog.ts';
import { bucketEndMs, LatencyHistogram } from '../core/latency-histogram.ts';
import type { AnswerGroup, Span } from '../core/series.ts';
import { groupsOver, isUnavailable, pressSpan, spanOf, totalsOf } from '../core/series.ts';
import type { DeadLetters } from '../ports/dead-letters.ts';
import type { CountedStretch, Figures, UnitAct } from '../ports/figures.ts';
import type { RecordCounts, RecordStore } from '../ports/record.ts';
import type { System } from '../ports/system.ts';
import type { Catalog } from './catalog.ts';
import type { NotedFigures } from './figures.ts';
import { LATER } from './figures.ts';
import type { IntegrityReport } from './integrity.ts';
import type { MetFault } from './met-faults.ts';
import { metFaults } from './met-faults.ts';

export interface ReportParts {
  catalog: Pick<Catalog, 'get'>;
  record: Pick<RecordStore, 'counts' | 'page' | 'find'>;
  stored: { letters: Pick<DeadLetters, 'counts'> };
  store: Pick<Figures, 'counts' | 'sources' | 'faults' | 'acts'>;
  system: Pick<System, 'now'>;
  integrity: (campaignId: string) => Promise<IntegrityReport | null>;
  /** what this process has counted and not stored yet; absent: it answers nobody */
  figures?: Pick<NotedFigures, 'flush'> | undefined;
}

export interface Winner {
  seq: number;
  userId: string;
  /** epoch ms */
  wonAt: number;
}

/** Times are epoch ms. */
export interface Report {
  campaign: Campaign;
  /** in the operator's words: units that came back count once */
  quantity: number;
  /** units out of the stock, by the record */
  given: number;
  status: Status;
  generatedAt: number;
  presses: {
    total: number;
    /** answers to presses, by verdict or problem */
    verdicts: Record<string, number>;
    /** verdicts that came after the answer, where people wait for them */
    later: Record<string, number>;
    /** null: nobody pressed */
    span: Span | null;
    steps: { at: number; counts: Partial<Record<AnswerGroup, number>> }[];
    /** answers before or after the span */
    outside: number;
  };
  /** processes that counted; `notedAt`: when the last of them did */
  counted: { processes: number; notedAt: number | null };
  /** null: units are left, or there is no time from which to count */
  sellOut: { startedAt: number; soldOutAt: number; tookMs: number; fromFirstWinMs: number } | null;
  /** units left at the end of each step, by the wins in the record */
  remaining: { span: Span; left: number[] } | null;
  latency: Latency | null;
  winners: { units: number; people: number; first: Winner | null; last: Winner | null };
  demand: { people: Estimate; turnedAway: Estimate };
  units: { totals: UnitTotals; span: Span | null; steps: UnitStep[] };
  faults: MetFault[];
  /** answers that said that it cannot be decided now */
  unavailable: number;
  deadLetters: number;
  integrity: IntegrityReport;
}

export interface Latency {
  measured: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
  /** ms, by powers of the square root of two */
  bars: { fromMs: number; toMs: number; count: number }[];
}

export type UnitTotals = Record<'issued' | 'redeemed' | 'revoked' | 'returned' | 'expired', number>;
/** In this step, not since the beginning. */
export type UnitStep = { at: number } & UnitTotals;

const PRESS_STEPS_MAX = 150;
const REMAINING_STEPS_MAX = 150;
const UNIT_STEPS_MAX = 60;
const UNIT_STEP_MIN_MS = 1_000;
const SOURCES_PAGE = 100;
/** Histogram buckets in one bar. */
const BUCKETS_A_BAR = 8;

/** Null when there is no such campaign. Throws what the record throws. */
export type MakeReport = (campaignId: string) => Promise<Report | null>;

export function makeReport(parts: ReportParts): MakeReport {
  return async (campaignId) => {
    const { catalog, figures, system } = parts;
    const live = catalog.get(campaignId);
    if (!live) return null;
    // What cannot be stored now is missing, and the report says how old the rest is.
    await figures?.flush().catch(() => undefined);
    // First: it waits until the record has what was told.
    const integrity = await parts.integrity(campaignId);
    if (integrity === null) return null;
    const now = system.now();
    const { campaign } = live;
    const [counts, counted, deadLetters] = await Promise.all([
      parts.record.counts(campaignId, now),
      parts.store.counts(campaignId),
      parts.stored.letters.counts(campaignId).then(({ dead }) => dead),
    ]);
    const presses = pressesOf(counted, campaign);
    const measured = await measuresOf(parts, campaignId);
    return {
      campaign,
      quantity: quantitySaid(campaign),
      given: counts.issued - counts.returned,
      status: statusOf(campaign, Math.max(live.issued, counts.issued), now),
      generatedAt: now,
      presses,
      counted: { processes: measured.processes, notedAt: measured.notedAt },
      sellOut: await sellOutOf(parts, campaign, counts),
      remaining: await remainingOf(parts, campaign, counts),
      latency: latencyOf(measured.latency),
      winners: await winnersOf(parts, campaignId, counts),
      demand: demandOf(measured.people, counts),
      units: await unitsOf(parts, campaign, counts, now),
      faults: await metFaults(parts.store, campaign, counted, counts.lastWonAt, now),
      unavailable: sumOf(counted, isUnavailable),
      deadLetters,
      integrity,
    };
  };
}

function sumOf(counted: readonly CountedStretch[], matches: (name: string) => boolean): number {
  return counted.reduce((sum, { name, count }) => (matches(name) ? sum + count : sum), 0);
}

function pressesOf(counted: readonly CountedStretch[], campaign: Campaign): Report['presses'] {
  const told = counted.filter(({ name }) => !name.startsWith(LATER));
  const later = counted
    .filter(({ name }) => name.startsWith(LATER))
    .map((one) => ({ ...one, name: one.name.slice(LATER.length) }));
  const span = pressSpan(told, startsAt(campaign), PRESS_STEPS_MAX);
  const steps = span === null ? [] : groupsOver(told, span);
  const total = sumOf(told, () => true);
  const inside = steps.reduce((sum, { counts }) => Object.values(counts).reduce((a, b) => a + b, sum), 0);
  return { total, verdicts: totalsOf(told), later: totalsOf(later), span, steps, outside: total - inside };
}

interface Measured {
  processes: number;
  notedAt: number | null;
  latency: LatencyHistogram;
  people: Uint8Array;
}

/** Of all processes together. */
async function measuresOf({ store }: ReportParts, campaignId: string): Promise<Measured> {
  const latency = new LatencyHistogram();
  const registers = emptyRegisters();
  let processes = 0;
  let notedAt: number | null = null;
  for (let after = ''; ; ) {
    const page = await store.sources(campaignId, after, SOURCES_PAGE);
    for (const source of page) {
      processes += 1;
      notedAt = Math.max(notedAt ?? 0, source.notedAt);
      latency.merge(source.latency);
      if (source.people !== null) mergeRegisters(registers, source.people);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < SOURCES_PAGE) break;
    after = last.source;
  }
  return { processes, notedAt, latency, people: registers };
}

function latencyOf(histogram: LatencyHistogram): Latency | null {
  if (histogram.total === 0) return null;
  const at = (share: number): number => histogram.percentile(share) ?? 0;
  const bars = new Map<number, number>();
  for (const [bucket, count] of histogram.stored()) {
    const bar = Math.floor(Math.max(0, bucket - 1) / BUCKETS_A_BAR);
    bars.set(bar, (bars.get(bar) ?? 0) + count);
  }
  const found = [...bars.keys()].sort((a, b) => a - b);
  const [low, high] = [found[0] ?? 0, found.at(-1) ?? 0];
  return {
    measured: histogram.total,
    ...{ p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: histogram.max() ?? 0 },
    bars: Array.from({ length: high - low + 1 }, (_, i) => ({
      fromMs: bucketEndMs((low + i) * BUCKETS_A_BAR),
      toMs: bucketEndMs((low + i + 1) * BUCKETS_A_BAR),
      count: bars.get(low + i) ?? 0,
    })),
  };
}

/** By the win that took the last unit; of units that came back, the first time that none was left. */
async function sellOutOf(
  { record }: ReportParts,
  campaign: Campaign,
  counts: RecordCounts,
): Promise<Report['sellOut']> {
  const startedAt = startsAt(campaign);
  const { firstWonAt, lastWonAt, issued } = counts;
  if (startedAt === null || firstWonAt === null) return null;
  let soldOutAt = issued >= campaign.quantity ? lastWonAt : null;
  if (campaign.returned > 0) {
    const [unit] = await record.find(campaign.id, { seq: quantitySaid(campaign) });
    soldOutAt = unit?.wonAt ?? soldOutAt;
  }
  if (soldOutAt === null) return null;
  const tookMs = Math.max(0, soldOutAt - startedAt);
  return { startedAt, soldOutAt, tookMs, fromFirstWinMs: Math.max(0, soldOutAt - firstWonAt) };
}

async function remainingOf(
  { store }: ReportParts,
  campaign: Campaign,
  { firstWonAt, lastWonAt }: RecordCounts,
): Promise<Report['remaining']> {
  if (firstWonAt === null || lastWonAt === null) return null;
  const span = spanOf(firstWonAt, lastWonAt + 1, REMAINING_STEPS_MAX);
  const wins = await actsOver(store, campaign.id, 'won', span);
  const back = campaign.returned > 0 ? await actsOver(store, campaign.id, 'returned', span) : [];
  let left = quantitySaid(campaign);
  return {
    span,
    left: wins.map((count, i) => {
      left += (back[i] ?? 0) - count;
      return Math.max(0, left);
    }),
  };
}

/** Counts of an act in each step of a span. */
async function actsOver(
  store: ReportParts['store'],
  id: string,
  act: UnitAct,
  span: Span,
): Promise<number[]> {
  const { from, to, stepMs } = span;
  const found = await store.acts(id, act, { from, to, widthMs: stepMs });
  const steps = new Array<number>(Math.round((to - from) / stepMs)).fill(0);
  for (const { at, count } of found) steps[Math.round((at - from) / stepMs)] = count;
  return steps;
}

async function winnersOf(
  { record }: ReportParts,
  campaignId: string,
  counts: RecordCounts,
): Promise<Report['winners']> {
  const [first] = await record.page(campaignId, 0, 1);
  const [last] = counts.lastSeq > 0 ? await record.find(campaignId, { seq: counts.lastSeq }) : [];
  const told = (unit: Winner | undefined): Winner | null =>
    unit ? { seq: unit.seq, userId: unit.userId, wonAt: unit.wonAt } : null;
  return { units: counts.issued, people: counts.distinctUsers, first: told(first), last: told(last) };
}

/** Whoever has a unit was not turned away; the error of the estimate is that of all who pressed. */
function demandOf(registers: Uint8Array, { distinctUsers }: RecordCounts): Report['demand'] {
  const seen = estimate(registers);
  const least = (count: number): number => Math.max(distinctUsers, count);
  const people = { count: least(seen.count), low: least(seen.low), high: least(seen.high) };
  const turnedAway = {
    count: people.count - distinctUsers,
    low: people.low - distinctUsers,
    high: people.high - distinctUsers,
  };
  return { people, turnedAway };
}

async function unitsOf(
  { store }: ReportParts,
  campaign: Campaign,
  counts: RecordCounts,
  now: number,
): Promise<Report['units']> {
  const byJob = isIssuedByJob(campaign);
  const totals: UnitTotals = {
    issued: byJob ? counts.issued - counts.unissued : counts.issued,
    ...{ redeemed: counts.redeemed, revoked: counts.revoked },
    ...{ returned: counts.returned, expired: counts.expired },
  };
  if (counts.firstWonAt === null) return { totals, span: null, steps: [] };
  const span = spanOf(counts.firstWonAt, now + 1, UNIT_STEPS_MAX, UNIT_STEP_MIN_MS);
  const of = (act: UnitAct): Promise<number[]> => actsOver(store, campaign.id, act, span);
  const [issued, redeemed, revoked, returned] = await Promise.all([
    of(byJob ? 'issued' : 'won'),
    of('redeemed'),
    of('revoked'),
    of('returned'),
  ]);
  const expired = counts.expired === 0 ? [] : expiredOver(campaign, await of('unused'), span, now);
  const steps = issued.map((count, i) => ({
    at: span.from + i * span.stepMs,
    issued: count,
    redeemed: redeemed[i] ?? 0,
    revoked: revoked[i] ?? 0,
    returned: returned[i] ?? 0,
    expired: expired[i] ?? 0,
  }));
  return { totals, span, steps };
}

/** When unused units ran out, by the step in which they were issued. */
function expiredOver(campaign: Campaign, unused: number[], { from, stepMs }: Span, now: number): number[] {
  const expired = unused.map(() => 0);
  unused.forEach((count, i) => {
    const at = count === 0 ? null : expiryOf(campaign, from + i * stepMs);
    if (at === null || at > now) return;
    const step = Math.max(0, Math.floor((at - from) / stepMs));
    expired[step] = (expired[step] ?? 0) + count;
  });
  return expired;
}
