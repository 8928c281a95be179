// @ts-check
/** One campaign's page: keeps what is known, presses, follows what goes on, and draws after each change. */

import { draw, part } from './campaign-view.js';
import { confirm, leave, myClaim, press, verdictOf } from './claim.js';
import { hintClock, readClock, serverNow } from './clock.js';
import { askLater, follow } from './live.js';
import { stateOf } from './states.js';
import * as who from './who.js';

/** @typedef {import('./live.js').Campaign} Campaign @typedef {import('./claim.js').Problem} Problem
 * @typedef {import('./claim.js').Pending} Pending */

const CLOCK_AGAIN_MS = 60_000;
/** A press that came early by the server's clock is sent again no sooner than this. */
const EARLY_MS = 40;
const COPIED_MS = 2_000;
const LOOK_AGAIN_MS = 500;
/** News older than this are asked for again when somebody looks. */
const STALE_MS = 20_000;
/** How far this page's idea of the server's clock may be off. */
const CLOCK_SLACK_MS = 500;

export class CampaignPage {
  /** What is known of the world. */
  sight = /** @type {import('./states.js').Sight} */ ({
    campaign: null,
    missing: false,
    mine: null,
    asking: null,
    place: null,
    left: null,
    refused: null,
    armed: false,
    reached: true,
    signin: false,
    now: serverNow(),
  });
  /** What only the drawing needs. */
  page = { copied: false, badUser: false, seenAt: performance.now() };
  /** When this page pressed, by the server's clock: what was won since then was won by this press. */
  askedAt = Number.POSITIVE_INFINITY;
  timer = 0;
  giveUp = new AbortController();
  unfollow = () => {};

  /** @param {string} id the campaign in the address */
  constructor(id) {
    this.id = id;
    part('act').addEventListener('click', () => this.act());
    part('who-form').addEventListener('submit', (event) => this.save(event));
    part('me-change').addEventListener('click', () => this.change());
    addEventListener('offline', () => this.onReach(false));
    addEventListener('online', () => this.followAnew());
    document.addEventListener('visibilitychange', () => this.onSight());
    setInterval(() => void this.setClock(), CLOCK_AGAIN_MS);
    void this.setClock();
    void this.begin();
    part('campaign').hidden = false;
  }

  async setClock() {
    await readClock();
    this.turn();
  }

  /** Draws, presses when the time has come, and comes back when the next figure is due. */
  turn() {
    clearTimeout(this.timer);
    const { sight } = this;
    sight.now = serverNow();
    const opensAt = sight.campaign?.opensAt ? Date.parse(sight.campaign.opensAt) : null;
    if (sight.armed && opensAt !== null && sight.now >= opensAt && !sight.asking) return void this.ask();
    const state = stateOf(sight);
    draw(state, sight, this.page);
    const left = opensAt === null ? 0 : opensAt - sight.now;
    const again = () => this.turn();
    if (left > 0 && !sight.mine) this.timer = setTimeout(again, Math.max(4, (left % 1000) + 1));
    else if (state === 'retrying' || state === 'offline') this.timer = setTimeout(again, LOOK_AGAIN_MS);
  }

  /** Starts over for whoever is pressing now. */
  async begin() {
    const { id, sight } = this;
    this.giveUp.abort();
    Object.assign(sight, { mine: null, asking: null, place: null, left: null, refused: null, signin: false });
    const kept = who.isKnown() ? who.keptPress(id) : null;
    sight.armed = kept?.mark === 'armed';
    this.followAnew();
    this.turn();
    if (!who.isKnown()) return;
    const mine = await myClaim(id);
    if (mine === 'signin') sight.signin = true;
    else if (mine === 'bad_user') this.forgetUser();
    else if (mine !== null && typeof mine === 'object' && 'verdict' in mine) void this.ask(mine);
    else if (mine !== null && mine !== 'none') this.hold(mine, false);
    else if (kept?.mark === 'pending') void this.ask();
    this.turn();
  }

  /** A stream that was open before the connection went, or the page slept, may look open and be dead. */
  followAnew() {
    this.unfollow();
    this.unfollow = follow(this.id, this);
  }

  onSight() {
    if (document.visibilityState !== 'visible') return;
    void this.setClock();
    if (performance.now() - this.page.seenAt > STALE_MS) this.followAnew();
  }

  /** @param {Partial<Campaign>} news from the stream or from asking */
  onCampaign(news) {
    const known = this.sight.campaign;
    hintClock(news.serverTime);
    this.page.seenAt = performance.now();
    this.sight.reached = true;
    if (known === null && news.name === undefined) return;
    this.sight.campaign = /** @type {Campaign} */ ({ ...known, ...news });
    const justSoldOut = known !== null && known.status !== 'sold_out' && news.status === 'sold_out';
    if (justSoldOut && !news.lastWonAt) askLater(this.id, this);
    this.turn();
  }

  onMissing() {
    this.sight.missing = true;
    this.turn();
  }

  /** @param {boolean} reached */
  onReach(reached) {
    this.sight.reached = reached && navigator.onLine;
    this.turn();
  }

  /**
   * The stream may tell of a verdict before the answer does.
   * @param {{ claim?: import('./claim.js').Claim, verdict: string, reason?: string }} told
   */
  onVerdict(told) {
    const { claim, verdict } = told;
    if (claim) this.hold(claim, Date.parse(claim.wonAt) >= this.askedAt - CLOCK_SLACK_MS);
    else if (!this.sight.asking) return;
    else if (verdict === 'pending') this.stand(/** @type {any} */ (told));
    else {
      this.giveUp.abort();
      this.refuse({ ...told, code: verdict });
    }
    this.turn();
  }

  /** @param {Pending} pending how the press stands; one that has no place in a line is only waited for */
  stand(pending) {
    this.sight.place = pending.position === undefined ? null : pending;
    if (pending.servingNumber !== undefined) this.onCampaign({ servingNumber: pending.servingNumber });
    this.turn();
  }

  /** @param {Pending} [known] a try that waits already: nothing is pressed, its verdict is waited for */
  async ask(known) {
    const { id, sight } = this;
    if (sight.asking || sight.mine) return;
    Object.assign(sight, { armed: false, refused: null, place: null, left: null, asking: { waiting: null } });
    this.askedAt = serverNow();
    const key = who.keepPress(id, 'pending');
    this.giveUp = new AbortController();
    const { signal } = this.giveUp;
    this.turn();
    const stand = (/** @type {Pending} */ pending) => this.stand(pending);
    const wait = (/** @type {import('./claim.js').Waiting} */ waiting) => {
      sight.asking = { waiting };
      this.turn();
    };
    const answer = await (known ? verdictOf(id, known, signal, stand) : press(id, key, signal, wait, stand));
    if (answer === null) return;
    this.page.seenAt = performance.now();
    sight.reached = true;
    if (answer.verdict === 'refused') this.refuse(answer.problem);
    else this.hold(answer.claim, answer.verdict === 'won' || this.sight.mine?.fresh === true);
    this.turn();
  }

  /** @param {import('./claim.js').Claim} claim @param {boolean} fresh won just now, on this page */
  hold(claim, fresh) {
    who.keepPress(this.id, 'answered');
    Object.assign(this.sight, { armed: false, asking: null, place: null, mine: { claim, fresh } });
  }

  /** @param {Problem} problem */
  refuse(problem) {
    const { code, reason } = problem;
    Object.assign(this.sight, { asking: null, place: null });
    if (code === 'not_open') return this.comeBack(problem);
    who.keepPress(this.id, 'answered');
    if (reason === 'left' || reason === 'expired' || code === 'no_claim') {
      this.sight.left = reason === 'expired' ? 'expired' : 'left';
      return;
    }
    if (code === 'unauthenticated' || code === 'token_expired') this.sight.signin = true;
    else if (code === 'campaign_not_found') this.sight.missing = true;
    else if (code === 'invalid_user_id') this.forgetUser();
    else if (code === 'sold_out') this.onCampaign({ status: code, remaining: 0 });
    else if (code === 'paused' || code === 'closed') this.onCampaign({ status: code });
    else this.sight.refused = problem;
  }

  /** Pressed before the opening: no harm done, pressed again when the server's clock says so. @param {Problem} problem */
  comeBack({ opensAt, serverTime }) {
    const { id, sight } = this;
    who.keepPress(id, opensAt ? 'armed' : 'answered');
    this.onCampaign({ opensAt: opensAt ?? null, status: opensAt ? 'scheduled' : 'draft' });
    if (!opensAt || !serverTime) return;
    sight.armed = true;
    if (sight.now < Date.parse(opensAt)) return;
    // This page's clock is ahead: wait what is left by the server's own figures.
    sight.asking = { waiting: null };
    const leftMs = Date.parse(opensAt) - Date.parse(serverTime);
    setTimeout(
      () => {
        sight.asking = null;
        this.turn();
      },
      Math.max(EARLY_MS, leftMs),
    );
  }

  act() {
    const { id, sight } = this;
    const state = stateOf(sight);
    if (sight.mine) return void this.copy();
    if (state === 'open' || state === 'left') return void this.ask();
    if (state === 'waiting') return void this.leave();
    if (state === 'turn') return void confirm(id, who.keepPress(id, 'pending'));
    sight.armed = state === 'scheduled';
    who.keepPress(id, sight.armed ? 'armed' : 'answered');
    this.turn();
  }

  async leave() {
    if (!(await leave(this.id)) || !this.sight.asking) return;
    this.giveUp.abort();
    this.refuse({ code: 'closed', reason: 'left' });
    this.turn();
  }

  /** Selects the code too, so that there is a way left where the clipboard is closed. */
  async copy() {
    const code = part('code');
    getSelection()?.selectAllChildren(code);
    await navigator.clipboard?.writeText(code.textContent ?? '').catch(() => document.execCommand('copy'));
    this.page.copied = true;
    this.turn();
    setTimeout(() => {
      this.page.copied = false;
      this.turn();
    }, COPIED_MS);
  }

  /** @param {Event} event */
  save(event) {
    event.preventDefault();
    this.page.badUser = false;
    who.setUserId(/** @type {HTMLInputElement} */ (part('who-field')).value.trim());
    void this.begin();
  }

  change() {
    who.setUserId(null);
    void this.begin();
    part('who-field').focus();
  }

  forgetUser() {
    who.setUserId(null);
    this.page.badUser = true;
  }
}
