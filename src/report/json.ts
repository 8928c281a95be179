/** A report as JSON, in the words of the API: times are RFC 3339 in UTC, lengths of time are milliseconds. */

import type { Campaign } from '../core/campaign.ts';
import { quantitySaid, startsAt } from '../core/campaign.ts';
import { PEOPLE_ERROR } from '../core/hyperloglog.ts';
import { readSaid } from '../core/said.ts';
import type { Report, Winner } from '../flow/report.ts';

const text = (ms: number): string => new Date(ms).toISOString();
const textOrNull = (ms: number | null): string | null => (ms === null ? null : text(ms));

export function reportJson(report: Report): Record<string, unknown> {
  const { presses, counted, sellOut, remaining, units, latency, integrity } = report;
  return {
    campaignId: report.campaign.id,
    generatedAt: text(report.generatedAt),
    status: report.status,
    campaign: campaignJson(report.campaign),
    given: report.given,
    presses: {
      total: presses.total,
      verdicts: presses.verdicts,
      laterVerdicts: presses.later,
      unavailable: report.unavailable,
      countedBy: 'processes',
      processes: counted.processes,
      countedUntil: textOrNull(counted.notedAt),
    },
    answersOverTime: presses.span && {
      ...{ from: text(presses.span.from), to: text(presses.span.to), stepMs: presses.span.stepMs },
      outside: presses.outside,
      steps: presses.steps.map(({ at, counts }) => ({ at: text(at), ...counts })),
    },
    sellOut: sellOut && {
      ...{ startedAt: text(sellOut.startedAt), soldOutAt: text(sellOut.soldOutAt) },
      ...{ tookMs: sellOut.tookMs, fromFirstWinMs: sellOut.fromFirstWinMs },
    },
    remainingOverTime: remaining && {
      from: text(remaining.span.from),
      stepMs: remaining.span.stepMs,
      left: remaining.left,
    },
    latencyMs: latency && { ...latency, sampledEvery: 16 },
    winners: {
      units: report.winners.units,
      people: report.winners.people,
      first: winnerJson(report.winners.first),
      last: winnerJson(report.winners.last),
    },
    demand: { ...report.demand, standardError: PEOPLE_ERROR, confidence: 0.95 },
    units: {
      totals: units.totals,
      overTime: units.span && {
        stepMs: units.span.stepMs,
        steps: units.steps.map(({ at, ...counts }) => ({ at: text(at), ...counts })),
      },
    },
    faults: report.faults.map(({ since, until, ...fault }) => ({
      ...fault,
      whatSaid: readSaid(fault.what),
      from: text(since),
      until: text(until),
      lastedMs: until - since,
    })),
    deadLetters: report.deadLetters,
    integrity: { ...integrity, checkedAt: text(integrity.checkedAt) },
  };
}

function winnerJson(winner: Winner | null): Record<string, unknown> | null {
  return winner && { seq: winner.seq, userId: winner.userId, wonAt: text(winner.wonAt) };
}

function campaignJson(campaign: Campaign): Record<string, unknown> {
  const { name, kind, mode, perUserLimit, durability, release, line, confirm, codes } = campaign;
  return {
    ...{ name, kind, mode, quantity: quantitySaid(campaign), perUserLimit, durability },
    ...{ release, line, confirm, codes, returnUnits: campaign.returnUnits, returned: campaign.returned },
    opensAt: textOrNull(startsAt(campaign)),
    closesAt: textOrNull(campaign.closedAt ?? campaign.closesAt),
    benefit: campaign.benefit,
    couponExpiresAt: textOrNull(campaign.couponExpiresAt),
    validDays: campaign.validDays,
  };
}
