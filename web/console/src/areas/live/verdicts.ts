/** Verdicts in the few groups that a plot can tell apart, each with a colour and a filling of its own. */

import type { Sample, Stats } from './figures.ts';

export const GROUPS = ['won', 'again', 'pending', 'sold_out', 'refused', 'fault'] as const;
export type Group = (typeof GROUPS)[number];

/** The token it is drawn in, and whether plain, dotted or hatched: colour is not the only sign. */
export const LOOKS: Readonly<Record<Group, { token: string; filling: 'plain' | 'dots' | 'hatch' }>> = {
  won: { token: '--won', filling: 'plain' },
  again: { token: '--won', filling: 'hatch' },
  pending: { token: '--wait', filling: 'dots' },
  sold_out: { token: '--ink-2', filling: 'plain' },
  refused: { token: '--ink-2', filling: 'hatch' },
  fault: { token: '--fault', filling: 'hatch' },
};

const BY_VERDICT: Readonly<Record<string, Group>> = {
  won: 'won',
  already_won: 'again',
  pending: 'pending',
  sold_out: 'sold_out',
  ineligible: 'refused',
  paused: 'refused',
  not_open: 'refused',
  closed: 'refused',
  rate_limited: 'refused',
};

/** Where people wait for their verdict, a press is counted when its verdict is known. */
export function countsOf({ verdicts, laterVerdicts }: Stats): Record<Group, number> {
  const counts = { won: 0, again: 0, pending: 0, sold_out: 0, refused: 0, fault: 0 };
  for (const [verdict, count] of [...Object.entries(verdicts), ...Object.entries(laterVerdicts)]) {
    counts[BY_VERDICT[verdict] ?? 'fault'] += count;
  }
  const later = Object.values(laterVerdicts).reduce((sum, count) => sum + count, 0);
  counts.pending = Math.max(0, counts.pending - later);
  return counts;
}

/** For each second how many of each group there were; null where that is not known. */
export function ratesOf(samples: readonly Sample[]): (Record<Group, number> | null)[] {
  return samples.map((sample, index) => {
    const before = samples[index - 1];
    if (!sample.stats || !before?.stats) return null;
    const [from, to] = [countsOf(before.stats), countsOf(sample.stats)];
    const seconds = Math.max(0.001, (sample.at - before.at) / 1000);
    const rate = (group: Group): number => Math.max(0, to[group] - from[group]) / seconds;
    return Object.fromEntries(GROUPS.map((group) => [group, rate(group)])) as Record<Group, number>;
  });
}

/** Each group on top of those before it, for stacked areas: `stacked[i]` is the upper edge of group i. */
export function stackedOf(rates: readonly (Record<Group, number> | null)[]): (number | null)[][] {
  const sums = rates.map(() => 0);
  return GROUPS.map((group) =>
    rates.map((rate, index) => {
      if (rate === null) return null;
      sums[index] = (sums[index] ?? 0) + rate[group];
      return sums[index] as number;
    }),
  );
}
