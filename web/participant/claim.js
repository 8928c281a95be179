// @ts-check
/**
 * One press, asked until there is an answer that counts. The same key goes with every try, so a cut connection, a
 * reload or a busy server can cost time and never a second unit or the place in the order.
 */

import * as who from './who.js';

/**
 * @typedef {{ id: string, campaignId: string, userId: string, seq: number, status: string, code: string | null, wonAt: string, expiresAt?: string, redeemedAt?: string }} Claim
 * @typedef {{ code: string, reason?: string, opensAt?: string, serverTime?: string, detail?: string }} Problem
 * @typedef {{ verdict: 'won' | 'already_won', claim: Claim } | { verdict: 'refused', problem: Problem }} Answer
 * @typedef {{ why: 'cut' | 'busy' | 'rebuilding', untilMs: number }} Waiting
 * @typedef {object} Pending a try that waits for its verdict; the places are those of a line
 * @property {'pending'} verdict
 * @property {number} retryAfterMs
 * @property {number | null} [position] null: it is drawn by lot when the campaign opens
 * @property {number} [servingNumber]
 * @property {number | null} [ahead]
 * @property {number | null} [estimatedWaitMs]
 * @property {string} [confirmBy] let in: press once more until then
 */

const TRY_MS = 10_000;
const ASK_MS = 1_000;
const CUT_FIRST_MS = 400;
const CUT_MAX_MS = 5_000;

/** @param {number} ms @param {AbortSignal} signal ends it early */
const pause = (ms, signal) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
    signal.addEventListener('abort', resolve, { once: true });
  });

/** Null when it was cut on the way: then the answer is not known. @param {Response} answer @returns {Promise<any>} */
const bodyOf = (answer) => answer.json().catch(() => (answer.ok ? null : {}));

/**
 * @param {string} campaignId
 * @param {string} key
 * @param {AbortSignal} signal gives up: nobody wants the answer any more
 * @param {(waiting: Waiting) => void} onWait told before each wait, with when the next try is due (performance clock)
 * @param {(pending: Pending) => void} onPending told how it stands, while it waits for its verdict
 * @returns {Promise<Answer | null>} null when given up
 */
export async function press(campaignId, key, signal, onWait, onPending) {
  for (let cuts = 0; !signal.aborted; ) {
    const answer = await send(campaignId, key, signal);
    const body = answer && (await bodyOf(answer));
    if (signal.aborted) return null;
    if (answer === null || body === null) {
      const ms = spread(Math.min(CUT_MAX_MS, CUT_FIRST_MS * 2 ** cuts++));
      onWait({ why: 'cut', untilMs: performance.now() + ms });
      await pause(ms, signal);
      continue;
    }
    if (answer.status === 200 || answer.status === 201) return { verdict: body.verdict, claim: body.claim };
    if (answer.status === 202) return verdictOf(campaignId, body, signal, onPending);
    if (answer.status < 500 && answer.status !== 429) {
      return { verdict: 'refused', problem: { ...body, code: body.code ?? `http_${answer.status}` } };
    }
    const ms = spread(1_000 * (Number(answer.headers.get('retry-after')) || 1));
    onWait({ why: body.code === 'gate_rebuilding' ? 'rebuilding' : 'busy', untilMs: performance.now() + ms });
    await pause(ms, signal);
  }
  return null;
}

/**
 * Asks how a try stands until it has its verdict. Nothing is pressed again: in a line that could be a second word.
 * @param {string} campaignId
 * @param {Pending} pending
 * @param {AbortSignal} signal
 * @param {(pending: Pending) => void} onPending
 * @returns {Promise<Answer | null>} null when given up
 */
export async function verdictOf(campaignId, pending, signal, onPending) {
  onPending(pending);
  for (let ms = pending.retryAfterMs; !signal.aborted; ) {
    await pause(spread(ms), signal);
    if (signal.aborted) return null;
    const answer = await standing(campaignId);
    ms = 1_000 * (Number(answer?.headers.get('retry-after')) || 0) || ASK_MS;
    if (answer === null || answer.status >= 500 || answer.status === 429) continue;
    const body = await bodyOf(answer);
    if (signal.aborted) return null;
    if (body === null) continue;
    if (body.claim) return { verdict: 'won', claim: body.claim };
    if (body.verdict !== 'pending') {
      return {
        verdict: 'refused',
        problem: { ...body, code: body.verdict ?? body.code ?? `http_${answer.status}` },
      };
    }
    onPending(body);
    ms = body.retryAfterMs;
  }
  return null;
}

/** Leaves the line. @param {string} campaignId @returns {Promise<boolean>} whether it is left */
export async function leave(campaignId) {
  try {
    const answer = await fetch(minePath(campaignId), { method: 'DELETE', headers: who.headers() });
    return answer.ok || answer.status === 404;
  } catch {
    return false;
  }
}

/** Says once more that one is there, in a campaign that asks for it. @param {string} campaignId @param {string} key */
export const confirm = (campaignId, key) => send(campaignId, key, new AbortController().signal);

/** @param {string} campaignId */
const minePath = (campaignId) => `${claimsPath(campaignId)}/me${who.query()}`;

/** @param {string} campaignId */
const claimsPath = (campaignId) => who.api(`/v1/campaigns/${encodeURIComponent(campaignId)}/claims`);

/** @param {string} campaignId */
const standing = (campaignId) =>
  fetch(minePath(campaignId), { headers: who.headers(), cache: 'no-store' }).catch(() => null);

/** Never sooner than asked for, and not everybody at once. @param {number} ms */
const spread = (ms) => ms * (1 + Math.random() * 0.25);

/** @param {string} campaignId @param {string} key @param {AbortSignal} signal */
async function send(campaignId, key, signal) {
  const user = who.userId();
  try {
    return await fetch(claimsPath(campaignId), {
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
 * What this person holds already, or how his try stands.
 * @param {string} campaignId
 * @returns {Promise<Claim | Pending | 'none' | 'signin' | 'bad_user' | null>} null when it cannot be told now
 */
export async function myClaim(campaignId) {
  const answer = await standing(campaignId);
  if (answer === null) return null;
  const body = await bodyOf(answer);
  if (body === null) return null;
  if (answer.ok) return body.claim ?? (body.verdict === 'pending' ? body : 'none');
  if (answer.status === 401) return 'signin';
  if (answer.status === 400) return 'bad_user';
  return answer.status === 404 ? 'none' : null;
}
