/** How well numbers follow presses: of two winners, whoever pressed first should have the lower number. */
import type { PressList } from './press-list.ts';
import type { TryList } from './try-list.ts';

export interface Fairness {
  /** Pairs of winners. */
  readonly pairs: number;
  /** Pairs in which the earlier press has the higher number. The network alone makes some of presses of one moment. */
  readonly inversions: number;
}

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
  const n = seqs.length;
  return { pairs: (n * (n - 1)) / 2, inversions: inversionsIn(seqs) };
}

/** Pairs that stand in the wrong order, counted while sorting by merging. */
export function inversionsIn(numbers: readonly number[]): number {
  let from = Float64Array.from(numbers);
  let to = new Float64Array(from.length);
  let found = 0;
  for (let width = 1; width < from.length; width *= 2) {
    for (let low = 0; low < from.length; low += 2 * width) found += merge(from, to, low, width);
    [from, to] = [to, from];
  }
  return found;
}

function merge(from: Float64Array, to: Float64Array, low: number, width: number): number {
  const middle = Math.min(low + width, from.length);
  const end = Math.min(low + 2 * width, from.length);
  let found = 0;
  for (let left = low, right = middle, at = low; at < end; at++) {
    const takesLeft = left < middle && (right === end || (from[left] ?? 0) <= (from[right] ?? 0));
    if (!takesLeft) found += middle - left;
    to[at] = from[takesLeft ? left++ : right++] ?? 0;
  }
  return found;
}
