/**
 * Ordered mode: what came of a try, from where it stands on the log and what its user holds. The same for ever: phases
 * are only ever added behind it, and units that were won later do not count.
 */

import type { Phase } from '../core/decider.ts';
import { phaseAt } from '../core/decider.ts';
import type { Refusal } from '../core/gate.ts';
import { keyTag } from '../core/ticket.ts';
import type { Holding } from '../ports/gate.ts';

export interface DecidedTry {
  place: number;
  /** of its key; null: it had none */
  keyTag: number | null;
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
  { place, keyTag: tag, unreadable, perUserLimit }: DecidedTry,
  phases: readonly Phase[],
  units: readonly Holding[],
): TryVerdict {
  const isSame = ({ key }: Holding): boolean => (key === null ? null : keyTag(key)) === tag;
  if (unreadable) return found(units.findLast(isSame) ?? units.at(-1));
  const phase = phaseAt(phases, place);
  if (phase === null || phase.verdict === null) {
    // He has won here, or had before: the only unit, the one with his key, or the last one that he may have.
    if (perUserLimit === 1 || tag === null) return found(units[0]);
    return found(units.find(isSame) ?? units[perUserLimit - 1]);
  }
  const before = units.filter(({ seq }) => seq <= phase.lastSeq);
  const repeated = tag === null ? undefined : before.find(isSame);
  if (repeated) return found(repeated);
  if (before.length > 0 && (tag === null || before.length >= perUserLimit)) return found(before.at(-1));
  return { kind: 'refused', verdict: phase.verdict };
}

function found(unit: Holding | undefined): TryVerdict {
  return unit === undefined ? UNKNOWN : { kind: 'unit', unit };
}
