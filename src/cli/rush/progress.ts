/** How far a crowd is, as it is told while it runs. */

export interface Progress {
  presses: number;
  finished: number;
  tries: number;
  /** Presses given up without a final answer. */
  unresolved: number;
  /** People who wait for their verdict now, and at most so far. */
  waiting: number;
  waitingMost: number;
  /** The highest serving number that anybody was told. */
  serving: number;
  /** Questions by ticket; those that said `pending` are no tries. */
  asks: number;
  /** Tries by verdict, problem code or what cut them short. */
  words: Record<string, number>;
}

export const emptyProgress = (presses: number): Progress => ({
  presses,
  ...{ finished: 0, tries: 0, unresolved: 0, waiting: 0, waitingMost: 0, serving: 0, asks: 0, words: {} },
});

/** Of several processes together; their greatest numbers of waiting people came at about the same time. */
export function addUp(parts: readonly Progress[]): Progress {
  const sum = emptyProgress(0);
  for (const part of parts) {
    sum.presses += part.presses;
    sum.finished += part.finished;
    sum.tries += part.tries;
    sum.unresolved += part.unresolved;
    sum.waiting += part.waiting;
    sum.waitingMost += part.waitingMost;
    sum.serving = Math.max(sum.serving, part.serving);
    sum.asks += part.asks;
    for (const [word, count] of Object.entries(part.words)) sum.words[word] = (sum.words[word] ?? 0) + count;
  }
  return sum;
}
