/** When somebody in line is to ask again: often enough to hear of his turn, and of its end, within moments. */

import type { Stage } from '../core/line-state.ts';

/** Asked again so often: soon when his turn is near, seldom when it is not. */
const ASK_MIN_MS = 250;
const ASK_MAX_MS = 5000;
const AT_GATE_MS = 50;
/** Those who ask when all is over do so within this. */
const SPREAD_MS = 600;
const SPREAD_STEP_MS = 7;

/**
 * A tenth of what he still waits, within bounds; and when nothing will be left before that, soon afterwards, so that
 * nobody is left waiting for nothing. People who ask for that are spread by their places.
 */
export function askAgainMs(waitMs: number | null, endsInMs: number | null, place: number): number {
  const turnMs = Math.min(ASK_MAX_MS, Math.max(ASK_MIN_MS, (waitMs ?? ASK_MAX_MS) / 10));
  if (endsInMs === null || endsInMs >= turnMs) return Math.round(turnMs);
  const spreadMs = (Math.abs(place) * SPREAD_STEP_MS) % SPREAD_MS;
  return Math.round(Math.min(turnMs, Math.max(ASK_MIN_MS, endsInMs + spreadMs)));
}

/** For those whose turn has come. */
export const askSoonMs = (stage: Stage): number => (stage === 'released' ? AT_GATE_MS : ASK_MIN_MS);
