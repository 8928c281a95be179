/** What is different between two values, by the path of each part. */

export interface Change {
  /** `release.perSecond`; '': the whole */
  path: string;
  /** undefined: it was not there */
  before: unknown;
  after: unknown;
  /** the two tell of different things: neither was added or removed */
  apart: boolean;
}

/** They change with every change and say nothing of it. */
const ALWAYS = new Set(['updatedAt', 'version']);

type Parts = Record<string, unknown>;

const isParts = (value: unknown): value is Parts =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Only what changed. Against nothing each part that says something is a change: what was made, or what was removed.
 */
export function changesOf(before: unknown, after: unknown): Change[] {
  const found: Change[] = [];
  compare('', before ?? undefined, after ?? undefined, found);
  const isApart = isParts(before) && isParts(after) && !Object.keys(before).some((name) => name in after);
  for (const change of found) change.apart = isApart;
  const told = found.filter(({ path }) => !ALWAYS.has(path));
  return told.length === 0 ? found : told;
}

function compare(path: string, before: unknown, after: unknown, found: Change[]): void {
  if (isParts(before) || isParts(after)) {
    const [left, right] = [isParts(before) ? before : {}, isParts(after) ? after : {}];
    if (
      (before === undefined || before === null || isParts(before)) &&
      (after === undefined || after === null || isParts(after))
    ) {
      for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
        compare(path === '' ? name : `${path}.${name}`, left[name], right[name], found);
      }
      return;
    }
  }
  const isSame = JSON.stringify(before ?? null) === JSON.stringify(after ?? null);
  if (!isSame) found.push({ path, before, after, apart: false });
}

/** As short as it can be read. */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `quantity: 100 → 120`; what was not there before is told alone. */
export function changeText({ path, before, after }: Change): string {
  const was = before === undefined || before === null ? '' : `${valueText(before)} → `;
  return `${path === '' ? '' : `${path}: `}${was}${valueText(after)}`;
}
