// @ts-check
/** Which state the page is in, from all that it knows. Pure: the whole table of states can be read and tried here. */

/**
 * @typedef {'loading' | 'missing' | 'draft' | 'scheduled' | 'armed' | 'opening' | 'open' | 'asking' | 'retrying' | 'won'
 *   | 'already_won' | 'redeemed' | 'expired' | 'revoked' | 'pending' | 'waiting' | 'turn' | 'left' | 'sold_out' | 'ineligible'
 *   | 'paused' | 'closed' | 'rebuilding' | 'offline' | 'signin' | 'faulty'} State
 */

/**
 * @typedef {object} Sight
 * @property {import('./live.js').Campaign | null} campaign
 * @property {boolean} missing the server knows no such campaign
 * @property {{ claim: import('./claim.js').Claim, fresh: boolean, later: boolean } | null} mine `fresh`: won on this page
 *   just now; `later`: its code comes later
 * @property {{ waiting: import('./claim.js').Waiting | null } | null} asking a press is on its way
 * @property {import('./claim.js').Pending | null} place where the press stands in line
 * @property {'left' | 'expired' | null} left why there is no place any more
 * @property {import('./claim.js').Problem | null} refused the last press was refused for good
 * @property {boolean} armed
 * @property {boolean} reached the server answered last time
 * @property {boolean} signin it wants a token
 * @property {number} now epoch ms by the server's clock
 */

/** @param {Sight} sight @returns {State} */
export function stateOf(sight) {
  if (sight.missing) return 'missing';
  if (sight.campaign === null) return sight.reached ? 'loading' : 'offline';
  if (sight.mine) return heldState(sight.mine);
  if (sight.asking && sight.place) return placeState(sight.place);
  if (sight.asking) return askingState(sight.asking.waiting);
  if (sight.signin) return 'signin';
  if (sight.refused) return sight.refused.code === 'ineligible' ? 'ineligible' : 'faulty';
  if (!sight.reached) return 'offline';
  const state = statusState(sight.campaign, sight.armed, sight.now);
  return state === 'open' && sight.left ? 'left' : state;
}

/**
 * How many still stand before somebody: as last told, less those let in since. Who has left is counted until told anew.
 * @param {import('./claim.js').Pending} place
 * @param {number} servingNumber
 */
export function aheadOf({ ahead, servingNumber: then }, servingNumber) {
  if (ahead === null || ahead === undefined) return null;
  return Math.max(0, ahead - Math.max(0, servingNumber - (then ?? 0)));
}

const SPENT = new Set(['redeemed', 'expired', 'revoked']);

/** @param {{ claim: import('./claim.js').Claim, fresh: boolean }} mine @returns {State} */
function heldState({ claim, fresh }) {
  if (SPENT.has(claim.status)) return /** @type {State} */ (claim.status);
  return fresh ? 'won' : 'already_won';
}

/** In ordered mode a try has no place: the log decides. @param {import('./claim.js').Pending} place @returns {State} */
function placeState({ position, confirmBy }) {
  if (position === undefined) return 'pending';
  return confirmBy ? 'turn' : 'waiting';
}

/** @param {import('./claim.js').Waiting | null} waiting @returns {State} */
function askingState(waiting) {
  if (waiting === null) return 'asking';
  return waiting.why === 'rebuilding' ? 'rebuilding' : 'retrying';
}

/**
 * The opening is by the clock: a campaign that was `scheduled` when last heard of is open once its time has come.
 * @param {import('./live.js').Campaign} campaign
 * @param {boolean} armed
 * @param {number} now
 * @returns {State}
 */
function statusState(campaign, armed, now) {
  const opensAt = campaign.opensAt === null ? null : Date.parse(campaign.opensAt);
  switch (campaign.status) {
    case 'paused':
      return 'paused';
    case 'sold_out':
      return 'sold_out';
    case 'closed':
    case 'archived':
      return 'closed';
    case 'scheduled':
      if (opensAt === null || now < opensAt) return armed ? 'armed' : 'scheduled';
      return armed ? 'opening' : 'open';
    case 'draft':
      return 'draft';
    default:
      return armed ? 'opening' : 'open';
  }
}

/**
 * The time left in the largest units that matter: days and a clock, a clock, minutes, or plain seconds at the end.
 * Rounded up, so that it says 1 until the moment has come.
 * @param {number} ms
 * @returns {{ figure: string, unit: 'days' | 'seconds' | null, rest: string | null }}
 */
export function timeLeft(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  const [d, h, m, s] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  if (d > 0) return { figure: String(d), unit: 'days', rest: `${two(h)}:${two(m)}:${two(s)}` };
  if (h > 0) return { figure: `${h}:${two(m)}:${two(s)}`, unit: null, rest: null };
  if (m > 0) return { figure: `${m}:${two(s)}`, unit: null, rest: null };
  return { figure: String(s), unit: 'seconds', rest: null };
}
