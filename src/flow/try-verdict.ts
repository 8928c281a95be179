/**
 * Ordered mode: what came of a try, from where it stands on the log and what its user holds. The same for ever: phases
 * are only ever added behind it, and units that were won later do not count.
 */

import type { Phase } from '../core/decider.ts';
import { phaseAt } from '../core/decider.ts';
import type { Refusal } from '../core/gate.ts';
import type { Holding } from '../ports/gate.ts';

export interface DecidedTry {
  place: number;
  /** null: none, or it is not known any more which */
  key: string | null;
  /** nobody could read it on the log: it was never decided */
  unreadable: boolean;
  perUserLimit: number;
}

export type TryVerdict =
  | { kind: 'unit'; unit: Holding }
  | { kind: 'refused'; verdict: Refusal }
  | { kind: 'unknown' };

const UNKNOWN: TryVerdict = { kind: 'unknown' };

/** `units` are all that its user holds, oldest first; `phases` those of its campaign up to this try at least. */
export function verdictOf(
  { place, key, unreadable, perUserLimit }: DecidedTry,
  phases: readonly Phase[],
  units: readonly Holding[],
): TryVerdict {
  if (unreadable) return found(units.findLast((unit) => unit.key === key) ?? units.at(-1));
  const phase = phaseAt(phases, place);
  if (phase === null || phase.verdict === null) {
    // He has won here, or had before: with his only unit, the one with his key, or the first.
    return found(units.find((unit) => perUserLimit === 1 || unit.key === key) ?? units[0]);
  }
  const before = units.filter(({ seq }) => seq <= phase.lastSeq);
  const repeated = before.find((unit) => key !== null && unit.key === key);
  if (repeated) return found(repeated);
  if (before.length > 0 && (key === null || before.length >= perUserLimit)) return found(before.at(-1));
  return { kind: 'refused', verdict: phase.verdict };
}

function found(unit: Holding | undefined): TryVerdict {
  return unit === undefined ? UNKNOWN : { kind: 'unit', unit };
}
