/** The invariants as the server finds them, and what was found since the view was opened. */

import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { checkSaysKo } from '../../../../../src/words/checks.ts';
import { ask } from '../../api.ts';
import type { Language } from '../../language.tsx';

export interface Check {
  id: string;
  ok: boolean;
  basis: 'counted' | 'sampled';
  figures: Record<string, number | boolean | null>;
  says: string;
}

export interface Report {
  ok: boolean;
  campaignId: string;
  checkedAt: string;
  drained: boolean;
  gate: 'compared' | 'rebuilding' | 'away' | 'over';
  checks: Check[];
}

/** What there is to say of a check beside what is always true: how it is broken, or what is on its way; null: nothing. */
export function checkText(
  check: Pick<Check, 'id' | 'ok' | 'figures' | 'says'>,
  language: Language,
  number: (value: number) => string,
): string | null {
  const inKorean = checkSaysKo(check, number);
  // Nothing compared is told by the mark of the row.
  if (check.ok && (inKorean === null || check.figures['compared'] === 0)) return null;
  return language === 'ko' ? (inKorean ?? check.says) : check.says;
}

/** One result: when, and what was broken then. */
export interface Past {
  at: number;
  broken: string[];
}

const AGAIN_MS = 5_000;
const HOUR_MS = 3_600_000;
/** Of each campaign that was looked at in this tab; gone with it. */
const pasts = new Map<string, Past[]>();

export function useReport(campaignId: string): {
  query: ReturnType<typeof useQuery<Report>>;
  past: readonly Past[];
} {
  const query = useQuery<Report>({
    queryKey: ['integrity', campaignId],
    queryFn: () => ask<Report>(`/v1/admin/campaigns/${encodeURIComponent(campaignId)}/integrity`),
    refetchInterval: AGAIN_MS,
  });
  const { data } = query;
  const past = withResult(pasts.get(campaignId) ?? [], data);
  useEffect(() => {
    pasts.set(campaignId, past);
  });
  return { query, past };
}

function withResult(past: Past[], report: Report | undefined): Past[] {
  if (!report) return past;
  const at = Date.parse(report.checkedAt);
  if ((past.at(-1)?.at ?? 0) >= at) return past;
  const broken = report.checks.filter(({ ok }) => !ok).map(({ id }) => id);
  return [...past.filter((one) => one.at > at - HOUR_MS), { at, broken }];
}

/** A file of what was found, as the server told it. */
export function save(report: Report): void {
  const link = document.createElement('a');
  const text = `${JSON.stringify(report, null, 2)}\n`;
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = `${report.campaignId}-integrity-${report.checkedAt.replaceAll(/[:.]/g, '-')}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
