// @ts-check
/** One campaign's page: what is pressed here goes to the watch, and what the watch tells is drawn here. */

import { draw } from './campaign-view.js';
import { copyText, part } from './dom.js';
import { stateOf } from './states.js';
import { Watch } from './watch.js';

const COPIED_MS = 2_000;
const AGAIN_MS = 3_000;
/** Loaded only for who has won something, or is about to press. */
const loadKept = () => import('./kept.js');
const NEARS = new Set(['armed', 'asking', 'waiting', 'turn', 'pending']);

/** @param {string} id the campaign in the address @returns {() => void} draws it anew */
export function campaignPage(id) {
  const page = { copied: false, badUser: false, seenAt: 0 };
  let loading = false;

  const watch = new Watch(id, (state, sight) => {
    Object.assign(page, { badUser: watch.badUser, seenAt: watch.seenAt });
    draw(state, sight, page);
    if (sight.mine?.claim.code) showKept();
    else {
      part('kept').replaceChildren();
      if (NEARS.has(state) && !loading) {
        loading = true;
        loadKept().catch(() => {
          loading = false;
        });
      }
    }
  });
  const redraw = () => watch.turn();

  function showKept() {
    loadKept().then(
      ({ drawKept }) => {
        const { mine, campaign } = watch.sight;
        if (mine && campaign) drawKept(part('kept'), mine.claim, campaign.name, watch.sight.now);
      },
      () => setTimeout(redraw, AGAIN_MS),
    );
  }

  function act() {
    if (watch.sight.mine) void copy();
    else if (stateOf(watch.sight) === 'waiting') /** @type {HTMLDialogElement} */ (part('leave')).showModal();
    else watch.act();
  }

  async function copy() {
    await copyText(part('code'));
    page.copied = true;
    redraw();
    setTimeout(() => {
      page.copied = false;
      redraw();
    }, COPIED_MS);
  }

  part('act').addEventListener('click', act);
  part('leave').addEventListener('close', () => {
    const dialog = /** @type {HTMLDialogElement} */ (part('leave'));
    if (dialog.returnValue === 'yes') void watch.leave();
    dialog.returnValue = '';
  });
  part('who-form').addEventListener('submit', (event) => {
    event.preventDefault();
    watch.become(/** @type {HTMLInputElement} */ (part('who-field')).value.trim());
    part('act').focus();
  });
  part('me-change').addEventListener('click', () => {
    watch.become(null);
    part('who-field').focus();
  });
  watch.start();
  return redraw;
}
