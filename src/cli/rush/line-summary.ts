/** What waiting was like, in numbers: how long until each verdict, how long the line, how fast it moved. */
import type { Truth } from '../../core/history.ts';
import { lastUnitMs } from '../../core/history-ticket.ts';
import { endOf, isWin } from '../../core/history-wait.ts';
import type { CrowdResult } from './crowd.ts';
import { type LatencyMs, percentiles } from './percentiles.ts';
import type { PressList } from './press-list.ts';

export interface LineSummary {
  /** People who waited at the same time, at most. */
  readonly waitingMost: number;
  /** The last number in line, and the last that was let in; 0 where there is no line. */
  readonly lastPosition: number;
  readonly servingNumber: number;
  /** Released a second, as set and by the times of the wins; null: not known, or too few to tell. */
  readonly paceSet: number | null;
  readonly paceMeasured: number | null;
  /** From the last unit to the word that nothing is left, of those who waited for it; null when units are left. */
  readonly soldOutToldMs: LatencyMs | null;
  readonly left: number;
  readonly expired: number;
}

export function summarizeLine(
  { presses, progress }: CrowdResult,
  truth: Truth,
  paceSet: number | null,
): LineSummary {
  const { waitingMost, serving: servingNumber } = progress;
  let lastPosition = 0;
  let left = 0;
  let expired = 0;
  for (let row = 0; row < presses.length; row++) {
    lastPosition = Math.max(lastPosition, presses.position[row] ?? 0);
    const end = endOf(presses, row);
    if (end === 'left') left++;
    else if (end === 'expired') expired++;
  }
  const paceMeasured = paceOf(truth);
  const soldOutToldMs = soldOutTold(presses, truth);
  return { waitingMost, lastPosition, servingNumber, paceSet, paceMeasured, soldOutToldMs, left, expired };
}

/** Wins a second from the first to the last of this crowd. */
function paceOf({ record, seqsBefore }: Truth): number | null {
  const times = (record ?? []).filter(({ seq }) => !seqsBefore?.has(seq)).map(({ wonAtMs }) => wonAtMs);
  times.sort((a, b) => a - b);
  const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return times.length < 10 || spanMs < 100 ? null : ((times.length - 1) * 1000) / spanMs;
}

function soldOutTold(presses: PressList, truth: Truth): LatencyMs | null {
  const lastMs = lastUnitMs(truth);
  if (lastMs === null) return null;
  const times: number[] = [];
  for (let row = 0; row < presses.length; row++) {
    const waited = presses.ticketMs[row] ?? 0;
    if (waited === 0 || waited > lastMs || endOf(presses, row) !== 'sold_out') continue;
    times.push(Math.max(0, (presses.endMs[row] ?? 0) - lastMs));
  }
  return times.length === 0 ? null : percentiles(Float64Array.from(times));
}

/** From press to verdict, of everybody who had one; who asked again is not counted twice. */
export function toldWithin(presses: PressList): Record<string, LatencyMs> {
  const times: Record<string, number[]> = { all: [], won: [], sold_out: [] };
  for (let row = 0; row < presses.length; row++) {
    const end = endOf(presses, row);
    if (end === null || presses.again[row] === 1) continue;
    const word = isWin(end) ? 'won' : end;
    if (word !== 'won' && word !== 'sold_out') continue;
    const ms = (presses.endMs[row] ?? 0) - (presses.pressedMs[row] ?? 0);
    times['all']?.push(ms);
    times[word]?.push(ms);
  }
  const told = Object.entries(times).filter(([, ms]) => ms.length > 0);
  return Object.fromEntries(told.map(([word, ms]) => [word, percentiles(Float64Array.from(ms))]));
}

export function firstAnswersPerSecond(presses: PressList, startMs: number): number {
  let answered = 0;
  let lastMs = startMs;
  for (let row = 0; row < presses.length; row++) {
    const answeredMs = presses.ticketMs[row] || presses.endMs[row] || 0;
    if (answeredMs === 0 || presses.again[row] === 1) continue;
    answered++;
    lastMs = Math.max(lastMs, answeredMs);
  }
  return (1000 * answered) / Math.max(1, lastMs - startMs);
}
