// @ts-check
/**
 * The server's clock on this page. What this device thinks the time is does not matter: the page counts on from
 * the server's answers with a clock that nobody can turn.
 */

import { api } from './who.js';

const SAMPLES = 5;
/** The two clocks of this device part when it has slept, or when somebody has turned the one that can be turned. */
const DRIFT_MS = 300;

/** ms to add to `performance.now()`; until the first answer, what the device says */
let offsetMs = Date.now() - performance.now();
let known = false;
let readAt = Number.NEGATIVE_INFINITY;
let apartMs = offsetMs;

/** Epoch ms by the server's clock. */
export const serverNow = () => performance.now() + offsetMs;

/** How long ago the clock was read, ms. */
export const clockAge = () => performance.now() - readAt;

/** Whether this device has slept, or its clock was turned, since the server's was read. */
export const hasDrifted = () => Math.abs(Date.now() - performance.now() - apartMs) > DRIFT_MS;

/** One reading: the middle of the way there and back is when the server looked at its clock. */
async function sample() {
  const sentAt = performance.now();
  const answer = await fetch(api('/v1/time'), { cache: 'no-store' });
  const gotAt = performance.now();
  const { serverTime } = await answer.json();
  return serverTime - (sentAt + gotAt) / 2;
}

/** Reads the server's clock several times and takes the median, so that one slow answer moves nothing. */
export async function readClock() {
  readAt = performance.now();
  apartMs = Date.now() - readAt;
  /** @type {number[]} */
  const offsets = [];
  for (let i = 0; i < SAMPLES; i++) {
    try {
      offsets.push(await sample());
    } catch {
      break;
    }
  }
  const told = offsets.filter((one) => !Number.isNaN(one)).sort((a, b) => a - b);
  const median = told[Math.floor(told.length / 2)];
  if (median === undefined) return;
  offsetMs = median;
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
