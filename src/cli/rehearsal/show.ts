/** What a rehearsal came to, in a terminal. */
import type { RehearsalResult, Spread } from '../../core/rehearsal.ts';
import { bar, columns, count, dim, duration, heading, marks, percent, say, strong, table } from '../print.ts';
import type { RehearsalRow } from '../rehearse.ts';

export function showRehearsal({ shadowId, state, error, result }: RehearsalRow): void {
  if (result === null) {
    say(`  ${marks.fail} ${strong(`${shadowId} is ${state}`)} ${error ?? ''}`);
    return;
  }
  showVerdicts(result);
  const spread = Object.entries(result.toldWithinMs).map(([word, times]) => latencyRow(word, times));
  const right = 'right' as const;
  say(`\n${heading('From press to verdict')}`);
  say(table(['', 'p50', 'p90', 'p99', 'max'], spread, ['left', right, right, right, right]));
  say();
  showWhatHappened(result);
  say(`\n${heading('Every answer, checked')}`);
  for (const line of columns(result.answers.map(answerRow))) say(`  ${line}`);
  const own = result.integrity.filter(({ ok }) => !ok).length;
  const all = result.integrity.length;
  say(`  ${own === 0 ? marks.ok : marks.fail} its own report: ${count(all - own)} of ${count(all)} hold`);
  say(`  ${result.ok ? marks.ok : marks.fail} ${strong(result.ok ? 'Green: everything holds.' : 'Red.')}`);
}

const latencyRow = (word: string, { p50, p90, p99, max }: Spread): string[] => [
  word,
  ...[p50, p90, p99, max].map(duration),
];

function showVerdicts({ verdicts, crowd, shadow }: RehearsalResult): void {
  say(`${strong(shadow.id)}  ${count(crowd.users)} people, ${count(crowd.tries)} tries\n`);
  say(heading('Verdicts'));
  const most = Math.max(1, ...Object.values(verdicts));
  const rows = Object.entries(verdicts).map(([word, times]) => [
    ...[word, count(times), percent(times, crowd.tries), bar(times / most)],
  ]);
  for (const line of columns(rows, ['left', 'right', 'right'])) say(`  ${line}`);
}

function showWhatHappened({
  kill,
  soldOutAfterMs,
  crowd,
  toldWins,
  recorded,
  shadow,
}: RehearsalResult): void {
  if (kill !== null) {
    const back = `was ready again after ${strong(duration(kill.backAfterMs))}`;
    say(`  the server with gate, log and record was killed at ${strong(duration(kill.atMs))} and ${back};`);
    say(
      `  ${count(kill.unanswered)} tries were cut short and asked again; the longest wait was ${duration(kill.longestWaitMs)}`,
    );
  }
  const soldOut =
    soldOutAfterMs === null ? 'not sold out' : `sold out after ${strong(duration(soldOutAfterMs))}`;
  say(`  ${soldOut}; ${count(toldWins)} of ${count(shadow.quantity)} told, ${count(recorded ?? 0)} recorded`);
  if (crowd.unresolved > 0)
    say(`  ${marks.fail} ${count(crowd.unresolved)} presses never got a final answer`);
  for (const { field, was, is } of shadow.changed)
    say(dim(`  not as in the campaign: ${field} ${String(was)} → ${String(is)}`));
}

function answerRow({
  id,
  title,
  ok,
  compared,
  violations,
  skipped,
}: RehearsalResult['answers'][number]): string[] {
  if (skipped !== undefined) return [marks.skip, id, title, dim(`not looked at: ${skipped}`)];
  if (ok) return [marks.ok, id, title, dim(`${count(compared)} compared`)];
  return [marks.fail, id, strong(title), `${count(violations)} findings`];
}
