// @ts-check
/**
 * The server's clock on this page. What this device thinks the time is does not matter: the page counts on from
 * the server's answers with a clock that nobody can turn.
 */

const SAMPLES = 5;

/** ms to add to `performance.now()`; until the first answer, what the device says */
let offsetMs = Date.now() - performance.now();
let known = false;

/** Epoch ms by the server's clock. */
export const serverNow = () => performance.now() + offsetMs;

export const isClockKnown = () => known;

/** One reading: the middle of the way there and back is when the server looked at its clock. */
async function sample() {
  const sentAt = performance.now();
  const answer = await fetch('/v1/time', { cache: 'no-store' });
  const gotAt = performance.now();
  const { serverTime } = await answer.json();
  const at = typeof serverTime === 'number' ? serverTime : Date.parse(serverTime);
  return { offsetMs: at - (sentAt + gotAt) / 2, roundTripMs: gotAt - sentAt };
}

/** Reads the server's clock several times and takes the median, so that one slow answer moves nothing. */
export async function readClock() {
  /** @type {number[]} */
  const offsets = [];
  for (let i = 0; i < SAMPLES; i++) {
    try {
      offsets.push((await sample()).offsetMs);
    } catch {
      break;
    }
  }
  if (offsets.length === 0) return;
  offsets.sort((a, b) => a - b);
  offsetMs = /** @type {number} */ (offsets[Math.floor(offsets.length / 2)]);
  known = true;
}

/**
 * Takes a `serverTime` that came with an answer, when there is nothing better yet.
 * @param {unknown} serverTime
 */
export function hintClock(serverTime) {
  if (known || typeof serverTime !== 'string') return;
  const at = Date.parse(serverTime);
  if (!Number.isNaN(at)) offsetMs = at - performance.now();
}
