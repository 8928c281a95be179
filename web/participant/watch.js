// @ts-check
/**
 * One campaign as one person sees it: keeps what is known, presses, follows what goes on, and tells after each change.
 * It draws nothing, so the page and the button for other pages share it.
 */

import { confirm, leave, myClaim, press, verdictOf } from './claim.js';
import { clockAge, hasDrifted, hintClock, readClock, serverNow } from './clock.js';
import { askLater, follow } from './live.js';
import { aheadOf, stateOf } from './states.js';
import * as who from './who.js';

/** @typedef {import('./live.js').Campaign} Campaign @typedef {import('./claim.js').Problem} Problem
 * @typedef {import('./claim.js').Pending} Pending @typedef {import('./claim.js').Claim} Claim
 * @typedef {import('./states.js').State} State @typedef {import('./states.js').Sight} Sight */

const CLOCK_FIRST_MS = 200;
const CLOCK_AGAIN_MS = 60_000;
/** So soon before the opening the clock is read once more. */
const CLOSE_MS = 10_000;
/** A press that came early by the server's clock is sent again no sooner than this. */
const EARLY_MS = 40;
const LOOK_AGAIN_MS = 500;
/** News older than this are asked for again when somebody looks. */
const STALE_MS = 20_000;
/** How far this page's idea of the server's clock may be off. */
const CLOCK_SLACK_MS = 500;
/** How soon a code that comes later is asked for, and how seldom in the end. */
const CODE_FIRST_MS = 2_000;
const CODE_MAX_MS = 60_000;

/** What is known of somebody's own try before anything is. */
const NOTHING = { mine: null, asking: null, place: null, left: null, refused: null, signin: false };

export class Watch {
  /** @type {Sight} what is known of the world */
  sight = { campaign: null, missing: false, ...NOTHING, armed: false, reached: true, now: serverNow() };
  /** the name was not one that the server takes */
  badUser = false;
  /** when news came last, on the performance clock */
  seenAt = performance.now();
  /** When this page pressed, by the server's clock: what was won since then was won by this press. */
  askedAt = Number.POSITIVE_INFINITY;
  /** which part of the operator's spread is this page's, 0 … 1 */
  lot = Math.random();
  timer = 0;
  clockTimer = 0;
  codeTimer = 0;
  giveUp = new AbortController();
  unfollow = () => {};

  /**
   * @param {string} id the campaign
   * @param {(state: State, sight: Sight) => void} changed told after each change, and when a figure is due
   */
  constructor(id, changed) {
    this.id = id;
    this.changed = changed;
  }

  /** @param {typeof addEventListener} hear of the window; whoever stops this before its page ends brings another */
  start(hear = addEventListener) {
    hear('offline', () => this.onReach(false));
    hear('online', () => this.followAnew());
    hear('visibilitychange', () => this.onSight());
    // A page that is put aside whole keeps no connection; it takes up where it was when it comes back.
    hear('pagehide', () => this.unfollow());
    hear('pageshow', ({ persisted }) => persisted && this.onReturn());
    hear('storage', ({ key }) => who.isOfPress(this.id, key) && this.onOtherTab());
    this.clockTimer = setInterval(() => void this.setClock(), CLOCK_AGAIN_MS);
    // The campaign tells the time too, and is what the page waits for.
    setTimeout(() => void this.setClock(), CLOCK_FIRST_MS);
    void this.begin();
  }

  async setClock() {
    await readClock();
    this.turn();
  }

  /** When an armed page presses: not all of them in the same millisecond. @param {number} opensAt epoch ms */
  pressAt(opensAt) {
    return opensAt + this.lot * (this.sight.campaign?.pressSpreadMs ?? 0);
  }

  /** Tells how it stands, presses when the time has come, and comes back when the next figure is due. */
  turn() {
    clearTimeout(this.timer);
    const { sight } = this;
    sight.now = serverNow();
    const opensAt = sight.campaign?.opensAt ? Date.parse(sight.campaign.opensAt) : null;
    const isDue = opensAt !== null && sight.now >= this.pressAt(opensAt);
    if (sight.armed && isDue && !sight.asking) return void this.ask();
    const state = stateOf(sight);
    this.changed(state, sight);
    const nextMs = this.nextTurn(state, opensAt);
    if (nextMs !== null) this.timer = setTimeout(() => this.turn(), nextMs);
  }

  /** ms until a figure changes by itself; null: never. @param {State} state @param {number | null} opensAt */
  nextTurn(state, opensAt) {
    const { sight } = this;
    if (state === 'opening' && opensAt !== null) return Math.max(4, this.pressAt(opensAt) - sight.now);
    const left = (state === 'turn' ? Date.parse(sight.place?.confirmBy ?? '') : (opensAt ?? 0)) - sight.now;
    if (left > 0 && !sight.mine) {
      const isClose = left < CLOSE_MS && clockAge() > CLOSE_MS;
      if (isClose || hasDrifted()) void this.setClock();
      return Math.max(4, (left % 1000) + 1);
    }
    return state === 'retrying' || state === 'offline' ? LOOK_AGAIN_MS : null;
  }

  /** Starts over for whoever is pressing now. */
  async begin() {
    const { id, sight } = this;
    this.giveUp.abort();
    clearTimeout(this.codeTimer);
    Object.assign(sight, NOTHING);
    const kept = who.isKnown() ? who.keptPress(id) : null;
    sight.armed = kept?.mark === 'armed';
    this.followAnew();
    this.turn();
    if (!who.isKnown()) return;
    const mine = await myClaim(id);
    if (sight.asking || sight.mine) return;
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
    if (performance.now() - this.seenAt > STALE_MS) this.followAnew();
  }

  onReturn() {
    void this.setClock();
    if (this.sight.asking || this.sight.mine) this.followAnew();
    else void this.begin();
  }

  /** What this tab asks for itself it hears itself. */
  onOtherTab() {
    if (!this.sight.asking && !this.sight.mine) void this.begin();
  }

  /** @param {Partial<Campaign>} news from the stream or from asking */
  onCampaign(news) {
    const known = this.sight.campaign;
    hintClock(news.serverTime);
    this.seenAt = performance.now();
    // What was on its way when the connection went is news, and no connection.
    this.sight.reached = navigator.onLine;
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
   * @param {{ claim?: Claim, verdict: string, reason?: string }} told
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

  /**
   * How the press stands. Answers may overtake each other: how many are ahead never grows again.
   * @param {Pending} pending
   */
  stand(pending) {
    const { sight } = this;
    const before = sight.place;
    const serving = pending.servingNumber;
    if (before && before.position === pending.position && typeof pending.ahead === 'number') {
      const last = aheadOf(before, sight.campaign?.servingNumber ?? 0);
      sight.place = { ...pending, ahead: Math.min(pending.ahead, last ?? pending.ahead) };
    } else sight.place = pending;
    if (serving !== undefined && serving >= (sight.campaign?.servingNumber ?? 0)) {
      this.onCampaign({ servingNumber: serving });
    }
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
    this.seenAt = performance.now();
    sight.reached = true;
    if (answer.verdict === 'refused') this.refuse(answer.problem);
    else this.hold(answer.claim, answer.verdict === 'won' || this.sight.mine?.fresh === true);
    this.turn();
  }

  /** @param {Claim} claim @param {boolean} fresh won just now, on this page */
  hold(claim, fresh) {
    who.keepPress(this.id, 'answered');
    const known = this.sight.mine;
    // What was told with the win may know less than what was asked for since.
    const same = known?.claim.id === claim.id ? { ...known.claim, ...claim } : claim;
    Object.assign(this.sight, {
      armed: false,
      asking: null,
      place: null,
      mine: { claim: same, fresh: fresh || known?.fresh === true, later: known?.later ?? false },
    });
    if (known === null) this.askForMore(CODE_FIRST_MS);
  }

  /** What the first answer does not say: until when it is good, and a code that comes later. @param {number} ms */
  askForMore(ms) {
    clearTimeout(this.codeTimer);
    const { mine } = this.sight;
    const isWhole = mine && (mine.claim.code !== null || mine.claim.status !== 'won');
    if (!mine || (isWhole && mine.claim.expiresAt !== undefined)) return;
    this.codeTimer = setTimeout(
      async () => {
        const told = await myClaim(this.id);
        if (this.sight.mine !== null && told !== null && typeof told === 'object' && 'seq' in told) {
          this.hold(told, false);
          this.sight.mine.later = told.code === null && told.status === 'won';
          this.turn();
          if (!this.sight.mine.later) return;
        }
        this.askForMore(Math.min(CODE_MAX_MS, ms * 2));
      },
      ms * (1 + Math.random()),
    );
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

  /** The one button, whatever it means now. */
  act() {
    const { id, sight } = this;
    const state = stateOf(sight);
    if (state === 'open' || state === 'left') return void this.ask();
    if (state === 'turn') return void confirm(id, who.keepPress(id, 'pending'));
    if (state === 'scheduled' && sight.campaign?.line?.shuffle) return void this.ask();
    if (state !== 'scheduled' && state !== 'armed') return;
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

  /** @param {string | null} name who presses from now on */
  become(name) {
    this.badUser = false;
    who.setUserId(name);
    void this.begin();
  }

  forgetUser() {
    who.setUserId(null);
    this.badUser = true;
  }
}
