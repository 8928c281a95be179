/**
 * What a crowd that has to wait writes down, by press and by look, and the checks of it that need a line or a log:
 * places, the order of wins, tickets. The rest of a history (core/history) says nothing about waiting.
 */

import { isReturned } from './history-record.ts';
import { claimKey, type HistoryCheck, type Sight, skippedCheck, Tally } from './history-sight.ts';

/** What became of each press, by column; row i of each column is one press. Times are on the clock of the tries. */
export interface PressHistory {
  readonly length: number;
  readonly user: ArrayLike<number>;
  readonly claim: ArrayLike<number>;
  /** when it was sent for the first time */
  readonly pressedMs: ArrayLike<number>;
  /** when the answer with its ticket came; 0: none did */
  readonly ticketMs: ArrayLike<number>;
  /** tells tickets apart; 0: none */
  readonly ticket: ArrayLike<number>;
  /** the number in line; 0: none was told */
  readonly position: ArrayLike<number>;
  /** 1: the ticket came before there were numbers (a line that is shuffled at its opening) */
  readonly byLot: ArrayLike<number>;
  /** when he was last known to wait: when he asked and was told `pending`, or an answer came that was held back; 0: never */
  readonly pendingMs: ArrayLike<number>;
  /** when its person asked to leave the line; 0: never */
  readonly leftMs: ArrayLike<number>;
  /** when its last word came; 0: it never did */
  readonly endMs: ArrayLike<number>;
  /** index into `ends`: a verdict, a problem's code, `left` or `expired`; meaningless without `endMs` */
  readonly end: ArrayLike<number>;
  readonly ends: readonly string[];
}

/** What people saw of the line while they waited, by column; the rows of one press are in order. A sample. */
export interface LookHistory {
  readonly length: number;
  /** row of the press */
  readonly press: ArrayLike<number>;
  /** 0: none yet */
  readonly position: ArrayLike<number>;
  readonly serving: ArrayLike<number>;
  /** below 0: nothing was said */
  readonly ahead: ArrayLike<number>;
  /** ms; below 0: nothing was said */
  readonly waitMs: ArrayLike<number>;
  /** 1: a reason for the wait was given */
  readonly reasoned: ArrayLike<number>;
}

export interface WaitHistory {
  readonly mode: string;
  /** people let in must press once more: then wins are in the order of those presses */
  readonly confirms: boolean;
  readonly presses: PressHistory;
  readonly looks: LookHistory;
}

/** A place in line, by all presses that were told it. */
export interface Place {
  readonly user: number;
  readonly claim: number;
  readonly position: number;
  pressedMs: number;
  ticketMs: number;
  byLot: boolean;
  /** null: nobody was told */
  end: string | null;
  /** somebody asked to give it up */
  leaving: boolean;
}

/** What all these checks start from. */
export interface WaitSight extends Sight {
  readonly waits: WaitHistory;
  /** in order of position; two of one position when it was told to two people */
  readonly places: readonly Place[];
}

export const endOf = (presses: PressHistory, row: number): string | null =>
  presses.endMs[row] ? (presses.ends[presses.end[row] ?? 0] ?? null) : null;

export const isWin = (end: string | null): boolean => end === 'won' || end === 'already_won';
const isGone = (end: string | null): boolean => end === 'left' || end === 'expired';

export function lookAtWaits(sight: Sight, waits: WaitHistory): WaitSight {
  const { presses } = waits;
  const unplacedMs = pressesWithoutPlace(presses);
  const places = new Map<string, Place>();
  for (let row = 0; row < presses.length; row++) {
    const position = presses.position[row] ?? 0;
    if (position === 0) continue;
    const user = presses.user[row] ?? 0;
    const claim = presses.claim[row] ?? 0;
    // A press that never learnt its place may be the one that got it.
    const unplaced = unplacedMs.get(claimKey(user, claim)) ?? Number.POSITIVE_INFINITY;
    const pressedMs = Math.min(presses.pressedMs[row] ?? 0, unplaced);
    const ticketMs = presses.ticketMs[row] || Number.POSITIVE_INFINITY;
    const key = `${position}/${user}`;
    let place = places.get(key);
    if (!place) {
      place = { user, claim, position, pressedMs, ticketMs, byLot: false, end: null, leaving: false };
      places.set(key, place);
    }
    place.pressedMs = Math.min(place.pressedMs, pressedMs);
    place.ticketMs = Math.min(place.ticketMs, ticketMs);
    place.byLot ||= presses.byLot[row] === 1;
    place.leaving ||= (presses.leftMs[row] ?? 0) > 0;
    const end = endOf(presses, row);
    if (end !== null && !isWin(place.end)) place.end = end;
  }
  return { ...sight, waits, places: [...places.values()].sort((a, b) => a.position - b.position) };
}

/** When each person first pressed of those presses that were told no place. */
function pressesWithoutPlace(presses: PressHistory): Map<number, number> {
  const first = new Map<number, number>();
  for (let row = 0; row < presses.length; row++) {
    if (presses.position[row]) continue;
    const key = claimKey(presses.user[row] ?? 0, presses.claim[row] ?? 0);
    const pressedMs = presses.pressedMs[row] ?? 0;
    first.set(key, Math.min(first.get(key) ?? pressedMs, pressedMs));
  }
  return first;
}

/** L1: a number in line is one person's. */
export function checkNumbers({ history, places }: WaitSight): HistoryCheck {
  const tally = new Tally();
  tally.compared = places.length;
  for (const [i, place] of places.entries()) {
    const before = places[i - 1];
    if (before?.position !== place.position) continue;
    const [a, b] = [history.nameOf(before.user), history.nameOf(place.user)];
    tally.violated(() => `position ${place.position} was told to ${a} and to ${b}`);
  }
  return tally.report('L1', 'one number in line, one person');
}

/** L2: whoever presses twice has one place; another one only after he has left, run out of time, or won one of several. */
export function checkPlaces({ history, places, truth }: WaitSight): HistoryCheck {
  const tally = new Tally();
  const positions = new Map<number, number[]>();
  const ends = new Map<number, number>();
  for (const { user, position, end, leaving } of places) {
    const own = positions.get(user);
    if (own) own.push(position);
    else positions.set(user, [position]);
    const over = leaving || isGone(end) || (truth.perUserLimit > 1 && isWin(end));
    if (over) ends.set(user, (ends.get(user) ?? 0) + 1);
  }
  for (const [user, own] of positions) {
    tally.compared++;
    if (own.length <= 1 + (ends.get(user) ?? 0)) continue;
    tally.violated(() => `${history.nameOf(user)} was told positions ${own.join(', ')} without having left`);
  }
  return tally.report('L2', 'one person, one place, however often he presses');
}

interface Seen {
  position: number;
  serving: number;
  ahead: number;
  waitMs: number;
}

/** L3 and W2: what one person sees of the line only ever gets better; an estimate may get worse for a stated reason. */
export function checkLooks({ history, waits: { presses, looks } }: WaitSight): [HistoryCheck, HistoryCheck] {
  const places = new Tally();
  const estimates = new Tally();
  const seen = new Map<number, Seen>();
  for (let row = 0; row < looks.length; row++) {
    const press = looks.press[row] ?? 0;
    const now = seenAt(row);
    const before = seen.get(press);
    if (!before) {
      seen.set(press, now);
      continue;
    }
    const name = () => history.nameOf(presses.user[press] ?? 0);
    places.compared++;
    if (before.position > 0 && now.position !== before.position) {
      places.violated(() => `${name()} stood at ${before.position}, and then at ${now.position}`);
    }
    if (now.serving < before.serving) {
      places.violated(() => `${name()} saw the serving number fall from ${before.serving} to ${now.serving}`);
    }
    if (before.ahead >= 0 && now.ahead > before.ahead) {
      places.violated(() => `${name()} had ${before.ahead} people ahead, and then ${now.ahead}`);
    }
    if (before.waitMs >= 0 && now.waitMs >= 0) {
      estimates.compared++;
      if (now.waitMs > before.waitMs && looks.reasoned[row] !== 1) {
        estimates.violated(
          () => `${name()} was told ${before.waitMs} ms, then ${now.waitMs} ms, and not why`,
        );
      }
    }
    // A look that says less than the one before does not make the next one right.
    const { ahead, waitMs } = now;
    const kept = {
      ...now,
      ahead: ahead < 0 ? before.ahead : ahead,
      waitMs: waitMs < 0 ? before.waitMs : waitMs,
    };
    seen.set(press, kept);
  }
  return [
    places.report(
      'L3',
      'a position never changes, the serving number never falls, fewer and fewer stand ahead',
    ),
    estimates.report('W2', 'an estimated wait grows only for a stated reason'),
  ];

  function seenAt(row: number): Seen {
    return {
      position: looks.position[row] ?? 0,
      serving: looks.serving[row] ?? 0,
      ahead: looks.ahead[row] ?? -1,
      waitMs: looks.waitMs[row] ?? -1,
    };
  }
}

/** L4: numbers of winners follow the numbers in line. */
export function checkWinsInLine({ history, waits, places, told, truth }: WaitSight): HistoryCheck {
  const title = 'winners stand in the order of their places';
  if (waits.confirms) return skippedCheck('L4', title, 'who presses once more first is first');
  const tally = new Tally();
  let last: { seq: number; place: Place } | null = null;
  for (const place of places) {
    const win = isWin(place.end) ? told.get(claimKey(place.user, place.claim)) : undefined;
    if (!win || truth.seqsBefore?.has(win.seq)) continue;
    tally.compared++;
    const before: { seq: number; place: Place } | null = last;
    const { seq } = win;
    if (before && seq < before.seq) {
      const [a, b] = [history.nameOf(before.place.user), history.nameOf(place.user)];
      tally.violated(
        () =>
          `${a} at ${before.place.position} got seq ${before.seq}, ${b} at ${place.position} got seq ${seq}`,
      );
    } else last = { seq, place };
  }
  return tally.report('L4', title);
}

/** L5: the winners are the first of those who stayed; and who left holds nothing. */
export function checkPassedOver({ history, places, truth }: WaitSight): HistoryCheck {
  const title = 'nobody who stayed was passed over';
  const tally = new Tally();
  tally.compared = places.length;
  const last = places.findLast((place) => isWin(place.end))?.position ?? 0;
  const steady = isSteadyStock(truth);
  for (const { user, position, end } of places) {
    if (!steady || position >= last || end !== 'sold_out') continue;
    tally.violated(() => `${history.nameOf(user)} at ${position} was told sold_out, and ${last} won`);
  }
  const holders = new Map(
    (truth.record ?? []).filter((win) => !isReturned(win)).map((win) => [win.userId, win]),
  );
  const placesOf = new Map<number, number>();
  for (const { user } of places) placesOf.set(user, (placesOf.get(user) ?? 0) + 1);
  for (const { user, position, end } of places) {
    const win = end === 'left' && placesOf.get(user) === 1 ? holders.get(history.nameOf(user)) : undefined;
    if (!win || truth.seqsBefore?.has(win.seq)) continue;
    tally.violated(() => `${win.userId} left at ${position}, and holds seq ${win.seq}`);
  }
  return tally.report('L5', title);
}

/** Whether stock only went down, so that whoever was refused stays so. */
export function isSteadyStock({ lowestQuantity, quantity, record }: Sight['truth']): boolean {
  return (lowestQuantity ?? quantity) === quantity && !(record ?? []).some(isReturned);
}
