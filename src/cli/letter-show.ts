/** How dead letters look in a terminal. */
import type { LetterShown, Totals } from './dead-letters.ts';
import { columns, count, dim, marks, strong } from './print.ts';

const MARKS: Readonly<Record<string, string>> = {
  dead: marks.fail,
  replayed: marks.ok,
  discarded: marks.skip,
};
const WOULD: Readonly<Record<string, string>> = {
  would_issue: 'a replay would issue it',
  already_there: 'it is there already',
  would_stay: 'a replay would not help yet',
};

/** Two lines for each: what it is about, and why. */
export function letterLines(letters: readonly LetterShown[]): string[] {
  const rows = letters.map(({ id, state, campaignId, type, seq, userId, tries, lastAt }) => [
    MARKS[state] ?? marks.warn,
    strong(String(id)),
    campaignId ?? dim('of no campaign'),
    seq === null ? type : `No. ${seq}`,
    userId ?? dim('–'),
    state,
    `${tries} ${tries === 1 ? 'try' : 'tries'}`,
    dim(lastAt),
  ]);
  return columns(rows, ['left', 'right']).flatMap((line, at) => {
    const { reason, wouldDo } = letters[at] as LetterShown;
    const would = wouldDo === null ? '' : ` → ${WOULD[wouldDo.kind] ?? wouldDo.kind}`;
    return [line, dim(`     ${reason}${would}`)];
  });
}

export function oneLetterLines(letter: LetterShown): string[] {
  const { causes, source, payload, firstAt, lastAt, resolvedAt, resolvedBy, resolvedReason } = letter;
  const became =
    resolvedAt === null
      ? []
      : [['resolved', `${resolvedAt} by ${resolvedBy ?? '–'}: ${resolvedReason ?? '–'}`]];
  const facts = [
    ['from', source],
    ['first try', firstAt],
    ['last try', lastAt],
    ...became,
    ['payload', payload],
  ];
  return [
    ...letterLines([letter]),
    ...causes.map(
      ({ message, code }) => `     ${dim('because')} ${message}${code === null ? '' : dim(` (${code})`)}`,
    ),
    ...columns(facts.map(([name = '', text = '']) => [dim(`     ${name}`), text])),
  ];
}

export function outcomeLine(
  id: string,
  { outcome, why }: { outcome: string; why: string | null },
  dryRun: boolean,
): string {
  if (outcome === 'stays') return `${marks.fail} ${id} ${dryRun ? 'would stay' : 'stays'} dead: ${why ?? ''}`;
  if (outcome === 'already_there') return `${marks.ok} ${id} is there already`;
  return `${marks.ok} ${id} ${dryRun ? 'would be issued' : 'is issued'}`;
}

export function totalsLine({ issued, alreadyThere, stillDead }: Totals, dryRun: boolean): string {
  const words = dryRun ? ['would be issued', 'would stay dead'] : ['issued', 'still dead'];
  const mark = stillDead === 0 ? marks.ok : marks.fail;
  return `${mark} ${count(issued)} ${words[0]}, ${count(alreadyThere)} there already, ${count(stillDead)} ${words[1]}`;
}
