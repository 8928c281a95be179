/** How well numbers follow presses: of two winners, whoever pressed first should have the lower number. */
import type { PressList } from './press-list.ts';
import type { TryList } from './try-list.ts';

export interface Fairness {
  /** Pairs of winners. */
  readonly pairs: number;
  /** Pairs in which the earlier press has the higher number. The network alone makes some of presses of one moment. */
  readonly inversions: number;
  /** Those of them whose presses were {@link APART_MS} apart or more, which no network explains. */
  readonly inversionsApart: number;
}

export const APART_MS = 5;

export function fairnessOf(tries: TryList, presses: PressList): Fairness {
  const seqOf = new Map<number, number>();
  for (let row = 0; row < tries.length; row++) {
    const seq = tries.seq[row] ?? 0;
    if (seq > 0 && tries.claim[row] === 0) seqOf.set(tries.user[row] ?? 0, seq);
  }
  const pressedMs = new Map<number, number>();
  for (let row = 0; row < presses.length; row++) {
    const user = presses.user[row] ?? 0;
    // Whoever left and came back is judged by the press that he won with.
    if (!seqOf.has(user) || presses.ends[presses.end[row] ?? 0] === 'left') continue;
    const ms = presses.pressedMs[row] ?? 0;
    pressedMs.set(user, Math.min(pressedMs.get(user) ?? ms, ms));
  }
  const byPress = [...pressedMs].sort(([, a], [, b]) => a - b);
  const seqs = byPress.map(([user]) => seqOf.get(user) ?? 0);
  const times = byPress.map(([, ms]) => ms);
  const n = seqs.length;
  const inversions = inversionsIn(seqs, times, 0);
  return { pairs: (n * (n - 1)) / 2, inversions, inversionsApart: inversionsIn(seqs, times, APART_MS) };
}

/**
 * Pairs of which the first, at least `apartMs` before, has the higher number.
 * @param times ascending
 */
export function inversionsIn(numbers: readonly number[], times: readonly number[], apartMs: number): number {
  const before = new Counts(numbers);
  let found = 0;
  let next = 0;
  for (const [at, number] of numbers.entries()) {
    while (next < at && (times[next] ?? 0) + apartMs <= (times[at] ?? 0)) before.add(numbers[next++] ?? 0);
    found += next - before.upTo(number);
  }
  return found;
}

/** How many numbers up to a number were added: a tree of sums over their ranks. */
class Counts {
  readonly #rankOf: Map<number, number>;
  readonly #sums: Uint32Array;

  constructor(numbers: readonly number[]) {
    const sorted = [...new Set(numbers)].sort((a, b) => a - b);
    this.#rankOf = new Map(sorted.map((number, i) => [number, i + 1]));
    this.#sums = new Uint32Array(sorted.length + 1);
  }

  add(number: number): void {
    const rank = this.#rankOf.get(number) ?? 0;
    for (let i = rank; i > 0 && i < this.#sums.length; i += i & -i) this.#sums[i] = (this.#sums[i] ?? 0) + 1;
  }

  upTo(number: number): number {
    let sum = 0;
    for (let i = this.#rankOf.get(number) ?? 0; i > 0; i -= i & -i) sum += this.#sums[i] ?? 0;
    return sum;
  }
}
