/** The checks of tickets and of the end: order of arrival by tickets, one answer a ticket, and who is told when. */

import { type HistoryCheck, skippedCheck, Tally, type Truth } from './history-sight.ts';
import { endOf, isSteadyStock, isWin, type WaitSight } from './history-wait.ts';

/** One who was given a ticket, or who won, with what the order is judged by. */
interface Arrival {
  readonly user: number;
  readonly pressedMs: number;
  readonly ticketMs: number;
  /** his number: position in line, or seq; +∞ for who got none although units were left */
  readonly number: number;
}

/** W1: if A had his ticket before B pressed, A stands before B: in line, or on the log, where who stands later may not win
 * what A did not get. */
export function checkArrivals(sight: WaitSight): HistoryCheck {
  const { history, waits, truth } = sight;
  const tally = new Tally();
  const line = waits.mode === 'queued';
  const arrivals = line ? arrivalsInLine(sight) : arrivalsOnLog(sight);
  const errorMs = truth.clockErrorMs ?? 0;
  const byTicket = arrivals.filter(({ ticketMs }) => Number.isFinite(ticketMs));
  byTicket.sort((a, b) => a.ticketMs - b.ticketMs);
  const byPress = arrivals.filter(({ number }) => Number.isFinite(number));
  byPress.sort((a, b) => a.pressedMs - b.pressedMs);
  const what = line ? 'position' : 'seq';
  let next = 0;
  let highest: Arrival | null = null;
  for (const late of byPress) {
    for (let early = byTicket[next]; early; early = byTicket[++next]) {
      if (early.ticketMs + errorMs >= late.pressedMs) break;
      if (!highest || early.number > highest.number) highest = early;
    }
    if (!highest) continue;
    tally.compared++;
    if (late.number >= highest.number) continue;
    const [a, b] = [highest, late];
    tally.violated(() => {
      const [nameA, nameB] = [history.nameOf(a.user), history.nameOf(b.user)];
      const had = Number.isFinite(a.number) ? `got ${what} ${a.number}` : 'was told sold_out';
      return `${nameA} had his ticket before ${nameB} pressed, and ${had}; ${nameB} got ${what} ${b.number}`;
    });
  }
  return tally.report('W1', 'who had his ticket before another pressed stands before him');
}

const arrivalsInLine = ({ places }: WaitSight): Arrival[] =>
  places
    .filter(({ byLot }) => !byLot)
    .map(({ user, pressedMs, ticketMs, position }) => ({ user, pressedMs, ticketMs, number: position }));

/** Winners by seq, and those who were told `sold_out`, as whom nobody who came later may win. */
function arrivalsOnLog({ waits: { presses }, told, truth }: WaitSight): Arrival[] {
  const tickets = new Map<number, number>();
  const winners = new Set<number>();
  for (const { user } of told.values()) winners.add(user);
  const arrivals: Arrival[] = [];
  const steady = isSteadyStock(truth);
  for (let row = 0; row < presses.length; row++) {
    const user = presses.user[row] ?? 0;
    const ticketMs = presses.ticketMs[row] || Number.POSITIVE_INFINITY;
    if (winners.has(user)) tickets.set(user, Math.min(tickets.get(user) ?? ticketMs, ticketMs));
    else if (steady && endOf(presses, row) === 'sold_out') {
      arrivals.push({
        user,
        pressedMs: presses.pressedMs[row] ?? 0,
        ticketMs,
        number: Number.POSITIVE_INFINITY,
      });
    }
  }
  for (const { user, claim, seq, pressedMs, ours } of told.values()) {
    if (!ours || truth.seqsBefore?.has(seq)) continue;
    // Of several claims of one person each has its own place on the log, and his tickets do not say which is whose.
    const ticketMs = (claim === 0 ? tickets.get(user) : undefined) ?? Number.POSITIVE_INFINITY;
    arrivals.push({ user, pressedMs, ticketMs, number: seq });
  }
  return arrivals;
}

/** Words for one and the same: how a place that was given up is told, and how a unit is. */
const sameEnd: Readonly<Record<string, string>> = { already_won: 'won', closed: 'left' };

/** W3: whoever holds the same ticket hears the same, whenever he asks, and never again that it is not known yet. */
export function checkTickets({ history, waits: { presses }, places }: WaitSight): HistoryCheck {
  const tally = new Tally();
  const placesOf = new Map<number, number>();
  for (const { user } of places) placesOf.set(user, (placesOf.get(user) ?? 0) + 1);
  const ends = new Map<string, string>();
  const toldMs = new Map<number, number>();
  for (let row = 0; row < presses.length; row++) {
    const end = endOf(presses, row);
    const user = presses.user[row] ?? 0;
    if (end === null || !presses.ticket[row]) continue;
    const name = history.nameOf(user);
    if (end === 'ticket_mismatch' || end === 'no_claim') {
      tally.violated(() => `the ticket of ${name} was answered with ${end}`);
    }
    if (end === 'sold_out' || isWin(end)) {
      toldMs.set(user, Math.min(toldMs.get(user) ?? Number.POSITIVE_INFINITY, presses.endMs[row] ?? 0));
    }
    // Who came back and won holds a unit, whichever of his tickets is asked for.
    if ((placesOf.get(user) ?? 0) > 1) continue;
    const key = `${user}/${presses.ticket[row]}`;
    const known = ends.get(key);
    tally.compared++;
    if (known === undefined) ends.set(key, end);
    else if ((sameEnd[known] ?? known) !== (sameEnd[end] ?? end)) {
      tally.violated(() => `${name} was told ${known} and ${end} for one ticket`);
    }
  }
  const pending = history.answers.indexOf('pending');
  for (let row = 0; row < history.length; row++) {
    if (history.answer[row] !== pending || history.status[row] !== 200) continue;
    const user = history.user[row] ?? 0;
    const known = toldMs.get(user) ?? Number.POSITIVE_INFINITY;
    if ((history.invokedMs[row] ?? 0) <= known) continue;
    tally.violated(() => `${history.nameOf(user)} had his verdict, and was told pending when he asked again`);
  }
  return tally.report('W3', 'one ticket, one answer');
}

/** How long people may wait for the word that nothing is left (contract §9.5). */
export const TOLD_MAX_MS = 1000;

/** W4: once the last unit is given, nobody hears a second later that he still waits. */
export function checkToldInTime(sight: WaitSight): HistoryCheck {
  const title = 'nobody waits on a second after the last unit';
  const { history, waits, truth } = sight;
  const lastMs = lastUnitMs(truth);
  if (lastMs === null)
    return skippedCheck('W4', title, 'units are left, came back, or the record was not read');
  const tally = new Tally();
  const { presses } = waits;
  for (let row = 0; row < presses.length; row++) {
    const pendingMs = presses.pendingMs[row] ?? 0;
    if (pendingMs === 0 || isWin(endOf(presses, row))) continue;
    tally.compared++;
    const lateMs = pendingMs - lastMs - (truth.clock?.errorMs ?? 0);
    if (lateMs <= TOLD_MAX_MS) continue;
    const name = history.nameOf(presses.user[row] ?? 0);
    tally.violated(() => `${name} was told to wait ${Math.round(lateMs)} ms after the last unit`);
  }
  return tally.report('W4', title);
}

/** When the last unit was given, on the clock of the tries; null when that is not known, or units are left. */
export function lastUnitMs(truth: Truth): number | null {
  const { record, quantity, clock } = truth;
  if (!record || !clock || !isSteadyStock(truth) || record.length < quantity) return null;
  return record.reduce((latest, { wonAtMs }) => Math.max(latest, wonAtMs), 0) - clock.offsetMs;
}
