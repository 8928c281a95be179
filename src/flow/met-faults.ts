/** Faults that a campaign met, as one line for each part and time, with what they did to the people who pressed. */

import type { Campaign } from '../core/campaign.ts';
import { startsAt } from '../core/campaign.ts';
import { isUnavailable } from '../core/series.ts';
import type { CountedStretch, Figures } from '../ports/figures.ts';

/** Times are epoch ms. */
export interface MetFault {
  part: string;
  what: string;
  since: number;
  until: number;
  /** false: it was not seen to end */
  over: boolean;
  /** processes that saw it */
  processes: number;
  /** presses that were told meanwhile that it cannot be decided now */
  unavailable: number;
}

const FAULTS_MAX = 1_000;
/** Processes do not look at the same moment. */
const SAME_MS = 1_500;
/** Answers are counted this much late, and a part that is away is seen this much late. */
const MARGIN_MS = 1_000;

/** From the opening or the first press to the last one or the end of the campaign. */
export async function metFaults(
  store: Pick<Figures, 'faults'>,
  campaign: Campaign,
  counted: readonly CountedStretch[],
  lastWonAt: number | null,
  now: number,
): Promise<MetFault[]> {
  const first = counted[0]?.at ?? startsAt(campaign);
  if (first === null) return [];
  const last = counted.reduce((end, { at, widthMs }) => Math.max(end, at + widthMs), lastWonAt ?? first);
  const isOver = campaign.closedAt !== null || campaign.archivedAt !== null;
  const to = isOver ? Math.max(last, campaign.closedAt ?? 0) : now;
  const found = await store.faults(campaign.id, first, to + MARGIN_MS, FAULTS_MAX);
  const merged: (MetFault & { sources: Set<string> })[] = [];
  for (const { part, what, since, until, over, source } of found) {
    const same = merged.find((one) => one.part === part && since <= one.until + SAME_MS);
    if (same) {
      same.sources.add(source);
      same.until = Math.max(same.until, until);
      same.over = same.over && over;
    } else {
      const sources = new Set([source]);
      merged.push({ part, what, since, until, over, sources, processes: 0, unavailable: 0 });
    }
  }
  return merged.map(({ sources, ...fault }) => ({
    ...fault,
    processes: sources.size,
    unavailable: during(counted, fault),
  }));
}

function during(
  counted: readonly CountedStretch[],
  { since, until }: { since: number; until: number },
): number {
  let sum = 0;
  for (const { at, widthMs, name, count } of counted) {
    if (at > until + MARGIN_MS || at + widthMs < since - MARGIN_MS) continue;
    if (isUnavailable(name)) sum += count;
  }
  return sum;
}
