/** Ratios measured in one run: rounds of A and B in turn, the ratio within each round, median and range told. */

export interface Figure {
  id: string;
  what: string;
  median: number;
  min: number;
  max: number;
  unit: string;
  target: string;
  met: boolean;
  /** absolute values behind it, for the reader; they are not stable */
  notes: Record<string, number | string>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export interface Target {
  id: string;
  what: string;
  unit: string;
  atLeast?: number;
  atMost?: number;
}

export function figure(target: Target, values: readonly number[], notes: Figure['notes'] = {}): Figure {
  const value = median(values);
  const { atLeast, atMost } = target;
  return {
    id: target.id,
    what: target.what,
    unit: target.unit,
    median: value,
    min: Math.min(...values),
    max: Math.max(...values),
    target: atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`,
    met: (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost),
    notes,
  };
}

/** BENCH_SHORT=1: little of everything, to see that a case works; its figures count for nothing. */
export const isShort = process.env['BENCH_SHORT'] === '1';

/** Runs `round` so many times, in order; what it returns are the values of a figure. */
export async function rounds<T>(count: number, round: (index: number) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  const many = isShort ? 1 : count;
  for (let index = 0; index < many; index++) all.push(await round(index));
  return all;
}
