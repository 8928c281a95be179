/**
 * The checker: holds the history of a crowd against the server's record.
 *
 * Whoever sends a crowd writes down when each try left, when its answer came and what it said. The checker
 * compares that with the record and reports by invariant (contract I1–I11). Because a user and a seq are both
 * unique, no general search for a legal order is needed: everything is a few passes and two sorts, O(n log n).
 * Every rule is one-sided: a finding is a real contradiction, never an artefact of the network.
 */
import { checkOrder, checkSoldOut, checkWindow } from './history-order.ts';
import {
  checkAgain,
  checkCodes,
  checkPerson,
  checkQuantity,
  checkRecord,
  checkSeq,
} from './history-record.ts';
import { type History, type HistoryCheck, look, type Sight, type Truth } from './history-sight.ts';
import { checkArrivals, checkTickets, checkToldInTime } from './history-ticket.ts';
import {
  checkLooks,
  checkNumbers,
  checkPassedOver,
  checkPlaces,
  checkWinsInLine,
  lookAtWaits,
  type WaitHistory,
} from './history-wait.ts';

export type { CheckId, History, HistoryCheck, RecordedWin, Truth } from './history-sight.ts';
export type { WaitHistory } from './history-wait.ts';

export interface HistoryReport {
  readonly ok: boolean;
  readonly checks: readonly HistoryCheck[];
}

/**
 * Holds a history against the record. With `waits`, what the people who had to wait saw is held against it too.
 * @returns every invariant in order, each with what was compared and the first contradictions in words.
 */
export function checkHistory(history: History, truth: Truth, waits?: WaitHistory): HistoryReport {
  const sight = look(history, truth);
  const checks = [
    checkQuantity(sight),
    checkPerson(sight),
    ...checkRecord(sight),
    checkSeq(sight),
    checkCodes(sight),
    checkAgain(sight),
    checkOrder(sight),
    checkWindow(sight),
    checkSoldOut(sight),
    ...(waits ? checkWaits(sight, waits) : []),
  ];
  return { ok: checks.every((check) => check.ok), checks };
}

/** What can be said of waiting people by the mode of their campaign: nobody waits in `instant`, no line in `ordered`. */
function checkWaits(seen: Sight, waits: WaitHistory): HistoryCheck[] {
  if (waits.mode === 'instant') return [];
  const sight = lookAtWaits(seen, waits);
  if (waits.mode === 'ordered') return [checkArrivals(sight), checkTickets(sight)];
  const [looks, estimates] = checkLooks(sight);
  return [
    checkNumbers(sight),
    checkPlaces(sight),
    looks,
    checkWinsInLine(sight),
    checkPassedOver(sight),
    checkArrivals(sight),
    estimates,
    checkTickets(sight),
    checkToldInTime(sight),
  ];
}
