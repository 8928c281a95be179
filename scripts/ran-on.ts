// What the tests ran on, told at the end of every run: a green run means little when nobody knows which database it
// was green on. Only what was really started is named, from the notes that the tests and their services left.

import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** In this order; what has no place here comes last, in the order of its notes. */
const ORDER = ['SQLite', 'Redis', 'Valkey', 'MariaDB', 'MySQL', 'Kafka', 'Chromium'];
const HOW_ORDER = ['one', 'replica', 'sentinel', 'cluster of three'];

/**
 * One line for each part, e.g. `Redis 7.0.15 (one, replica, cluster of three)`, then one for each reason why tests were
 * left out.
 * @param notes the file that `noteRan` and `noteSkipped` wrote to; it need not exist
 */
export function ranOn(notes: string): string[] {
  const lines = existsSync(notes) ? readFileSync(notes, 'utf8').split('\n') : [];
  const parts = new Map<string, Set<string>>();
  const skipped = new Set<string>();
  for (const line of lines) {
    const [kind, what = '', how = ''] = line.split('\t');
    if (kind === 'skipped') skipped.add(what);
    if (kind !== 'ran') continue;
    const hows = parts.get(what) ?? new Set();
    parts.set(what, how === '' ? hows : hows.add(how));
  }
  const ran = [...parts].sort(
    ([a], [b]) => place(ORDER, nameOf(a)) - place(ORDER, nameOf(b)) || compare(a, b),
  );
  return [
    `Node ${process.versions.node} on ${process.platform} ${process.arch}, ${cpus().length} cores`,
    ...ran.map(([what, hows]) => (hows.size === 0 ? what : `${what} (${inOrder(hows).join(', ')})`)),
    ...[...skipped].map((why) => `skipped: ${why}`),
  ];
}

const nameOf = (what: string): string => what.split(' ')[0] ?? what;
const inOrder = (hows: Set<string>): string[] =>
  [...hows].sort((a, b) => place(HOW_ORDER, a) - place(HOW_ORDER, b) || compare(a, b));
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function place(order: readonly string[], name: string): number {
  const at = order.indexOf(name);
  return at === -1 ? order.length : at;
}
