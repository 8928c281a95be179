// @ts-check
/**
 * One press, asked until there is an answer that counts. The same key goes with every try, so a cut connection, a
 * reload or a busy server can cost time and never a second unit or the place in the order.
 */

import * as who from './who.js';

/**
 * @typedef {{ id: string, userId: string, seq: number, status: string, code: string | null, wonAt: string }} Claim
 * @typedef {{ code: string, reason?: string, opensAt?: string, serverTime?: string, detail?: string }} Problem
 * @typedef {{ verdict: 'won' | 'already_won', claim: Claim } | { verdict: 'refused', problem: Problem }} Answer
 * @typedef {{ why: 'cut' | 'busy' | 'rebuilding', untilMs: number }} Waiting
 */

const TRY_MS = 10_000;
const CUT_FIRST_MS = 400;
const CUT_MAX_MS = 5_000;

/** @param {number} ms @param {AbortSignal} signal ends it early */
const pause = (ms, signal) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
    signal.addEventListener('abort', resolve, { once: true });
  });

/** @param {Response} answer @returns {Promise<any>} */
const bodyOf = (answer) => answer.json().catch(() => ({}));

/**
 * @param {string} campaignId
 * @param {string} key
 * @param {AbortSignal} signal gives up: nobody wants the answer any more
 * @param {(waiting: Waiting) => void} onWait told before each wait, with when the next try is due (performance clock)
 * @returns {Promise<Answer | null>} null when given up
 */
export async function press(campaignId, key, signal, onWait) {
  for (let cuts = 0; !signal.aborted; ) {
    const answer = await send(campaignId, key, signal);
    if (signal.aborted) return null;
    if (answer === null) {
      const ms = spread(Math.min(CUT_MAX_MS, CUT_FIRST_MS * 2 ** cuts++));
      onWait({ why: 'cut', untilMs: performance.now() + ms });
      await pause(ms, signal);
      continue;
    }
    const body = await bodyOf(answer);
    if (answer.status === 200 || answer.status === 201) return { verdict: body.verdict, claim: body.claim };
    if (answer.status < 500 && answer.status !== 429 && answer.status !== 202) {
      return { verdict: 'refused', problem: { ...body, code: body.code ?? `http_${answer.status}` } };
    }
    const ms = spread(1_000 * (Number(answer.headers.get('retry-after')) || 1));
    onWait({ why: body.code === 'gate_rebuilding' ? 'rebuilding' : 'busy', untilMs: performance.now() + ms });
    await pause(ms, signal);
  }
  return null;
}

/** Never sooner than asked for, and not everybody at once. @param {number} ms */
const spread = (ms) => ms * (1 + Math.random() * 0.25);

/** @param {string} campaignId @param {string} key @param {AbortSignal} signal */
async function send(campaignId, key, signal) {
  const user = who.userId();
  try {
    return await fetch(`/v1/campaigns/${encodeURIComponent(campaignId)}/claims`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key, ...who.headers() },
      body: JSON.stringify(user === null ? {} : { userId: user }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TRY_MS)]),
    });
  } catch {
    return null;
  }
}

/**
 * What this person holds already.
 * @param {string} campaignId
 * @returns {Promise<Claim | 'none' | 'signin' | 'bad_user' | null>} null when it cannot be told now
 */
export async function myClaim(campaignId) {
  try {
    const path = `/v1/campaigns/${encodeURIComponent(campaignId)}/claims/me${who.query()}`;
    const answer = await fetch(path, { headers: who.headers(), cache: 'no-store' });
    const body = await bodyOf(answer);
    if (answer.ok) return body.claim ?? 'none';
    if (answer.status === 401) return 'signin';
    if (answer.status === 400) return 'bad_user';
    return answer.status === 404 ? 'none' : null;
  } catch {
    return null;
  }
}
