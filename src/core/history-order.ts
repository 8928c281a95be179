/** The checks that need time: order of arrival, the window, and whether `sold_out` was true (I9–I11). */

import { isReturned } from './history-record.ts';
import { type HistoryCheck, type Sight, skippedCheck, Tally, type Told, userOfKey } from './history-sight.ts';

/**
 * I9: if A had his answer before B pressed and both won, A's number is lower.
 * B walks up the winners by press; A follows by answer; the highest number answered so far must stay below B's.
 */
export function checkOrder({ history, told, truth }: Sight): HistoryCheck {
  const tally = new Tally();
  const errorMs = truth.clockErrorMs ?? 0;
  const winners = [...told.values()].filter((win) => win.ours && !truth.seqsBefore?.has(win.seq));
  const byAnswer = [...winners].sort((a, b) => a.answeredMs - b.answeredMs);
  winners.sort((a, b) => a.pressedMs - b.pressedMs);
  let next = 0;
  let highest: Told | null = null;
  for (const late of winners) {
    for (let early = byAnswer[next]; early; early = byAnswer[++next]) {
      if (early.answeredMs + errorMs >= late.pressedMs) break;
      if (!highest || early.seq > highest.seq) highest = early;
    }
    if (!highest) continue;
    tally.compared++;
    // Equal numbers are I6's finding.
    if (late.seq >= highest.seq) continue;
    const [a, b] = [highest, late];
    tally.violated(() => {
      const beforeMs = (b.pressedMs - a.answeredMs).toFixed(3);
      const [nameA, nameB] = [history.nameOf(a.user), history.nameOf(b.user)];
      return `${nameA} had seq ${a.seq} ${beforeMs} ms before ${nameB} pressed, who then got seq ${b.seq}`;
    });
  }
  return tally.report('I9', 'who was answered before another pressed has the lower number');
}

/** I10: no win whose whole way lies outside the window, and none recorded outside it. */
export function checkWindow({ history, told, truth }: Sight): HistoryCheck {
  const title = 'no win outside the window';
  const { window } = truth;
  if (!window) return skippedCheck('I10', title, 'the campaign has no window, or was opened by hand');
  const tally = new Tally();
  const opensAtMs = window.opensAtMs ?? Number.NEGATIVE_INFINITY;
  const closesAtMs = window.closesAtMs ?? Number.POSITIVE_INFINITY;
  for (const win of told.values()) {
    if (!win.ours || truth.seqsBefore?.has(win.seq)) continue;
    tally.compared++;
    const name = history.nameOf(win.user);
    if (win.answeredMs + window.offsetMs + window.errorMs < opensAtMs) {
      tally.violated(() => `${name} was told seq ${win.seq} before the opening`);
    }
    if (win.pressedMs + window.offsetMs - window.errorMs > closesAtMs) {
      tally.violated(() => `${name} pressed after the closing and was told seq ${win.seq}`);
    }
  }
  for (const win of truth.record ?? []) {
    if (truth.seqsBefore?.has(win.seq)) continue;
    tally.compared++;
    if (win.wonAtMs >= opensAtMs && win.wonAtMs <= closesAtMs) continue;
    tally.violated(() => `${win.userId} (seq ${win.seq}) won at ${win.wonAtMs}, outside the window`);
  }
  return tally.report('I10', title);
}

/**
 * I11: when `sold_out` was told, all units can have been taken. The quantity-th earliest press among the winners
 * is the first moment at which that is possible; an answer that came before it was not true.
 */
export function checkSoldOut(sight: Sight): HistoryCheck {
  const title = 'sold_out is told only when it is true';
  const { history, truth } = sight;
  if ((truth.record ?? []).some(isReturned)) return skippedCheck('I11', title, 'units came back meanwhile');
  const tally = new Tally();
  const pressed = pressesThatTook(sight);
  const quantity = truth.lowestQuantity ?? truth.quantity;
  const possibleMs = pressed[quantity - 1] ?? Number.POSITIVE_INFINITY;
  const errorMs = truth.clockErrorMs ?? 0;
  const soldOut = history.answers.indexOf('sold_out');
  for (let row = 0; row < history.length; row++) {
    if (history.answer[row] !== soldOut) continue;
    tally.compared++;
    const toldMs = history.completedMs[row] ?? 0;
    if (toldMs + errorMs >= possibleMs) continue;
    tally.violated(() => {
      const taken = pressed.filter((ms) => ms <= toldMs).length;
      const name = history.nameOf(history.user[row] ?? 0);
      return `${name} was told sold_out when at most ${taken} of ${quantity} units can have been taken`;
    });
  }
  return tally.report('I11', title);
}

/** When each unit can have been taken at the earliest, in order; −∞ for winners this history knows nothing of. */
function pressesThatTook({ history, truth, told, maybe }: Sight): Float64Array {
  if (truth.record === null) {
    // Any try without an answer may have won, and others may have pressed: only a true excess shows.
    const own = [...told.values()].map((win) => (win.ours ? win.pressedMs : Number.NEGATIVE_INFINITY));
    return Float64Array.from([...own, ...maybe.values()]).sort();
  }
  const pressedOf = new Map<string, number>();
  for (const [key, ms] of maybe) {
    const name = history.nameOf(userOfKey(key));
    pressedOf.set(name, Math.min(pressedOf.get(name) ?? ms, ms));
  }
  const toldSeq = new Map<number, Told>();
  for (const win of told.values()) if (win.ours || !toldSeq.has(win.seq)) toldSeq.set(win.seq, win);
  const presses = truth.record.map((win) => {
    const answer = toldSeq.get(win.seq);
    if (truth.seqsBefore?.has(win.seq) || (answer && !answer.ours)) return Number.NEGATIVE_INFINITY;
    return answer?.pressedMs ?? pressedOf.get(win.userId) ?? Number.NEGATIVE_INFINITY;
  });
  return Float64Array.from(presses).sort();
}
