// @ts-check
/** What one person holds: each coupon as a stub with its number, its code and how it stands. */

import { serverNow } from './clock.js';
import { make, part, put } from './dom.js';
import { homeWords } from './home-words.js';
import { count, moment, zoneAt } from './language.js';
import * as who from './who.js';
import { words } from './words.js';

/** @typedef {import('./claim.js').Claim} Claim */

const AGAIN_MS = 5_000;
const SPENT = new Set(['redeemed', 'expired', 'revoked']);

export function minePage() {
  /** @type {Claim[] | null} */
  let items = null;
  /** @type {Map<string, string>} names of campaigns by their ids */
  const names = new Map();
  let takesNames = false;
  let fault = /** @type {'' | 'away' | 'signin'} */ ('');

  async function read() {
    try {
      const answer = await fetch(`/v1/me/coupons${who.query()}`, {
        headers: who.headers(),
        cache: 'no-store',
      });
      if (answer.status === 401) fault = 'signin';
      else if (answer.status === 400) nameWanted();
      else if (!answer.ok) throw new Error(String(answer.status));
      else {
        items = (await answer.json()).items;
        fault = '';
        void readNames(items ?? [], names, render);
      }
    } catch {
      fault = 'away';
      setTimeout(() => void read(), AGAIN_MS * (1 + Math.random()));
    }
    render();
  }

  /** Where a name is enough the server asks for it; where it is not it wants a token. */
  function nameWanted() {
    who.setUserId(null);
    takesNames = true;
    fault = '';
  }

  function render() {
    const w = homeWords();
    const isKnown = who.isKnown();
    document.title = `${w.mineTitle} · Dibs`;
    put('list-title', w.mineTitle);
    part('who-form').hidden = isKnown || !takesNames;
    put('who-label', w.ask);
    put('who-save', w.save);
    part('me').hidden = !isKnown;
    put('me-name', isKnown ? w.mineOf(who.displayName()) : '');
    put('me-change', who.userId() === null ? '' : w.change);
    put('list-says', fault ? w[fault] : isKnown && items?.length === 0 ? w.mineEmpty : '');
    part('rows').replaceChildren(...(isKnown ? (items ?? []) : []).map((claim) => stub(claim, names)));
  }

  part('who-form').addEventListener('submit', (event) => {
    event.preventDefault();
    who.setUserId(/** @type {HTMLInputElement} */ (part('who-field')).value.trim());
    void read();
  });
  part('me-change').addEventListener('click', () => {
    who.setUserId(null);
    items = null;
    render();
    part('who-field').focus();
  });
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void read());
  addEventListener('pageshow', ({ persisted }) => persisted && void read());
  void read();
  part('list').hidden = false;
  return render;
}

/** @param {Claim[]} items @param {Map<string, string>} names @param {() => void} told after each that was read */
async function readNames(items, names, told) {
  for (const id of new Set(items.map(({ campaignId }) => campaignId))) {
    if (names.has(id)) continue;
    const answer = await fetch(`/v1/campaigns/${encodeURIComponent(id)}`).catch(() => null);
    if (answer?.ok) names.set(id, (await answer.json()).name);
    told();
  }
}

/** @param {Claim} claim @param {Map<string, string>} names */
function stub(claim, names) {
  const w = homeWords();
  const isSpent = SPENT.has(claim.status);
  const state = isSpent ? /** @type {'expired'} */ (claim.status) : 'won';
  const item = make('li', isSpent ? 'stub spent' : 'stub');
  item.dataset.state = state;
  item.dataset.status = claim.status;
  const link = make('a', 'row-name', names.get(claim.campaignId) ?? claim.campaignId);
  link.href = `/c/${encodeURIComponent(claim.campaignId)}`;
  const number = make('p', 'stub-number', count(claim.seq));
  number.prepend(make('span', 'row-of', 'No.'));
  const isLater = claim.code === null && claim.status === 'won';
  const says = make('p', 'state');
  says.append(make('span', 'shape'), make('span', '', words().state[state]));
  const code =
    claim.code === null ? make('p', 'facts', isLater ? w.later : w.noCode) : make('p', 'code', claim.code);
  item.append(says, make('h2', 'stub-name'), number, code, make('p', 'facts', whenOf(claim)));
  item.querySelector('h2')?.append(link);
  return item;
}

/** @param {Claim} claim */
function whenOf({ status, redeemedAt, expiresAt }) {
  const w = homeWords();
  const now = serverNow();
  if (status === 'redeemed' && redeemedAt) return w.redeemed(moment(Date.parse(redeemedAt), now));
  if (!expiresAt || status === 'revoked') return '';
  const at = Date.parse(expiresAt);
  return w.until(moment(at, now), zoneAt(at));
}
