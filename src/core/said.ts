/**
 * What the server says in words of its own and keeps or passes on as text: why a part does not work, why a fact was set
 * aside, why a run failed, why a webhook is off. Each sentence has a code, so that a page can say it in another language;
 * the text itself is English. Whatever no sentence stands for is the word of somebody else, a database or a network.
 */

/** `{name}` is text, `{#name}` a number. A sentence is found again by its text, so no two may read alike. */
export const SENTENCES = {
  // why a part does not work
  gate_rebuilding: 'being made good: nobody is decided on until it is',
  redis_silent: 'Redis does not answer',
  record_silent: 'the record has not answered in time',
  other_writer: 'another process writes as {source}',
  right_not_renewed: 'the right to write to the topic of requests was not renewed in time',
  thread_died: "the {thread}'s thread died: {raw}",
  // why a fact was set aside
  over_quantity: 'over the quantity',
  seq_taken: 'another claim has this seq',
  unknown_campaign: 'no such campaign',
  epoch_not_begun: 'epoch {#epoch} has not begun',
  late_untold:
    'late: decided in epoch {#epoch}, and a later one was opened without it; nobody was told of it',
  late_told:
    'late: decided in epoch {#epoch}, and a later one was opened without it; its user may have been told: {raw}',
  unit_held: 'the user has this unit already: {raw}',
  record_refuses: 'the record refuses it: {raw}',
  // why a run of a job ended or was tried again
  no_campaign: 'There is no campaign {campaign}.',
  record_behind: 'The record is behind what was told in {campaign}. See docs/runbook/recorder-lag.md.',
  invariants_broken:
    'Invariants of {campaign} are broken ({ids}): nothing is issued. See its integrity report.',
  too_many_bad: 'More than {#limit} items cannot be done. The last one: {raw}',
  no_code: 'There is no code for seq {#seq}.',
  grant_undecided: 'Line {#line}: {code}.',
  grant_sold_out: 'Sold out at line {#line}. Raise the quantity and restart the run: it goes on there.',
  grant_not_open: 'The campaign was {verdict} at line {#line}. Open it and restart the run.',
  rehearsal_cut: 'The server was started anew in its middle. Ask for another one.',
  rehearsal_other: 'Another rehearsal is under way: {run}.',
  rehearsal_hot: 'A drop became hot, and people come first. Ask again when it has cooled.',
  file_gone: 'There is no file {file}.',
  file_removed: 'The file {file} was removed. Start the job again.',
  file_removed_early: 'The file {file} was removed while it was being written. Start the job again.',
  file_empty: 'The file {file} names nobody.',
  file_separators: 'Columns are separated by commas; this file has other separators.',
  file_not_text: 'After line {#line} it is not text in UTF-8.',
  file_other_type: 'The file {file} is {type}, not CSV.',
  file_not_gzip: 'The file is no whole gzip.',
  file_too_large: 'Unpacked, the file is too large. Split it.',
  import_gone: 'What was staged is gone. Start the job again.',
  import_others: 'Others import at the same time, again and again. Restart the run.',
  erase_moving: 'something of the campaign is still on its way to the record',
  erase_changed: 'somebody has changed the campaign meanwhile',
  rehearsal_near:
    '{campaign} opens in {#minutes} min. Rehearse more than 10 min before an opening, or after it.',
  rehearsal_hot_now: 'A drop is hot. Rehearse when it has cooled.',
  // why a webhook is off
  hook_by_operator: 'by an operator',
  hook_gone: 'it answered 410: it is no more',
  hook_failing: 'no delivery succeeded in {#tries} tries: {raw}',
  hook_silent: '{#pending} deliveries wait, and none was taken for {#minutes} minutes',
} as const;

export type SaidCode = keyof typeof SENTENCES;

/** A sentence by its code, with what stands in it. */
export interface Said {
  code: SaidCode;
  figures: Record<string, string | number>;
}

const PLACE = /\{(#?)(\w+)\}/g;

/** The sentence as text. Every place of it must be given. */
export function said(code: SaidCode, figures: Said['figures'] = {}): string {
  return SENTENCES[code].replace(PLACE, (_, _number, name: string) => String(figures[name]));
}

interface Reader {
  code: SaidCode;
  pattern: RegExp;
}

const READERS: readonly Reader[] = Object.entries(SENTENCES).map(([code, text]) => {
  const places = text.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&');
  const pattern = places.replace(PLACE, (_, isNumber: string, name: string) =>
    isNumber ? `(?<${name}>\\d+)` : `(?<${name}>[^]*?)`,
  );
  return { code: code as SaidCode, pattern: new RegExp(`^${pattern}$`, 'u') };
});

/** Which sentence a text is, and what stands in it; null: it is none of ours. */
export function readSaid(text: string | null): Said | null {
  if (text === null) return null;
  for (const { code, pattern } of READERS) {
    const found = pattern.exec(text);
    if (found === null) continue;
    const isNumber = (name: string): boolean => SENTENCES[code].includes(`{#${name}}`);
    const figures = Object.entries(found.groups ?? {}).map(([name, value]) => [
      name,
      isNumber(name) ? Number(value) : value,
    ]);
    return { code, figures: Object.fromEntries(figures) as Said['figures'] };
  }
  return null;
}
