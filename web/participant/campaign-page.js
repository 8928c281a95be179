// @ts-check
/** One campaign's page: keeps what is known, presses, follows what goes on, and draws after each change. */

import { draw, part } from './campaign-view.js';
import { myClaim, press } from './claim.js';
import { hintClock, readClock, serverNow } from './clock.js';
import { follow } from './live.js';
import { stateOf } from './states.js';
import * as who from './who.js';

const CLOCK_AGAIN_MS = 60_000;
/** A press that came early by the server's clock is sent again no sooner than this. */
const EARLY_MS = 40;
const COPIED_MS = 2_000;

/** @param {string} id the campaign in the address */
export function campaignPage(id) {
  /** @type {import('./states.js').Sight} */
  const sight = {
    campaign: null,
    missing: false,
    mine: null,
    asking: null,
    refused: null,
    armed: false,
    reached: true,
    signin: false,
    now: serverNow(),
  };
  const page = { copied: false, badUser: false, seenAt: performance.now() };
  let unfollow = () => {};
  let giveUp = new AbortController();
  let timer = 0;

  /** Draws, presses when the time has come, and comes back when the next figure is due. */
  function turn() {
    clearTimeout(timer);
    sight.now = serverNow();
    const opensAt = sight.campaign?.opensAt ? Date.parse(sight.campaign.opensAt) : null;
    if (sight.armed && opensAt !== null && sight.now >= opensAt && !sight.asking) return void ask();
    const state = stateOf(sight);
    draw(state, sight, page);
    const left = opensAt === null ? 0 : opensAt - sight.now;
    if (left > 0 && !sight.mine) timer = setTimeout(turn, Math.max(4, (left % 1000) + 1));
    else if (state === 'retrying' || state === 'offline') timer = setTimeout(turn, 500);
  }

  /** @param {Partial<import('./live.js').Campaign>} news */
  function learn(news) {
    hintClock(news.serverTime);
    page.seenAt = performance.now();
    sight.reached = true;
    const known = sight.campaign;
    if (known === null && news.name === undefined) return;
    sight.campaign = /** @type {import('./live.js').Campaign} */ ({ ...known, ...news });
    turn();
  }

  async function ask() {
    if (sight.asking || sight.mine) return;
    sight.armed = false;
    sight.refused = null;
    sight.asking = { waiting: null };
    const key = who.keepPress(id, 'pending');
    giveUp = new AbortController();
    turn();
    const answer = await press(id, key, giveUp.signal, (waiting) => {
      sight.asking = { waiting };
      turn();
    });
    sight.asking = null;
    if (answer === null) return turn();
    page.seenAt = performance.now();
    sight.reached = true;
    if (answer.verdict === 'refused') refused(answer.problem);
    else hold(answer.claim, answer.verdict === 'won');
    turn();
  }

  /** @param {import('./claim.js').Claim} claim @param {boolean} fresh */
  function hold(claim, fresh) {
    who.keepPress(id, 'answered');
    sight.armed = false;
    // The stream may tell of a win before the answer does: what was new stays new.
    sight.mine = { claim, fresh: sight.mine?.fresh || fresh };
  }

  /** @param {import('./claim.js').Problem} problem */
  function refused(problem) {
    const { campaign } = sight;
    const { code } = problem;
    if (code === 'not_open') return early(problem);
    who.keepPress(id, 'answered');
    if (code === 'unauthenticated' || code === 'token_expired') sight.signin = true;
    else if (code === 'campaign_not_found') sight.missing = true;
    else if (code === 'invalid_user_id') badUser();
    else if (campaign && code === 'sold_out') Object.assign(campaign, { status: code, remaining: 0 });
    else if (campaign && (code === 'paused' || code === 'closed')) campaign.status = code;
    else sight.refused = problem;
  }

  /** Pressed before the opening by the server's clock: no harm done, pressed again when it says so. */
  function early(/** @type {import('./claim.js').Problem} */ { opensAt, serverTime }) {
    const { campaign } = sight;
    if (campaign) Object.assign(campaign, { opensAt: opensAt ?? null, status: opensAt ? 'scheduled' : 'draft' });
    who.keepPress(id, opensAt ? 'armed' : 'answered');
    if (!opensAt || !serverTime) return;
    sight.armed = true;
    const leftMs = Date.parse(opensAt) - Date.parse(serverTime);
    if (sight.now < Date.parse(opensAt)) return;
    // This page's clock is ahead: wait what is left by the server's own figures.
    sight.asking = { waiting: null };
    setTimeout(() => {
      sight.asking = null;
      turn();
    }, Math.max(EARLY_MS, leftMs));
  }

  function badUser() {
    who.setUserId(null);
    page.badUser = true;
  }

  /** Starts over for whoever is pressing now. */
  async function begin() {
    unfollow();
    giveUp.abort();
    Object.assign(sight, { mine: null, asking: null, refused: null, signin: false });
    const kept = who.isKnown() ? who.keptPress(id) : null;
    sight.armed = kept?.mark === 'armed';
    unfollow = follow(id, {
      onCampaign: learn,
      onMissing: () => {
        sight.missing = true;
        turn();
      },
      onReach: (reached) => {
        sight.reached = reached && navigator.onLine;
        turn();
      },
      onVerdict: (told) => {
        if (!told.claim) return;
        hold(told.claim, sight.asking !== null);
        turn();
      },
    });
    turn();
    if (!who.isKnown()) return;
    const mine = await myClaim(id);
    if (mine === 'signin') sight.signin = true;
    else if (mine === 'bad_user') badUser();
    else if (mine !== null && mine !== 'none') hold(mine, false);
    else if (kept?.mark === 'pending') void ask();
    turn();
  }

  /** Selects it too, so that there is a way left where the clipboard is closed. */
  async function copy() {
    const code = part('code');
    getSelection()?.selectAllChildren(code);
    try {
      await navigator.clipboard.writeText(code.textContent ?? '');
    } catch {
      document.execCommand('copy');
    }
    page.copied = true;
    turn();
    setTimeout(() => {
      page.copied = false;
      turn();
    }, COPIED_MS);
  }

  function act() {
    const state = stateOf(sight);
    if (sight.mine) return void copy();
    if (state === 'open') return void ask();
    sight.armed = state === 'scheduled';
    who.keepPress(id, sight.armed ? 'armed' : 'answered');
    turn();
  }

  /** @param {Event} event */
  function save(event) {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (part('who-field'));
    page.badUser = false;
    who.setUserId(field.value.trim());
    void begin();
  }

  part('act').addEventListener('click', act);
  part('who-form').addEventListener('submit', save);
  part('me-change').addEventListener('click', () => {
    who.setUserId(null);
    void begin();
    part('who-field').focus();
  });
  addEventListener('offline', () => {
    sight.reached = false;
    turn();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void readClock().then(turn);
  });
  setInterval(() => void readClock().then(turn), CLOCK_AGAIN_MS);
  void readClock().then(turn);
  void begin();
  part('campaign').hidden = false;
  return turn;
}
