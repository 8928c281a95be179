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
import { type History, type HistoryCheck, look, type Truth } from './history-sight.ts';

export type { CheckId, History, HistoryCheck, RecordedWin, Truth } from './history-sight.ts';

export interface HistoryReport {
  readonly ok: boolean;
  readonly checks: readonly HistoryCheck[];
}

/**
 * Holds a history against the record.
 * @returns every invariant in order, each with what was compared and the first contradictions in words.
 */
export function checkHistory(history: History, truth: Truth): HistoryReport {
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
  ];
  return { ok: checks.every((check) => check.ok), checks };
}
